"""A browser and its tabs, as page tests use them. What does not come within `PATIENCE_S` is a failure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.browser.driver import BrowserError, CannotStart, Driver

__all__ = ["PATIENCE_S", "Browser", "BrowserError", "CannotStart", "Request", "Tab", "Violation"]

PATIENCE_S = 90.0
_IMPACTS = ("minor", "moderate", "serious", "critical")


class Violation(NamedTuple):
    """What axe found wrong with a page."""

    rule: str
    impact: str  #: minor, moderate, serious, critical
    help: str
    places: list[str]  #: selector and HTML of each element


class Request(NamedTuple):
    """A request that a page made."""

    method: str
    url: str
    kind: str  #: document, script, stylesheet, fetch, xhr, eventsource ...
    status: int  #: 0 while it has no answer
    received: int  #: octets as they came over the wire, headers too; 0 for streams and for what is not finished
    failure: str


class Browser:
    """Chromium, once for a test process. Raises CannotStart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.driver = Driver(directory, PATIENCE_S)
        self._numbers = itertools.count(1)

    @property
    def chromium(self) -> str:
        """Which one it is: its path and its version."""
        return str(self.driver.chromium)

    def tab(
        self,
        shots: Path,
        base: str = "",
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        language: str = "en",
        javascript: bool = True,
    ) -> Tab:
        """A tab with cookies and a cache of its own. Paths are relative to `base`; screenshots go to `shots`.

        A browser that has crashed, or was killed in a test, is started anew.
        """
        if not self.driver.running:
            self.driver.close()
            self.driver = Driver(self._directory, PATIENCE_S)
        tab = Tab(self.driver, f"tab{next(self._numbers)}", shots)
        size = {"width": width, "height": height}
        tab.ask("open", base=base, dark=dark, language=language, javascript=javascript, **size)
        return tab

    def close(self) -> None:
        """End it and all tabs."""
        self.driver.close()


class Tab:
    """A page. Selectors are CSS or Playwright's ('text=Save', 'role=button[name="Save"]') and must match one element.

    Doing and reading wait until the element is there (`count`, `texts`, `visible` do not); all raise BrowserError.
    After what leads to another page or has htmx replace a part, old and new look alike: use `go` or `going` for those.
    """

    def __init__(self, driver: Driver, name: str, shots: Path) -> None:
        self._driver = driver
        self._name = name
        self._shots = shots

    def ask(self, what: str, **said: Any) -> Any:
        """One of the ACTIONS of tab.mjs."""
        return self._driver.ask(self._name, what, **said)

    # Going to places

    def goto(self, url: str) -> int:
        """Open a page, until it is loaded with all it needs; its HTTP status."""
        return int(self.ask("goto", url=url))

    def reload(self) -> int:
        """The same page again; its HTTP status."""
        return int(self.ask("reload"))

    def back(self) -> None:
        """The page before."""
        self.ask("back")

    def go(self, selector: str) -> None:
        """Click something that asks the server: a link, a button of a form, with htmx or without; until it is there."""
        with self.going():
            self.click(selector)

    @contextmanager
    def going(self) -> Iterator[None]:
        """What is done in here asks the server for something; at the end that has come and is shown."""
        self.ask("mark")
        yield
        self.ask("settle")

    # Doing

    def click(self, selector: str) -> None:
        """Click something that does not ask the server (else see `go`)."""
        self.ask("click", selector=selector)

    def hover(self, selector: str) -> None:
        """Put the pointer on it."""
        self.ask("hover", selector=selector)

    def fill(self, selector: str, text: str) -> None:
        """Replace what a field holds."""
        self.ask("fill", selector=selector, text=text)

    def select(self, selector: str, value: str) -> None:
        """Choose an option by its value or its label."""
        self.ask("select", selector=selector, value=value)

    def check(self, selector: str, on: bool = True) -> None:
        """Set a check box or a radio button."""
        self.ask("check", selector=selector, on=on)

    def press(self, key: str, selector: str = "") -> None:
        """A key ('Tab', 'Enter', 'Control+k', 'a'), in an element or wherever the focus is."""
        self.ask("press", key=key, selector=selector)

    def upload(self, selector: str, path: Path) -> None:
        """Choose a file."""
        self.ask("upload", selector=selector, path=str(path))

    def download(self, selector: str) -> tuple[str, bytes]:
        """Click something that leads to a file: its name and its content."""
        path = self._shots / f"{self._name}.download"
        name = self.ask("download", selector=selector, path=str(path))
        return str(name), path.read_bytes()

    # Looking

    def text(self, selector: str) -> str:
        """The text of an element as it is shown."""
        return str(self.ask("text", selector=selector))

    def texts(self, selector: str) -> list[str]:
        """The text of each element that matches now."""
        return list(self.ask("texts", selector=selector))

    def value(self, selector: str) -> str:
        """What a field holds."""
        return str(self.ask("value", selector=selector))

    def attribute(self, selector: str, name: str) -> str | None:
        """An attribute of an element."""
        found = self.ask("attribute", selector=selector, name=name)
        return None if found is None else str(found)

    def html(self) -> str:
        """The whole document as it is now."""
        return str(self.ask("html"))

    def count(self, selector: str) -> int:
        """How many elements match now."""
        return int(self.ask("count", selector=selector))

    def visible(self, selector: str) -> bool:
        """Whether it is there and shown now."""
        return bool(self.ask("visible", selector=selector))

    def wait_for(self, selector: str, text: str = "") -> None:
        """Until an element that matches (and has that text in it) is shown."""
        self.ask("waitFor", selector=selector, text=text, state="visible")

    def wait_gone(self, selector: str, text: str = "") -> None:
        """Until no such element is shown."""
        self.ask("waitFor", selector=selector, text=text, state="hidden")

    @property
    def url(self) -> str:
        """Where it is."""
        return str(self.ask("url"))

    def evaluate(self, js: str) -> Any:
        """The value of a JavaScript expression, as JSON has it."""
        return self.ask("evaluate", js=js)

    def screenshot(self, name: str) -> Path:
        """Write `name`.png of the whole page, as high as it is."""
        path = self._shots / f"{name}.png"
        self.ask("screenshot", path=str(path))
        return path

    # Judging

    def axe(self, least: str = "serious") -> list[Violation]:
        """What axe-core finds wrong, of that impact at least."""
        found = [Violation(**violation) for violation in self.ask("axe")]
        return [violation for violation in found if _IMPACTS.index(violation.impact) >= _IMPACTS.index(least)]

    def console_errors(self) -> list[str]:
        """Errors on the console, exceptions of scripts, what the Content-Security-Policy refused."""
        return list(self.ask("seen")["console"])

    def failed_requests(self) -> list[str]:
        """Requests without an answer, or with one of 400 and above."""
        return list(self.ask("seen")["failed"])

    def dialogs(self) -> list[str]:
        """'confirm: Delete it?' of each that opened. They are accepted."""
        return list(self.ask("seen")["dialogs"])

    def problems(self) -> list[str]:
        """All that must not be: console errors, failed requests, and alerts, which only injected scripts open."""
        alerts = [dialog for dialog in self.dialogs() if dialog.startswith("alert:")]
        return [*self.console_errors(), *self.failed_requests(), *alerts]

    def forget(self) -> None:
        """Those so far were to be expected."""
        self.ask("forget")

    def leave(self) -> None:
        """Go to an empty page. One with a stream goes on asking for it, and fails where it was cut or blocked."""
        self.goto("about:blank")

    def requests(self) -> list[Request]:
        """Every request of this tab, in order."""
        return [Request(**request) for request in self.ask("requests")]

    def first_paint_ms(self) -> float:
        """From the start of the last navigation until something was seen (milliseconds)."""
        return float(self.ask("paint"))

    # What surrounds the page

    def set_viewport(self, width: int, height: int) -> None:
        """The size of the window, in CSS pixels."""
        self.ask("viewport", width=width, height=height)

    def dark(self, on: bool = True) -> None:
        """What the person prefers: dark or light."""
        self.ask("dark", on=on)

    def javascript(self, on: bool) -> None:
        """Whether scripts run, from the next page on."""
        self.ask("javascript", on=on)

    def offline(self, on: bool) -> None:
        """Let no request through, or do again. Streams that are open go on: to cut those, see cable.py."""
        self.ask("offline", on=on)

    def cookies(self) -> dict[str, dict[str, Any]]:
        """By name: `value`, `httpOnly`, `sameSite`, `secure`, `path` ..."""
        return {cookie["name"]: cookie for cookie in self.ask("cookies")}

    def clear_cookies(self) -> None:
        """As if the person had never been here."""
        self.ask("clearCookies")

    def block(self, pattern: str) -> None:
        """Requests to URLs of that pattern ('**/live/*') fail from now on. Open streams go on (see cable.py)."""
        self.ask("block", pattern=pattern)

    def unblock(self, pattern: str) -> None:
        """They go through again."""
        self.ask("unblock", pattern=pattern)

    def slow_scripts(self, ms: int) -> None:
        """Scripts come that much later (milliseconds)."""
        self.ask("slowScripts", ms=ms)

    def set_patience(self, seconds: float) -> None:
        """How long to wait for things from now on, for a test of what does not come."""
        self.ask("setPatience", ms=int(seconds * 1000))

    def close(self) -> None:
        """Close it."""
        self.ask("close")
