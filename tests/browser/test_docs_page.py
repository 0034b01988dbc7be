"""The page /docs of the tenants' listener in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.browser import Tab
from tests.scenario.harness import Gateway, Scene


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway without a carrier: the page needs none."""
    return shared.gateway()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_people_can_read_it(open_tab: Callable[..., Tab], gateway: Gateway, dark: bool) -> None:
    """Its title, its headings, and nothing that axe finds serious."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}", dark=dark)
    assert tab.goto("/docs") == 200
    assert tab.evaluate("document.title") == "smsgwd API"
    assert "POST /v1/messages" in tab.texts("h2")
    assert tab.axe() == []
    tab.screenshot("docs-dark" if dark else "docs-light")


def test_it_fits_a_phone(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """Nothing is wider than the window; the links lead to places that are there."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}", width=360, height=640)
    tab.goto("/docs")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    astray = (
        "[...document.links].filter(link => link.hash && !document.querySelector(link.hash)).map(link => link.hash)"
    )
    assert tab.evaluate(astray) == []
    assert tab.axe() == []
    tab.screenshot("docs-phone")


def test_it_is_one_small_file(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """Nothing else is loaded, and it is seen at once."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    tab.goto("/docs")
    assert [request.kind for request in tab.requests()] == ["document"]
    assert 0 < tab.requests()[0].received < 300_000
    assert tab.first_paint_ms() > 0
