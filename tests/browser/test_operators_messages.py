"""Operators' pages in a browser: messages, receipts, pushes, PDUs, customers, nodes, configuration, log, audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.browser import Tab
from tests.browser.pages import log_in
from tests.scenario.client import wait
from tests.scenario.esme import Esme
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import PASSWORD

ACCOUNTS = [{"name": name, "role": name, "secret": "secret-of-theirs"} for name in ("admin", "read")]
GONE = "http://127.0.0.1:9/gone"  # nobody listens there
BAD = "<script>alert(1)</script>"
TO = "+306912345678"


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with an SMSC and a tenant who may bind over SMPP and cannot be told anything."""
    credentials = [{"kind": "smpp", "system_id": "shop", "secret": PASSWORD}]
    return shared.gateway(
        shared.smsc(name="messages-smsc"),
        catcher=shared.catcher(name="messages-webhook"),
        name="messages",
        smpp={},
        console={"accounts": ACCOUNTS},
        tenants=[{"id": "told", "credit": "10.0000", "price": "0.0400", "senders": ["*"], "credentials": credentials}],
    )


@pytest.fixture(scope="module")
def delivered(gateway: Gateway) -> str:
    """A message of several parts that hurts where it is not escaped; its push was given up."""
    message = gateway.tenant.send(TO, BAD * 10, client_ref=BAD, dlr_url=GONE)
    gateway.tenant.wait_state(message, "delivered")
    return message


@pytest.fixture(scope="module")
def waiting(gateway: Gateway) -> str:
    """A message that waits for its time."""
    return gateway.tenant.send(TO, "Later", schedule_at="tomorrow 10:00")


@pytest.fixture
def bound(gateway: Gateway) -> Iterator[Esme]:
    """A customer that is bound."""
    assert gateway.smpp_port is not None
    esme = Esme(gateway.smpp_port)
    assert esme.bind("shop", PASSWORD) == 0
    yield esme
    esme.close()


@pytest.fixture
def look(open_tab: Callable[..., Tab], gateway: Gateway) -> Callable[..., Tab]:
    """Opens a tab of somebody who has logged in."""

    def opened(who: str = "admin", **options: object) -> Tab:
        tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", **options)
        log_in(tab, who, "secret-of-theirs")
        return tab

    return opened


def _pushes(gateway: Gateway, message: str) -> list[dict[str, Any]]:
    """What its tenant is told of a message."""
    found: list[dict[str, Any]] = gateway.command("message", "trace", id=message)["pushes"]
    return found


def pages(gateway: Gateway, delivered: str, waiting: str) -> dict[str, str]:
    """Every page, by the name of its picture."""
    gateway.command("log", "level", component="esme", level="debug", minutes="10")
    entry = gateway.command("audit", "list", limit="1")[0]["id"]
    target = _pushes(gateway, delivered)[0]["target"]
    return {
        "messages": "/messages",
        "messages-found": "/messages?tenant=t1&states=delivered&numbers=yes",
        "message": f"/messages/{delivered}",
        "message-whole": f"/messages/{delivered}?numbers=yes&text=yes&pdus=yes",
        "message-waiting": f"/messages/{waiting}",
        "erase": f"/messages/erase?id={delivered}",
        "receipts": "/orphans",
        "receipts-drop": "/orphans/drop",
        "pushes": "/pushes",
        "pushes-target": f"/pushes/{quote(target, safe='')}",
        "pushes-again": "/pushes/again",
        "esmes": "/esmes",
        "pdu": "/pdu",
        "pdu-once": "/pdu?connector=smsc1&once=yes",
        "nodes": "/nodes",
        "node": "/nodes/test1",
        "config": "/config?check=yes",
        "config-part": "/config?path=notify",
        "log": "/log",
        "audit": "/audit",
        "audit-entry": f"/audit/{entry}",
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_is_good_to_read(
    look: Callable[..., Tab], gateway: Gateway, delivered: str, waiting: str, bound: Esme, dark: bool
) -> None:
    """Nothing that axe finds serious, and no text of anybody is more than text."""
    tab = look(dark=dark)
    for name, path in pages(gateway, delivered, waiting).items():
        assert tab.goto(f"/ui{path}") == 200, path
        assert tab.axe() == [], path
        assert BAD not in tab.html(), path
        tab.screenshot(f"operators-{name}-{'dark' if dark else 'light'}")


def test_every_page_fits_a_phone(
    look: Callable[..., Tab], gateway: Gateway, delivered: str, waiting: str, bound: Esme
) -> None:
    tab = look(width=360, height=740)
    for name, path in pages(gateway, delivered, waiting).items():
        assert tab.goto(f"/ui{path}") == 200, path
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert tab.axe() == [], path
        tab.screenshot(f"operators-{name}-phone")


def test_who_only_reads_changes_nothing_with_or_without_javascript(
    look: Callable[..., Tab], gateway: Gateway, delivered: str, waiting: str
) -> None:
    tab = look("read", javascript=False)
    for path in pages(gateway, delivered, waiting).values():
        if not path.startswith(("/messages/erase", "/orphans/drop", "/pushes/again", "/pdu", "/config?check")):
            assert tab.goto(f"/ui{path}") == 200, path
            assert tab.count("main form[method=post]") == 0, path


def test_a_message_is_found_by_all_that_people_have_of_it(look: Callable[..., Tab], delivered: str) -> None:
    tab = look()
    for asked in (TO, BAD):
        tab.goto("/ui/messages")
        tab.press("/")
        tab.fill(":focus", asked)
        with tab.going():
            tab.press("Enter", "#n-q")
        assert tab.count(f"a[href$='/messages/{delivered}']") == 1, asked
    tab.fill("#n-q", delivered)
    with tab.going():
        tab.press("Enter", "#n-q")
    assert tab.url.endswith(f"/ui/messages/{delivered}") and "Ended: delivered" in tab.text(".timeline")
    assert "Part 2 of 2 taken by the SMSC" in tab.text(".timeline")


def test_text_and_number_are_shown_to_who_asks(look: Callable[..., Tab], delivered: str) -> None:
    tab = look()
    tab.goto(f"/ui/messages/{delivered}")
    assert tab.count(".whole") == 0 and "306912345678" not in tab.html()
    tab.go("text=Show the text")
    assert tab.text(".whole") == BAD * 10
    tab.go("text=Show the number")
    assert "306912345678" in tab.text("dl.facts >> nth=0")


def test_a_message_is_sent_again_taken_back_and_told_again(look: Callable[..., Tab], gateway: Gateway) -> None:
    tab = look()
    later = gateway.tenant.send(TO, "Too late", schedule_at="tomorrow 10:00")
    tab.goto(f"/ui/messages/{later}")
    tab.wait_for("[data-live=on]")
    tab.go("form[action$='/cancel'] button")
    tab.wait_for(".notice.ok", "Cancelled.")
    assert gateway.tenant.message(later)["state"] == "cancelled"
    message = gateway.tenant.send(TO, "Of which its tenant is told")
    wait("its tenant is told", lambda: [row for row in _pushes(gateway, message) if row["status"] == "done"])
    tab.goto(f"/ui/messages/{message}")
    tab.go("form[action$='/push'] button")
    tab.wait_for(".notice.ok", "The tenant is told again.")
    tab.go("form[action$='/resend'] button")
    tab.wait_for(".notice.alert", "force")
    tab.forget()  # 422 is what a refusal is answered with
    tab.check("input[name=force]")
    tab.go("form[action$='/resend'] button")
    tab.wait_for(".notice.ok", "Sent again")
    tab.wait_for(".timeline", "Ended: delivered")  # it moves until it is over


def test_pushes_are_given_up_revived_and_told_again(look: Callable[..., Tab], gateway: Gateway, delivered: str) -> None:
    target = _pushes(gateway, delivered)[0]["target"]
    tab = look()
    tab.goto("/ui/pushes")
    tab.go(f"table >> text={target}")
    tab.go("nav.tabs >> text=given up")
    assert tab.attribute("nav.tabs [aria-current]", "href") == f"/ui/pushes/{quote(target, safe='')}?status=given_up"
    if tab.count("form[action$='/revive']"):
        tab.go("form[action$='/revive'] button")
        tab.wait_for(".notice.ok", "Pushed again:")
    tab.goto("/ui/pushes/again")
    tab.fill("#f-from", "2020-01-01T00:00")
    tab.go("button.main")
    tab.wait_for(".notice.ok", "Pushed again:")


def test_orphans_are_forgotten(look: Callable[..., Tab]) -> None:
    tab = look()
    tab.goto("/ui/orphans/drop")
    tab.check("input[name=all]")
    tab.go("button.bad")
    tab.wait_for(".notice.ok", "Forgotten: 0 receipts.")


def test_pdus_are_followed_looked_at_and_saved(look: Callable[..., Tab], gateway: Gateway) -> None:
    tab = look()
    tab.goto("/ui/pdu")
    tab.select("#n-connector", "smsc1")
    tab.go("button:has-text('Follow')")
    tab.wait_for("[data-live=on]")
    tab.wait_for("[sse-swap=rows]", "Nothing has passed yet.")
    gateway.tenant.send(TO, BAD)
    tab.wait_for(".pdus", "submit_sm_resp")
    assert "306912345678" not in tab.text(".pdus")
    tab.check("form[method=get] input[name=full]")
    tab.go("button:has-text('Follow')")
    tab.wait_for("[data-live=on]")
    gateway.tenant.send(TO, BAD)
    tab.wait_for(".pdus", BAD)
    tab.select("#p-seconds", "5")
    name, octets = tab.download("form[method=post][action$='/pdu'] button")
    assert name == "smsgwd.pcap" and octets[:4] == b"\xd4\xc3\xb2\xa1"


def test_levels_and_watches_are_set_and_taken_back(look: Callable[..., Tab]) -> None:
    tab = look()
    tab.goto("/ui/log")
    tab.select("#n-component", "net")
    tab.go("form[action$='/log/level'] button")
    tab.go("text=Reset net")
    tab.wait_for(".notice.ok", "Logged as configured again.")
    tab.fill("#n-number", TO)
    tab.go("form[action$='/log/watch'] button")
    tab.go("text=End watch")
    tab.wait_for(".notice.ok", "Watched no more.")
    tab.fill("#n-tenant", BAD)
    tab.go("form[action$='/log/watch'] button")
    tab.wait_for(".notice.alert", BAD)
    assert tab.value("#n-tenant") == BAD
    tab.forget()


def test_a_customer_is_sent_away(look: Callable[..., Tab], bound: Esme) -> None:
    tab = look()
    tab.goto("/ui/esmes")
    tab.wait_for("table", "transceiver")
    tab.go("button.bad")
    tab.wait_for(".notice.ok", "shop is sent away.")


def test_the_configuration_is_put_in_force(look: Callable[..., Tab]) -> None:
    tab = look()
    tab.goto("/ui/config")
    tab.go("form[action$='/config/reload'] button")
    tab.wait_for(".notice", "nothing was changed")


def test_somebody_is_erased(look: Callable[..., Tab], gateway: Gateway) -> None:
    message = gateway.tenant.send("+306900000001", "Forget me")
    gateway.tenant.wait_state(message, "delivered")
    tab = look()
    tab.goto(f"/ui/messages/{message}")
    tab.go("text=See what that does")
    assert tab.value("#f-number") == "+306900000001"
    tab.go("button.bad")
    assert "confirm: Erase this number for good?" in tab.dialogs() and tab.text("h1") == "Erased"
    tab.goto("/ui/messages?q=%2B306900000001")
    tab.wait_for(".empty", "No message is like that.")
