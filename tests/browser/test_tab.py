"""What a tab can do and tells, on a small site: what page tests rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.browser import BrowserError, Tab
from tests.browser.cable import cable_to
from tests.browser.small_site import SCRIPT_OCTETS, Site, small_site

Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with small_site() as site:
        yield site


def test_a_form_leads_to_a_new_page(open_tab: Open, site: Site, tmp_path: Path) -> None:
    """`go` comes back when the page behind the redirect is there, though the old one has such an element, too."""
    tab = open_tab(site.base)
    tab.goto("/")
    tab.fill("input[name=name]", "Ελένη")
    tab.select("select", "Beta")
    tab.check("input[name=sure]")
    (tmp_path / "list.csv").write_text("306900000001\n")
    tab.upload("input[type=file]", tmp_path / "list.csv")
    assert tab.value("input[name=name]") == "Ελένη"
    tab.go("text=Send")
    assert tab.text("h1") == "After"
    assert tab.url == f"{site.base}/done"
    assert all(part in site.posted[-1] for part in ("Ελένη", 'name="kind"\r\n\r\nb\r\n', "306900000001", 'name="sure"'))
    tab.back()
    assert tab.text("h1") == "Before"


def test_a_part_is_replaced(open_tab: Open, site: Site) -> None:
    """`going` waits for what a script asks for, with the keyboard too."""
    tab = open_tab(site.base)
    tab.goto("/")
    with tab.going():
        tab.press("Enter", "#more")
    tab.wait_for("#part", "new")
    tab.wait_gone("#part", "old")
    assert (tab.count("button"), tab.visible("#part"), tab.visible("#nothing")) == (3, True, False)


def test_htmx_has_put_it_there(open_tab: Open, site: Site) -> None:
    """After `go` a part is the new one, and a page whose links and forms htmx takes over, too."""
    tab = open_tab(site.base)
    tab.goto("/htmx")
    tab.go("text=More")
    assert tab.text("#part") == "new"
    tab.go("text=Send")
    assert (tab.text("h1"), tab.url) == ("After", f"{site.base}/done")


def test_the_clipboard(open_tab: Open, site: Site) -> None:
    """A page may write it; a test may read it."""
    tab = open_tab(site.base)
    tab.goto("/")
    assert (
        tab.evaluate("navigator.clipboard.writeText('copied').then(() => navigator.clipboard.readText())") == "copied"
    )


def test_confirmations_are_accepted(open_tab: Open, site: Site) -> None:
    """And told, and are no problem."""
    tab = open_tab(site.base)
    tab.goto("/")
    tab.click("#delete")
    assert (tab.text("#part"), tab.dialogs(), tab.problems()) == ("deleted", ["confirm: Delete it?"], [])


def test_files_come_down(open_tab: Open, site: Site) -> None:
    """With their names; the page stays where it is."""
    tab = open_tab(site.base)
    tab.goto("/")
    assert tab.download("#export") == ("numbers.csv", b"a,b\n")
    tab.go("#export")
    assert (tab.text("h1"), tab.problems()) == ("Before", [])


def test_cookies_are_a_tabs_own(open_tab: Open, site: Site) -> None:
    """Each tab is somebody else's."""
    one, other = open_tab(site.base), open_tab(site.base)
    one.goto("/")
    assert (one.cookies()["seen"]["value"], one.cookies()["seen"]["httpOnly"]) == ("yes", True)
    assert other.cookies() == {}
    one.clear_cookies()
    assert one.cookies() == {}


@pytest.mark.parametrize("from_the_start", [True, False])
def test_without_scripts(open_tab: Open, site: Site, from_the_start: bool) -> None:
    """Scripts are not run, and what is said for that case is shown; forms work."""
    tab = open_tab(site.base, javascript=not from_the_start)
    tab.javascript(False)
    tab.goto("/")
    assert tab.text("#plain") == "No scripts"
    tab.click("#delete")
    assert tab.dialogs() == []
    tab.go("text=Send")
    assert tab.text("h1") == "After"
    tab.javascript(True)
    tab.goto("/")
    assert tab.count("#plain") == 0


def test_slow_scripts(open_tab: Open, site: Site) -> None:
    """The script takes that long to come."""
    tab = open_tab(site.base)
    tab.slow_scripts(300)
    tab.goto("/")
    script = "performance.getEntriesByType('resource').find(entry => entry.name.endsWith('script.js'))"
    assert tab.evaluate(f"{script}.duration") >= 290


def test_a_stream_does_not_come(open_tab: Open, site: Site) -> None:
    """Where its URL is blocked, or all are; and it comes when it is let through."""
    tab = open_tab(site.base)
    tab.block("**/events")
    tab.goto("/stream")
    tab.wait_for("#state", "cut")
    tab.unblock("**/events")
    tab.wait_for("#state", "open")
    assert [request.kind for request in tab.requests()][:2] == ["document", "eventsource"]
    assert f"GET {site.base}/events: net::ERR_CONNECTION_RESET" in tab.failed_requests()
    tab.offline(True)
    with pytest.raises(BrowserError, match="ERR_INTERNET_DISCONNECTED"):
        tab.goto("/stream")
    tab.offline(False)
    tab.leave()
    tab.forget()


def test_an_open_stream_is_cut(open_tab: Open, site: Site) -> None:
    """By the cable, for a moment or for good."""
    with cable_to(site.server_address[1]) as cable:
        tab = open_tab(cable.base)
        tab.goto("/stream")
        tab.wait_for("#state", "open")
        cable.cut()
        tab.wait_for("#state", "cut")
        cable.mend()
        tab.wait_for("#state", "open")
        tab.block("**/events")
        cable.drop()
        tab.wait_for("#state", "cut")
        tab.goto("/done")
        assert tab.text("h1") == "After"
        tab.forget()


def test_what_is_wrong_is_told(open_tab: Open, site: Site) -> None:
    """The console, exceptions, the policy, answers that are errors, alerts; axe finds the picture without a text."""
    tab = open_tab(site.base)
    tab.goto("/wrong")
    said = "\n".join(tab.console_errors())
    assert all(part in said for part in ("said", "Error: thrown", "Content Security Policy"))
    assert f"GET {site.base}/not-there.png: 404" in tab.failed_requests()
    assert "alert: xss" in tab.problems()
    [violation] = [violation for violation in tab.axe() if violation.rule == "image-alt"]
    assert (violation.impact, len(violation.places)) == ("critical", 1)
    assert len(tab.axe("minor")) > len(tab.axe())
    tab.forget()
    assert tab.problems() == []


def test_octets_and_paint(open_tab: Open, site: Site) -> None:
    """What was loaded, and when there was something to see."""
    tab = open_tab(site.base)
    tab.goto("/")
    script = next(request for request in tab.requests() if request.kind == "script")
    assert (script.method, script.status, script.url) == ("GET", 200, f"{site.base}/script.js")
    assert SCRIPT_OCTETS < script.received < SCRIPT_OCTETS + 1000
    assert tab.first_paint_ms() > 0


def test_looks(open_tab: Open, site: Site) -> None:
    """Dark, narrow, in a language; a picture of it."""
    tab = open_tab(site.base, language="el", dark=True)
    tab.goto("/")
    dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    assert (tab.evaluate("navigator.language"), tab.evaluate(dark)) == ("el", True)
    tab.dark(False)
    tab.set_viewport(360, 640)
    assert (tab.evaluate("innerWidth"), tab.evaluate(dark)) == (360, False)
    assert tab.screenshot("small-site").read_bytes().startswith(b"\x89PNG")


def test_an_error_says_where(open_tab: Open, site: Site) -> None:
    """What is missing, ambiguous or not asked for, and the page."""
    tab = open_tab(site.base)
    tab.goto("/")
    tab.set_patience(0.2)
    for ask in (lambda: tab.text("#nothing"), lambda: tab.click("button"), lambda: tab.go("h1")):
        with pytest.raises(BrowserError, match=f"at {site.base}/$"):
            ask()


def test_nothing_comes_from_the_internet(open_tab: Open) -> None:
    """Other hosts than this have no address."""
    tab = open_tab()
    with pytest.raises(BrowserError, match="ERR_NAME_NOT_RESOLVED"):
        tab.goto("http://sms.example/")
    tab.forget()
