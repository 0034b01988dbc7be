"""The history, one message, submissions and what waits, over the real API."""

from __future__ import annotations

import re
from typing import Any

from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Tenant
from tests.console.stand import text_of
from tests.console.tenants.moving import events_of
from tests.console.tenants.real import EVIL, RealTenants
from tests.northbound.business import BusinessClient

_ROW: dict[str, Any] = {
    "id": "7",
    "submission": "6",
    "to": "+306912345678",
    "from": EVIL,
    "state": "undelivered",
    "parts": 2,
    "encoding": "ucs2",
    "price": "0.0800",
    "client_ref": EVIL,
    "submitted_at": "2026-11-18T11:00:00.000Z",
    "sent_at": "2026-11-18T11:00:01.000Z",
    "done_at": "2026-11-18T11:00:02.000Z",
    "error": {"code": "absent_subscriber", "detail": EVIL, "smpp_status": 11},
    "connector": "smsc1",
    "name": EVIL,
}
_DETAIL: dict[str, Any] = {
    **_ROW,
    "events": [
        {"at": "2026-11-18T11:00:00.000Z", "type": "accepted"},
        {"at": "2026-11-18T11:00:01.000Z", "type": "sent", "connector": "smsc1", "smsc_id": EVIL, "latency_ms": 12},
        {"at": "2026-11-18T11:00:02.000Z", "type": "failover", "connector": "smsc1", "smpp_status": 88},
        {"at": "2026-11-18T11:00:02.000Z", "type": "undelivered", "detail": EVIL},
    ],
    "part_details": [{"part": 1, "state": "delivered", "smsc_id": "a1"}, {"part": 2, "state": "undelivered"}],
}


def stand(messages: Any = None, scopes: tuple[str, ...] = ()) -> RealTenants:
    listed = {"messages": messages or [], "next_cursor": None}
    return RealTenants(answers={"GET /messages": listed, "GET /messages/7": _DETAIL}, scopes=scopes)


def test_filters_are_the_apis_and_stay_in_the_address() -> None:
    made = stand([_ROW])
    made.answers["GET /messages"]["next_cursor"] = "AAAAAAAAAAAAAAAA"
    page = made.get("/messages?state=sent&state=queued&state=nonsense&to=%2B30691&first=2026-11-01&last=2026-11-02")
    assert made.asked[0][1] == {
        "state": ["sent", "queued"],
        "to": ["+30691"],
        "from_date": ["2026-10-31T22:00:00.000Z"],
        "to_date": ["2026-11-02T22:00:00.000Z"],
        "limit": ["50"],
    }
    kept = "state=sent&amp;state=queued&amp;to=%2B30691&amp;first=2026-11-01&amp;last=2026-11-02"
    assert f"/ui/messages?{kept}&amp;cursor=AAAAAAAAAAAAAAAA" in page and f"/ui/messages/export?{kept}" in page
    assert EVIL not in page and page.count("&lt;script&gt;") == 3 and 'value="queued" checked' in page


def test_empty_lists_say_what_to_do() -> None:
    assert "No messages yet." in stand().get("/messages") and "Write the first one" in stand().get("/messages")
    assert "Write the first one" not in stand(scopes=("read",)).get("/messages")
    assert "No message is found." in stand().get("/messages?state=sent")
    assert stand().ask("GET", "/messages?first=x").status == 422


def test_the_file_is_the_apis() -> None:
    made = RealTenants()
    made.client.send()
    answer = made.ask("GET", "/messages/export?to=%2B306912345678")
    assert answer.status == 200 and answer.body.startswith(b"id,submission,to,from,state")
    assert 'filename="messages.csv"' in dict(answer.headers)["Content-Disposition"]
    assert made.asked[0][:2] == ("GET /messages", {"to": ["+306912345678"], "format": ["csv"]})


def test_states_move_and_a_list_that_is_another_one_is_told() -> None:
    made = stand([_ROW])
    found = re.search(r'sse-connect="/ui([^"]+)"', made.get("/messages?to=%2B30691"))
    assert found is not None
    events = events_of(made, found[1].replace("&amp;", "&"))
    assert "event: state-7" in events and "event: list" in events and "another one" not in events
    assert "The list is another one by now." in events_of(made, "/live/messages?to=%2B30691&seen=00000000")
    assert made.asked[1][1]["to"] == ["+30691"]


def test_one_message_with_all_that_happened() -> None:
    page = stand().get("/messages/7")
    text = text_of(page)
    assert EVIL not in page and "accepted 2026-11-18 13:00:00" in text and "0x0000000B" in text and "Unicode" in text
    assert "goes by another connector 2026-11-18 13:00:02 smsc1 · 0x00000058" in text
    assert 'class="timeline"' in page and 'data-label="Part"' in page and 'href="/ui/messages/6"' in page
    assert "/cancel" not in page and "other-time" not in page
    moves = events_of(stand(), "/live/messages/7")
    assert "event: message" in moves and EVIL not in moves


def test_what_is_not_there_is_not_found() -> None:
    made = stand()
    made.answers["GET /messages/8"] = Refusal.NOT_FOUND
    assert made.ask("GET", "/messages/8").status == 404


def waiting() -> RealTenants:
    """An account with two messages that wait, over the real API."""
    made = RealTenants(BusinessClient(Tenant("demo", credit=0, time_zone="Europe/Athens")))
    moved: dict[str, Any] = {**_DETAIL, "state": "scheduled", "schedule_at": "2026-12-24T16:00:00.000Z", "error": None}
    one = {name: moved[name] for name in ("id", "submission", "to", "from", "parts", "price", "client_ref")}
    listed = {**one, "schedule_at": moved["schedule_at"], "held": False}
    held = {**listed, "id": "8", "schedule_at": None, "held": True}
    made.answers = {
        "GET /scheduled": {"messages": [listed, held], "next_cursor": None},
        "GET /messages/7": moved,
        "GET /messages/6": {"id": "6", "messages": [moved, {**moved, "id": "8", "held": True}]},
        "PATCH /messages/7": moved,
        "PATCH /messages/6": {"id": "6", "messages": [moved]},
        "DELETE /messages/7": {**moved, "state": "cancelled"},
        "DELETE /messages/6": {"id": "6", "messages": [{**moved, "state": "cancelled"}, {**moved, "state": "sent"}]},
    }
    return made


def test_the_real_list_of_nothing() -> None:
    made = RealTenants(BusinessClient(Tenant("demo", credit=0)))
    assert "Nothing waits for its time." in made.get("/scheduled") and made.names() == ["GET /scheduled"]


def test_what_waits_is_moved_sent_now_and_cancelled() -> None:
    made = waiting()
    page = made.get("/scheduled")
    assert "2026-12-24 18:00:00" in page and EVIL not in page and "looked at by the operator first" in page
    assert page.count('/time"') == 1 and page.count("/cancel") == 2
    assert made.done("/messages/7/time", {"when": "now", "from": "/scheduled"}) == "/ui/scheduled"
    assert made.done("/messages/7/time", {"when": "phrase", "phrase": "tomorrow 9:00"}) == "/ui/messages/7"
    assert made.done("/messages/7/time", {"when": "time", "time": "2026-12-25T10:30"}) == "/ui/messages/7"
    assert made.done("/messages/7/cancel", {"from": "//evil.test"}) == "/ui/messages/7"
    assert made.done("/messages/6/cancel") == "/ui/messages/6"
    bodies = [body for name, _, body in made.asked if name == "PATCH /messages/7"]
    assert bodies == [
        {"schedule_at": None},
        {"schedule_at": "tomorrow 9:00"},
        {"schedule_at": "2026-12-25T10:30:00+02:00"},
    ]


def test_a_submission_is_moved_as_a_whole() -> None:
    made = waiting()
    page = made.get("/messages/6")
    assert "Submission of 2 messages" in page and 'action="/ui/messages/6/time"' in page
    assert "event: submission" in events_of(made, "/live/messages/6")
    made.done("/messages/6/time", {"when": "now"})


def test_what_is_too_late_comes_back_as_it_was_filled_in() -> None:
    made = waiting()
    made.answers["PATCH /messages/7"] = Refusal.TOO_LATE
    answer = made.post("/messages/7/time", {"when": "phrase", "phrase": EVIL})
    page = answer.body.decode()
    assert answer.status == 409 and 'role="alert"' in page and EVIL not in page and "&lt;script&gt;" in page
    assert made.post("/messages/7/time", {"when": "time"}).status == 422


def test_who_only_reads_is_offered_nothing() -> None:
    made = waiting()
    made = RealTenants(made.client, made.answers, ("read",))
    assert "/cancel" not in made.get("/scheduled") and "/cancel" not in made.get("/messages/7")
    assert made.post("/messages/7/cancel").status == 403 and made.post("/messages/7/time").status == 403
    assert RealTenants(scopes=("send",)).ask("GET", "/messages").status == 403
