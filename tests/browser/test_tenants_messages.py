"""A tenant's overview, sending, history, scheduled messages and statistics in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.browser import Tab
from tests.browser.pages import log_in, look, says
from tests.scenario.harness import PATIENCE_S, Gateway, Scene, wait

_EVIL = "<script>alert(1)</script>"
_TENANT = {
    "time_zone": "Europe/Athens",
    "credit": "1.0000",
    "senders": ["Shop", "News*"],
    "default_sender": "Shop",
    "credentials": [
        {"kind": "token", "secret": "shop-token"},
        {"kind": "password", "username": "shop", "secret": "shop-password"},
        {"kind": "password", "username": "reader", "secret": "reader-password", "scopes": ["read"]},
    ],
}


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with a carrier, and pages for tenants."""
    return shared.gateway(shared.smsc(), tenant=_TENANT, console={"tenants": True})


@pytest.fixture
def tab(open_tab: Callable[..., Tab], gateway: Gateway) -> Tab:
    """Somebody who may do everything."""
    found = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(found, "shop", "shop-password")
    return found


def notice(tab: Tab) -> str:
    """What the page says of what was just done."""
    return tab.text("#notices")


def api(gateway: Gateway, method: str, path: str, body: Any = None) -> Any:
    """What the API answers."""
    answer = gateway.tenant.ask(method, path, body)
    assert answer.status < 300, answer.body
    return answer.body


def test_an_account_without_messages_is_told_what_to_do(tab: Tab) -> None:
    """The first of the tests: nothing was sent yet."""
    look(tab, "tenant-overview-none")
    assert "No messages yet" in tab.text("main")
    for path in ("messages", "scheduled", "statistics"):
        tab.goto(f"/ui/{path}")
        look(tab, f"tenant-{path}-none")
    tab.goto("/ui/")
    tab.go(says("Write the first one"))
    assert "Send a message" in tab.text("h1")


def test_a_message_is_told_while_it_is_written_and_sent_once(tab: Tab, gateway: Gateway) -> None:
    """The counter, characters that cost, a refused recipient, and the form sent twice."""
    tab.goto("/ui/send")
    look(tab, "tenant-send")
    tab.fill("[name=text]", "It’s 5 o’clock")
    tab.wait_for("#preview", "Unicode")
    assert tab.texts("#preview kbd") == ["’"] and "56 left" in tab.text("#preview")
    tab.fill("#f-to", "+306912345678\n12")
    tab.wait_for("#preview", "0.0400 EUR")
    assert "0.9600" in tab.text("#preview") and "digits" in tab.texts("#preview table")[0]
    look(tab, "tenant-send-preview")
    tab.fill("[name=text]", "It's 5 o'clock")
    tab.wait_for("#preview", "GSM")
    tab.go(says("Send"))
    assert "1 message is accepted." in tab.text("main") and "1 recipient was refused." in tab.text("main")
    look(tab, "tenant-sent")
    tab.reload()
    assert "1 message is accepted." in tab.text("main")
    assert len(api(gateway, "GET", "/v1/messages?to=306912345678")["messages"]) == 1
    tab.go("main table a")
    tab.wait_for("main", "delivered")
    look(tab, "tenant-message")


def test_what_is_refused_comes_back_filled_in(tab: Tab) -> None:
    """And without JavaScript the page tells the same by a button."""
    tab.javascript(False)
    log_in(tab, "shop", "shop-password")
    tab.goto("/ui/send")
    tab.fill("[name=text]", _EVIL)
    tab.fill("#f-to", "12")
    tab.go(says("Check"))
    assert "Refused recipients" in tab.text("main") and _EVIL in tab.text(".bubble")
    tab.go(says("Send"))
    assert "digits" in notice(tab) and tab.value("[name=text]") == _EVIL and tab.value("#f-to") == "12"
    tab.screenshot("tenant-send-refused")
    tab.forget()  # the refusal is a request that failed


def test_a_template_a_group_and_contacts(tab: Tab, gateway: Gateway) -> None:
    """The fields of a template come as it is chosen; contacts are looked for."""
    api(gateway, "POST", "/v1/templates", {"name": "code", "text": "Hello {first_name}, your code is {code}"})
    api(gateway, "POST", "/v1/contacts", {"number": "+306900000001", "first_name": _EVIL})
    api(gateway, "POST", "/v1/contacts", {"number": "+447700900123", "first_name": "Bob"})
    api(gateway, "POST", "/v1/groups", {"name": "Friends"})
    api(gateway, "POST", "/v1/groups/Friends/members", {"numbers": ["+447700900124"]})
    tab.goto("/ui/send")
    tab.click("fieldset details.more summary")
    with tab.going():
        tab.fill("#f-contacts", "+447")
    tab.wait_gone("#contacts", "+306900000001")
    tab.check("#contacts [name=contact]")
    with tab.going():
        tab.fill("#f-contacts", "+3069")
    tab.wait_for("#contacts", "+306900000001")
    assert tab.count("#contacts :checked") == 1
    tab.select("[name=group]", "Friends")
    tab.select("[name=kind]", "template")
    with tab.going():
        tab.select("[name=template]", "code")
    tab.wait_for("#values", "your code is")
    tab.fill('[name="value.code"]', "1234")
    tab.wait_for("#preview", "Hello Bob, your code is 1234")
    assert "0.0800 EUR" in tab.text("#preview")
    look(tab, "tenant-send-template")
    tab.go(says("Send"))
    assert "2 messages are accepted." in tab.text("main")
    tab.go(says("See what becomes of all of them"))
    tab.wait_for("main p", "delivered")
    look(tab, "tenant-submission")


def test_what_waits_gets_another_time_or_is_cancelled(tab: Tab) -> None:
    """Scheduled by the clock and in words; then moved, sent now, cancelled."""
    tab.goto("/ui/send?when=time")
    tab.fill("#f-to", "+306912340001, +306912340002\n+306912340003")
    tab.fill("[name=text]", "Tomorrow")
    tab.fill("[name=time]", "2099-01-01T10:00")
    tab.go(says("Send"))
    assert "2099" in notice(tab) or "days" in notice(tab)
    tab.forget()
    tab.select("#f-when", "phrase")
    tab.fill("[name=phrase]", "tomorrow 9:00")
    tab.wait_for("#preview", "09:00:00")
    tab.go(says("Send"))
    assert tab.texts("main table .state") == ["scheduled"] * 3
    tab.goto("/ui/scheduled")
    look(tab, "tenant-scheduled")
    tab.go("main tr:nth-child(1) button:text-matches('^Now')")
    assert "sent now" in notice(tab)

    def gone() -> bool:
        tab.goto("/ui/scheduled")
        return tab.count("main tbody tr") == 2

    wait("it is sent", gone)
    tab.go("main tr:nth-child(1) button.bad")
    assert "Cancelled: 1" in notice(tab) and tab.count("main tbody tr") == 1
    assert any(dialog.startswith("confirm:") for dialog in tab.dialogs())
    tab.go("main tr:nth-child(1) a.button")
    look(tab, "tenant-message-scheduled")
    tab.select("#f-when", "phrase")
    tab.fill("[name=phrase]", "whenever it suits")
    tab.go(says("Change the time"))
    assert "whenever" in notice(tab) and tab.value("[name=phrase]") == "whenever it suits"
    tab.forget()
    tab.fill("[name=phrase]", "tomorrow 10:00")
    tab.go(says("Change the time"))
    assert "another time" in notice(tab)
    tab.wait_for("main", "10:00:00")
    tab.go(says("Cancel"))
    tab.wait_for("main .state", "cancelled")


def test_the_history_is_filtered_exported_and_moves(tab: Tab, gateway: Gateway) -> None:
    """Filters stay in the address; a new message is told of."""
    later = {"to": "+306912349998", "text": "later", "schedule_at": "tomorrow 9:00"}
    [waits] = api(gateway, "POST", "/v1/messages", later)["messages"]
    api(gateway, "DELETE", f"/v1/messages/{waits['id']}")
    tab.goto("/ui/messages")
    look(tab, "tenant-messages")
    tab.click("form.card summary")
    tab.check("[name=state][value=cancelled]")
    tab.go(says("Search"))
    assert "state=cancelled" in tab.url and set(tab.texts("main table .state")) == {"cancelled"}
    look(tab, "tenant-messages-filtered")
    name, data = tab.download(says("Export as CSV"))
    assert name == "messages.csv" and b",+306912349998,Shop,cancelled," in data and b",delivered," not in data
    tab.go(says("Show all"))
    tab.wait_for("[data-live=on]")
    sent = api(gateway, "POST", "/v1/messages", {"to": "+306912349999", "text": "new", "client_ref": _EVIL})
    tab.wait_for("main", "The list is another one by now.")
    tab.go(says("Show it"))
    assert _EVIL in tab.text("main table")
    [one] = sent["messages"]
    tab.wait_for(f'[sse-swap="state-{one["id"]}"]', "delivered")


def test_overview_and_statistics(tab: Tab, gateway: Gateway) -> None:
    """Figures, plots with their tables, bars; what needs attention."""

    def no_more() -> bool:
        return bool(gateway.tenant.ask("POST", "/v1/messages", {"to": "+306912345670", "text": "x"}).status == 422)

    tab.goto("/ui/")
    tab.wait_for("[data-live=on]")
    before = tab.text(".cards")
    api(gateway, "POST", "/v1/messages", {"to": "+306912345671", "text": "live"})
    wait("the figures move", lambda: tab.text(".cards") != before, PATIENCE_S)
    wait("the credit is spent", no_more)
    tab.reload()
    assert "There is no credit left" in tab.text("main") or "less than" in tab.text("main")
    look(tab, "tenant-overview")
    tab.goto("/ui/statistics")
    look(tab, "tenant-statistics")
    for by in ("hour", "country", "sender", "state"):
        tab.goto(f"/ui/statistics?by={by}")
        look(tab, f"tenant-statistics-{by}")
    assert "delivered" in tab.text("main table")
    name, data = tab.download(says("Export as CSV"))
    assert name == "statistics.csv" and b"delivered" in data


def test_a_state_that_comes_while_somebody_looks_has_a_line_of_its_own(tab: Tab) -> None:
    """And the lines that were there keep their names and colours."""
    tab.goto("/ui/")
    tab.wait_for("#hours .u-legend")
    lines = [{"label": name, "values": [1, 2], "colour": "1"} for name in ("queued", "held", "expired", "cancelled")]
    moved = {"hours": {"title": "x", "labels": ["10:00", "11:00"], "series": lines}}
    told = json.dumps({"type": "plots", "data": json.dumps(moved)})
    # In one go: another message of the server's may come right behind it.
    legend = tab.evaluate(
        f"(document.dispatchEvent(new CustomEvent('htmx:sseBeforeMessage', {{detail: {told}}})),"
        " [...document.querySelectorAll('#hours .u-legend .u-label')].map((each) => each.textContent))"
    )
    assert legend == ["Time", "queued", "held", "expired", "cancelled"]


def test_a_credential_that_only_reads_is_offered_nothing_else(open_tab: Callable[..., Tab], gateway: Gateway) -> None:
    """No way to send, cancel, or see money."""
    tab = open_tab(f"http://127.0.0.1:{gateway.http_port}")
    log_in(tab, "reader", "reader-password")
    assert tab.count(says("Write a message")) == 0 and "can be spent" not in tab.text("main")
    assert "Send a message" not in tab.text("#menu")
    assert tab.goto("/ui/send") == 403
    tab.forget()
