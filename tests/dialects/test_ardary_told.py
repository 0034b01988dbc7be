"""Ardary's callbacks from a running gateway: events that an operator has told, failures for whoever asks, receipts that
nobody wants told."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.dialects.stand import Stand
from tests.scenario.client import wait
from tests.scenario.ways import done, refused

ARDARY = "ardary"


def _told(stand: Stand, parameter: str, text: str) -> list[dict[str, Any]]:
    """What came in a parameter, of those that hold a text."""
    values = [
        value
        for caught in list(stand.catcher.caught)
        if (caught.method, caught.path) == ("GET", "/ardary")
        and caught.headers.get("webhook-id", "").startswith("msg_")
        for name, value in caught.query
        if name == parameter and text in value
    ]
    return [json.loads(value) for value in values]


def _first(stand: Stand, parameter: str, text: str) -> dict[str, Any]:
    wait("the callback", lambda: bool(_told(stand, parameter, text)))
    [told] = _told(stand, parameter, text)
    return told


def _send(stand: Stand, number: str, ref: str) -> None:
    header = {"login": ARDARY, "accesskey": "secret-ardary", "sender_name": "Shop"}
    body = {"header": header, "messages": [{"phone_number": number, "message": "told", "id_sms_api": ref}]}
    connection = http.client.HTTPConnection("127.0.0.1", stand.gateway().http_port, timeout=15)
    try:
        connection.request("POST", "/api/sendSms", json.dumps(body))
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert [entry["result"] for entry in answer["data"]["sms"]] == ["success"], answer


def test_events_are_told_in_the_tenants_style(stand: Stand) -> None:
    """A call, and what was said about it."""
    gateway = stand.gateway()
    call = {"direction": "incoming", "from": "+306999000001", "at": "2019-07-05T09:00:00Z", "duration_s": 65}
    shown = done(gateway, "event", "send", tenant=ARDARY, kind="call", data=json.dumps(call))
    assert shown["data"] == {**call, "to": None} and shown["target"] == f"ardary {stand.catcher.url}"
    assert _first(stand, "calls", "+306999000001") == {
        "TITLE": "INCOMING CALL",
        "PHONE_NUMBER": "+306999000001",
        "CALL_TIME": "2019-07-05",
        "DURATION": "00:01:05",
    }
    qualified = {
        "from": "+306999000002",
        "qualification": "Ναι & no",
        "source": "interface",
        "at": "2020-01-21T10:01:38Z",
    }
    done(gateway, "event", "send", tenant=ARDARY, kind="call.qualified", data=json.dumps(qualified))
    assert _first(stand, "calls", "+306999000002") == {
        "title": "Call qualification From Interface",
        "from": "+306999000002",
        "qualification": "Ναι & no",
        "date": "2020-01-21 10:01:38",
    }


def test_what_is_no_event_is_refused(stand: Stand) -> None:
    """With what is wrong, and for a tenant that nobody tells."""
    gateway = stand.gateway()
    answer = gateway.command("event", "send", tenant=ARDARY, kind="call", data='{"direction": "up"}')
    assert refused(answer) and "direction" in json.dumps(answer)
    answer = gateway.command(
        "event", "send", tenant="isms", kind="call", data='{"direction": "missed", "from": "3069990"}'
    )
    assert refused(answer) and "has no URL for events" in json.dumps(answer)


def test_failures_are_told_to_whoever_asks_under_the_name_it_wants(stand: Stand) -> None:
    """Settings of a tenant count from the next message on."""
    gateway = stand.gateway()
    settings = {"dialects": {"ardary": {"failures": True, "parameters": {"status": "state"}}}}
    done(gateway, "tenant", "set", id=ARDARY, json=json.dumps(settings))
    try:
        assert done(gateway, "tenant", "show", id=ARDARY)["dialects"]["ardary"] == settings["dialects"]["ardary"]
        _send(stand, "+306999010091", "told-failed")
    finally:
        done(gateway, "tenant", "set", id=ARDARY, json='{"dialects": null}')
    wait("both", lambda: len(_told(stand, "state", "told-failed")) == 2)
    told = _told(stand, "state", "told-failed")
    assert sorted(each["status"] for each in told) == ["failed", "sent"]
    assert {each["user"] for each in told} == {ARDARY}
    _send(stand, "+306999020091", "told-sent")
    stand.native(ARDARY).wait_state(
        stand.native(ARDARY).ask("GET", "/v1/messages?to=%2B306999020091").body["messages"][0]["id"], "undelivered"
    )
    _send(stand, "+306999030001", "told-both")
    wait("the next one", lambda: len(_told(stand, "status", "told-both")) == 2)
    wait("that it was sent", lambda: bool(_told(stand, "status", "told-sent")))
    assert [each["status"] for each in _told(stand, "status", "told-sent")] == ["sent"]
