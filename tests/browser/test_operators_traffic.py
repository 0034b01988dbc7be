"""Operators' pages about traffic in a browser: overview, connectors, queues, held messages, plugins, the gateway."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.browser import Tab
from tests.browser.pages import log_in
from tests.scenario.harness import Gateway, Scene

PAGES = (
    *("/", "/?span=day", "/connectors", "/connectors/smsc1", "/connectors/isms1", "/queues", "/queues/smsc1"),
    *("/purge?connector=smsc1", "/held", "/held/reject", "/plugins", "/plugins/isms", "/plugins/isms/readme"),
    "/gateway",
)
ACCOUNTS = [{"name": name, "role": name, "secret": "secret-of-theirs"} for name in ("admin", "read")]


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with two SMSCs, a provider, and a message that was delivered."""
    timers = {"reconnect_min_s": 0.1, "reconnect_max_s": 0.3}
    smsc = {"kind": "smpp", "host": "127.0.0.1", "system_id": "gw", "password": "gw", "timers": timers}
    connectors: list[dict[str, object]] = [
        {"id": name, "port": shared.smsc(name=name).port(), **smsc} for name in ("smsc1", "smsc2")
    ]
    base = f"http://127.0.0.1:{shared.provider('isms').port()}/api/http"
    options = {"base_url": base, "username": "user", "password": "password"}
    connectors.append({"id": "isms1", "kind": "provider", "provider": "isms", "options": options})
    routes = [{"match": {"to": "*"}, "connectors": ["smsc1"]}]
    console = {"accounts": ACCOUNTS}
    gateway = shared.gateway(name="traffic", connectors=connectors, routes=routes, console=console)
    gateway.tenant.wait_state(gateway.tenant.send(text="For the pages"), "delivered")
    return gateway


@pytest.fixture
def look(open_tab: Callable[..., Tab], gateway: Gateway) -> Callable[..., Tab]:
    """Opens a tab of somebody who has logged in."""

    def opened(who: str = "admin", **options: object) -> Tab:
        tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", **options)
        log_in(tab, who, "secret-of-theirs")
        return tab

    return opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_good_to_read(look: Callable[..., Tab], dark: bool) -> None:
    """Nothing that axe finds serious."""
    tab = look(dark=dark)
    for path in PAGES:
        assert tab.goto(f"/ui{path}") == 200, path
        assert tab.axe() == [], path
        name = path.strip("/").replace("/", "-").partition("?")[0] or "overview"
        tab.screenshot(f"operators-{name}-{'dark' if dark else 'light'}")


def test_every_page_fits_a_phone(look: Callable[..., Tab]) -> None:
    tab = look(width=360, height=740)
    for path in PAGES:
        tab.goto(f"/ui{path}")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert tab.axe() == [], path
        name = path.strip("/").replace("/", "-").partition("?")[0] or "overview"
        tab.screenshot(f"operators-{name}-phone")


def test_every_page_works_without_javascript_and_for_who_only_reads(look: Callable[..., Tab]) -> None:
    tab = look("read", javascript=False)
    for path in PAGES:
        if not path.startswith(("/purge", "/held")):  # for other roles
            assert tab.goto(f"/ui{path}") == 200, path
            assert tab.count("main form[method=post]") == 0, path


def test_the_overview_moves(look: Callable[..., Tab], gateway: Gateway) -> None:
    """A message more is counted without loading anything anew."""
    tab = look()
    tab.wait_for("[data-live=on]")
    tab.wait_for(".u-legend")
    loaded = len(tab.requests())
    gateway.tenant.wait_state(gateway.tenant.send(text="One more"), "delivered")
    tab.wait_for("[sse-swap=rest] th", "a second")  # what only two readings give
    assert len(tab.requests()) == loaded


def test_a_connector_is_paused_limited_bound_anew_and_stopped(look: Callable[..., Tab]) -> None:
    tab = look()
    tab.goto("/ui/connectors/smsc2")
    tab.fill("#f-reason", "ticket <4711>")
    tab.go("button[data-ask^='Pause']")
    tab.wait_for(".notice.ok", "Paused")
    tab.wait_for(".state.paused")
    assert "ticket <4711>" in tab.text("main")
    tab.go("button[formaction$='/resume']")
    tab.wait_for(".notice.ok", "It sends again.")
    tab.fill("#f-rate", "50")
    tab.fill("#f-window", "7")
    tab.go("form[action$='/set'] button")
    assert tab.value("#f-rate") == "50"
    tab.go("form.act[action$='/set'] button")
    assert tab.value("#f-rate") == ""
    tab.fill("#f-rate", "fast")
    tab.go("form.stack[action$='/set'] button")
    tab.wait_for(".notice.alert", "rate must be parts a second")
    assert tab.value("#f-rate") == "fast"
    tab.forget()  # 422 is what a refusal is answered with
    tab.goto("/ui/connectors/smsc2")
    tab.go("form[action$='/rebind'] button")
    tab.wait_for(".notice.ok", "It binds anew.")
    tab.go("button[formaction$='/stop']")
    tab.wait_for(".notice.ok", "Stopped")
    tab.go("button[formaction$='/start']")
    tab.wait_for(".notice.ok", "Started")
    assert [dialog.partition(".")[0] for dialog in tab.dialogs()] == [
        "confirm: Bind anew? What is under way is waited for",
        "confirm: Stop smsc2? It sends nothing more and unbinds",
    ]


def test_what_waits_is_held_released_moved_and_purged(look: Callable[..., Tab], gateway: Gateway) -> None:
    tab = look()
    for name in ("smsc1", "smsc2"):
        tab.goto(f"/ui/connectors/{name}")
        tab.go("button[data-ask^='Pause']")
    ids = [gateway.tenant.send(text=f"It waits {number}") for number in range(3)]
    tab.goto("/ui/queues/smsc1")
    tab.wait_for("caption", "3 messages whose turn is next")
    tab.click("details:has(#hold-reason) summary")
    tab.fill("#hold-reason", "wrong texts")
    tab.go("form[action$='/hold'] button")
    tab.wait_for(".notice.ok", "Held: 3.")
    tab.goto("/ui/held")
    assert tab.count("tbody tr") == 3
    tab.fill("#f-prefix", "all")
    tab.go("form[action$='/held/release'] button")
    tab.wait_for(".notice.ok", "Released: 3.")
    tab.goto("/ui/queues/smsc1")
    tab.click("details:has(#move-to) summary")
    tab.fill("#move-limit", "1")
    tab.go("form[action$='/move'] button")
    tab.wait_for(".notice.ok", "Moved: 1.")
    tab.goto("/ui/purge?connector=smsc2")
    tab.fill("#f-reason", "withdrawn")
    tab.go("form[action$='/purge'] button")
    tab.wait_for("#would-title", "1 message would end as rejected")
    tab.go("form[action$='/purge/now'] button")
    tab.wait_for(".notice.ok", "Ended: 1.")
    tab.goto("/ui/queues/smsc1")
    tab.click("details:has(#hold-reason) summary")
    tab.fill("#hold-reason", "once more")
    tab.go("form[action$='/hold'] button")
    tab.goto("/ui/held/reject")
    tab.fill("#f-prefix", "all")
    tab.go("form[action$='/held/reject'] button")
    tab.wait_for(".notice.ok", "Rejected: 2.")
    states = {gateway.tenant.message(message_id)["state"] for message_id in ids}
    assert states == {"rejected"}
    for name in ("smsc1", "smsc2"):
        tab.goto(f"/ui/connectors/{name}")
        tab.go("button[formaction$='/resume']")


def test_a_message_goes_through_a_plugin(look: Callable[..., Tab]) -> None:
    tab = look()
    tab.goto("/ui/plugins/isms")
    tab.fill("#f-to", "+306912345678")
    tab.fill("#f-from", "Shop")
    tab.fill("#f-text", "<b>Does it go?</b>")
    tab.select("#f-wait", "30")
    tab.go("form[action$='/plugins/isms'] button")
    tab.wait_for("#told .state", "accepted")
    assert "send.php" in tab.text("#told") and "password=password" not in tab.html()
    assert tab.axe() == []
    tab.screenshot("operators-plugin-tested")


def test_the_gateway_is_drained_and_its_store_cared_for(
    look: Callable[..., Tab], gateway: Gateway, shared: Scene
) -> None:
    tab = look()
    tab.goto("/ui/gateway")
    tab.go("form[action$='/drain'] button")
    tab.wait_for(".notice.ok", "New messages are refused")
    tab.goto("/ui/")
    tab.wait_for(".alarms", "drain end takes that back")
    tab.go(".alarms a")
    tab.go("form[action$='/undrain'] button")
    tab.wait_for(".notice.ok", "Messages are taken again.")
    tab.go("form[action$='/certificates'] button")
    tab.wait_for(".notice.ok", "No listener has a certificate.")
    tab.go("form[action$='/store-check']:has([name=deep]) button")
    tab.wait_for(".notice.ok", "No damage was found")
    tab.goto("/ui/gateway")
    tab.go("form[action$='/vacuum'] button")
    tab.wait_for(".notice.ok", "given back")
    tab.fill("#f-file", str(shared.directory / "console-copy.db"))
    tab.go("form[action$='/backup'] button")
    tab.wait_for(".notice.ok", "A copy of the store is in")
    assert (shared.directory / "console-copy.db").stat().st_size > 0
