"""The browser, tabs that are checked when they are closed, and the scene fixtures of the scenario tests."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Browser, BrowserError, CannotStart, Tab
from tests.browser.rule import did_not_run
from tests.scenario.conftest import pytest_runtest_makereport, scene, shared

__all__ = ["pytest_runtest_makereport", "scene", "shared"]

_OPENED = pytest.StashKey[list[Tab]]()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, one for each test process; where none starts, its tests are skipped or fail (see rule.py)."""
    try:
        browser = Browser(tmp_path_factory.mktemp("browser"))
    except CannotStart as error:
        did_not_run(str(error))
    yield browser
    browser.close()


@pytest.fixture
def open_tab(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Opens tabs: `open_tab(base, **options of Browser.tab)`.

    At the end they must have no problem but what was forgotten (`Tab.forget`). Screenshots go to the directory
    that SMSGWD_SCREENSHOTS names, else to the test's own.
    """
    shots = Path(os.environ.get("SMSGWD_SCREENSHOTS") or tmp_path).absolute()
    shots.mkdir(parents=True, exist_ok=True)
    opened: list[Tab] = []
    request.node.stash[_OPENED] = opened

    def start(base: str = "", **options: Any) -> Tab:
        opened.append(browser.tab(shots, base, **options))
        return opened[-1]

    with ExitStack() as closing:
        yield start
        for tab in opened:
            closing.callback(tab.close)
        assert [problem for tab in opened for problem in tab.problems()] == []


@pytest.hookimpl(wrapper=True, specname="pytest_runtest_makereport")
def pytest_attach_pages(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    """Attach where the tabs were, their problems and a picture of each to a failure."""
    report = yield
    if report.when != "teardown" and report.failed:
        name = re.sub(r"\W+", "-", item.name)
        opened: list[Tab] = item.stash.get(_OPENED, [])
        for number, tab in enumerate(opened):
            try:
                said = [tab.url, *tab.problems(), str(tab.screenshot(f"failed-{name}-{number}"))]
            except BrowserError as error:
                said = [str(error)]
            report.sections.append(("a page of the browser", "\n".join(said)))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, so that it can be left out with -m 'not scenario'."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.scenario)
