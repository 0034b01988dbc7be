"""What tests of the console's pages share: logging in, and a look at a page in light, dark and on a phone."""

from __future__ import annotations

from tests.browser.browser import Tab


def log_in(tab: Tab, name: str, secret: str) -> None:
    """As somebody."""
    tab.goto("/ui/login")
    tab.fill("#name", name)
    tab.fill("#password", secret)
    tab.go("button.main")


def says(text: str) -> str:
    """The link or the button that says it."""
    return f'main :is(a, button):text-is("{text}")'


def look(tab: Tab, name: str) -> None:
    """A page is as it should be, on a screen and on a phone, in the light and in the dark."""
    for suffix, dark, width in (("", False, 1280), ("-dark", True, 1280), ("-phone", False, 375)):
        tab.dark(dark)
        tab.set_viewport(width, 800)
        tab.evaluate("document.getAnimations().forEach(each => each.finish())")  # colours take a moment to change
        tab.screenshot(f"{name}{suffix}")
        assert tab.axe() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.dark(False)
    tab.set_viewport(1280, 800)
