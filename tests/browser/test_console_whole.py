"""What holds for every page of the console: scripts that come late, streams that break, how much a first load is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.browser import Tab
from tests.browser.cable import cable_to
from tests.browser.pages import log_in
from tests.scenario.harness import Gateway, Scene

SECRET = "secret-of-theirs"
#: The issue's budget for a first load.
MOST_OCTETS = 300_000
LIVE, NOT_LIVE = "[data-live='on']", "[data-live='off']"


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with both faces, and a message that was delivered."""
    console = {"tenants": True, "accounts": [{"name": "admin", "role": "admin", "secret": SECRET}]}
    made = shared.gateway(shared.smsc(), name="console-whole", console=console)
    made.command("credential", "add", tenant="shop", kind="password", name="shopper", secret=SECRET)
    made.tenant.wait_state(made.tenant.send(text="For the pages"), "delivered")
    return made


def test_before_the_scripts_are_there_links_forms_and_menu_work(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", width=390, height=800)
    tab.block("**/*.js")
    log_in(tab, "admin", SECRET)
    assert not tab.visible("[data-menu]")  # the menu stands below the page
    tab.go("#menu a[href='/ui/connectors']")
    assert tab.text("h1") == "Connectors"
    tab.forget()


def test_scripts_that_come_late_keep_nobody_from_anything(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", width=390, height=800)
    tab.slow_scripts(1500)
    log_in(tab, "admin", SECRET)
    tab.wait_for(LIVE)
    assert not tab.visible("#menu a[href='/ui/connectors']")
    tab.click("[data-menu]")
    tab.go("#menu a[href='/ui/connectors']")
    assert tab.text("h1") == "Connectors"


def test_a_page_says_when_it_does_not_move_and_moves_again(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    with cable_to(gateway.ops_port) as cable:
        tab = open_tab(cable.base)
        log_in(tab, "admin", SECRET)
        tab.wait_for(LIVE)
        cable.cut()
        tab.wait_for(NOT_LIVE, "not live")
        cable.mend()
        tab.wait_for(LIVE)
        assert tab.goto("/ui/connectors") == 200
        tab.leave()
        tab.forget()  # the browser's console tells of what was cut


def test_without_the_stream_everything_else_works(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}")
    tab.block("**/ui/live/*")
    log_in(tab, "admin", SECRET)
    tab.wait_for("main", "smsc1")
    tab.goto("/ui/connectors/smsc1")
    tab.fill("#f-reason", "a look")
    tab.go("button[data-ask^='Pause']")
    tab.wait_for(".notice.ok", "Paused")
    tab.go("button[formaction$='/resume']")
    tab.wait_for(".notice.ok", "It sends again.")
    tab.leave()
    tab.forget()


@pytest.mark.parametrize("face", ["operators", "tenants"])
def test_a_first_load_is_small(open_tab: Callable[..., Tab], gateway: Gateway, face: str) -> None:
    """From nothing to the overview: the login page and all that both need."""
    port, name = gateway.ops_port, "admin"
    if face == "tenants":
        port, name = gateway.http_port, "shopper"
    tab = open_tab(f"http://127.0.0.1:{port}")
    log_in(tab, name, SECRET)
    tab.wait_for("h1", "Overview")
    tab.wait_for(".u-over")  # the plot is drawn: all scripts have come
    requests = tab.requests()
    assert {each.kind for each in requests} >= {"document", "script", "stylesheet"}
    assert all(each.url.startswith(f"http://127.0.0.1:{port}/ui/") for each in requests if each.kind != "other")
    assert 0 < sum(each.received for each in requests) <= MOST_OCTETS


def test_a_session_that_is_over_leads_to_the_login_and_back(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}")
    log_in(tab, "admin", SECRET)
    tab.clear_cookies()
    tab.goto("/ui/audit?who=admin")
    tab.fill("#name", "admin")
    tab.fill("#password", SECRET)
    tab.go("button.main")
    assert tab.url.endswith("/ui/audit?who=admin")


def test_the_page_speaks_the_language_that_was_chosen(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", language="uk-UA")
    log_in(tab, "admin", SECRET)
    assert tab.attribute("html", "lang") == "uk"
    tab.click("details.choices > summary")
    tab.select("#language", "el")
    tab.select("#theme", "dark")
    tab.go("details.choices form.choice button")
    assert (tab.attribute("html", "lang"), tab.attribute("html", "data-theme")) == ("el", "dark")
    assert tab.axe() == []
