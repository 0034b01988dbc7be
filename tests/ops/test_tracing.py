"""The rows of `message trace`."""

import json

from msgspec.structs import replace

from smsgwd.model.message import HELD, Coding, EventView, Failure, MessageView, PartView, State
from smsgwd.ops.tracing import header, mask_url_in, push_rows, steps
from smsgwd.ports.store import MessageTrace, PushView
from tests.app.made import NOW_MS, message

AT = NOW_MS


def push(**fields):
    values = {
        "id": 5,
        "message_id": 1,
        "tenant": "demo",
        "target": "demo https://shop.example",
        "url": "https://user:pw@shop.example/dlr?key=secret",
        "type": "message.delivered",
        "status": "done",
        "attempts": 0,
        "created_at": AT + 900,
        "due_at": AT + 900,
        "done_at": AT + 950,
        "last_error": "",
    }
    return PushView(**{**values, **fields})


def view(*events, state=State.DELIVERED, parts=(), done_at=AT + 900, error=None, **fields):
    made = message(1, state=state, **fields)
    return MessageView(made, AT + 100, done_at, error, "0a1f", (EventView(AT, "accepted"), *events), parts)


def told(trace, numbers=False):
    return [(row["after_s"], row["step"], row["status"], row["detail"]) for row in steps(trace, numbers=numbers)]


def test_attempts_answers_receipt_end_and_push_in_the_order_of_time():
    events = (
        EventView(AT + 50, "failover", "queue full; goes to a", "full", smpp_status=0x14, latency_ms=7),
        EventView(AT + 100, "sent", connector="a", smsc_id="0a1f", latency_ms=3),
        EventView(AT + 900, "receipt", "ENROUTE 000", "a", "0a1f"),
        EventView(AT + 900, "delivered"),
    )
    trace = MessageTrace(view(*events), (push(),))
    assert told(trace) == [
        (0.0, "accepted", "", "by HTTP, 1 part gsm"),
        (0.05, "goes another way", "ESME_RMSGQFUL", "queue full; goes to a"),
        (0.1, "submit_sm taken", "ESME_ROK", ""),
        (0.9, "receipt", "", "ENROUTE 000"),
        (0.9, "ended: delivered", "", "by its receipt"),
        (0.9, "push owed: message.delivered", "", "https://shop.example/dlr?***"),
        (0.95, "push done: message.delivered", "", "taken"),
    ]
    [taken] = [row for row in steps(trace, numbers=False) if row["step"] == "submit_sm taken"]
    assert (taken["smsc_id"], taken["ms"], taken["connector"]) == ("0a1f", 3, "a")
    assert taken["at"] == "2027-01-15T08:00:00.100Z"


def test_parts_have_rows_of_their_own():
    parts = (
        PartView(1, "0a1f", State.DELIVERED, AT + 80, AT + 800, None, 4),
        PartView(2, "0a20", State.UNDELIVERED, AT + 100, AT + 900, Failure("undelivered", "UNDELIV 001"), 5),
        PartView(3, None, State.UNDELIVERED, None, AT + 900),
    )
    events = (EventView(AT + 100, "sent", connector="a", smsc_id="0a1f"), EventView(AT + 900, "undelivered", "UNDELIV"))
    made = view(*events, state=State.UNDELIVERED, parts=parts, account="shop1")
    made = replace(made, message=replace(made.message, parts=3))
    assert told(MessageTrace(made, ())) == [
        (0.0, "accepted", "", "by SMPP account shop1, 3 parts gsm"),
        (0.08, "submit_sm taken, part 1 of 3", "ESME_ROK", ""),
        (0.1, "submit_sm taken, part 2 of 3", "ESME_ROK", ""),
        (0.1, "all parts taken", "ESME_ROK", ""),
        (0.8, "part 1: delivered", "", ""),
        (0.9, "part 2: undelivered", "", "undelivered: UNDELIV 001"),
        (0.9, "ended: undelivered", "", "UNDELIV"),
    ]


def test_the_receipt_that_ended_it_says_why():
    ended = view(
        EventView(AT + 900, "undelivered", "undelivered: UNDELIV 001"),
        state=State.UNDELIVERED,
        error=Failure("undelivered", "UNDELIV 001"),
    )
    [row] = [row for row in steps(MessageTrace(ended, ()), numbers=False) if row["step"].startswith("ended")]
    assert (row["detail"], row["smsc_id"], row["connector"]) == ("by its receipt: UNDELIV 001", "0a1f", "a")
    timed_out = view(
        EventView(AT + 900, "unknown", "receipt_timeout"), state=State.UNKNOWN, error=Failure("receipt_timeout")
    )
    assert told(MessageTrace(timed_out, ()))[-1] == (0.9, "ended: unknown", "", "receipt_timeout")


def test_a_push_that_fails_says_how_often_and_why():
    error = "503 from https://shop.example/dlr?key=secret"
    pending = push(status="pending", attempts=2, done_at=None, due_at=AT + 60_000, last_error=error)
    rows = told(MessageTrace(view(), (pending,)))
    assert rows[-1][1:] == (
        "push pending: message.delivered",
        "",
        "2 failed attempts, the last: 503 from https://shop.example/dlr?***; next try 2027-01-15T08:01:00.000Z",
    )
    rows = told(MessageTrace(view(), (push(status="pending", done_at=None, attempts=0),)))
    assert rows[-1][3] == "next try 2027-01-15T08:00:00.900Z"
    rows = told(MessageTrace(view(), (push(status="given_up", attempts=1, last_error="410 Gone"),)))
    assert rows[-1][1:] == ("push given up: message.delivered", "", "tried again 1 time, the last: 410 Gone")
    rows = told(MessageTrace(view(), (push(attempts=1, last_error="timeout"),)))
    assert rows[-1][3] == "1 failed attempt, the last: timeout"
    esme = told(MessageTrace(view(), (push(target="@shop1", url=""),)))
    assert esme[-2][3] == "deliver_sm to shop1"


def test_numbers_are_cut_and_urls_are_bare_unless_wanted():
    event = EventView(AT + 10, "retry", "for 306912345678", "a", smpp_status=0x0B)
    trace = MessageTrace(view(event), (push(),))
    assert "306912345678" not in json.dumps(steps(trace, numbers=False))
    assert "306912345678" in json.dumps(steps(trace, numbers=True))
    for rows in (steps(trace, numbers=True), push_rows(trace.pushes)):
        assert "secret" not in json.dumps(rows) and "pw" not in json.dumps(rows)
    assert mask_url_in("no url here") == "no url here"


def test_the_header_has_the_text_only_where_it_is_wanted():
    made = view(client_ref="r", error=Failure("expired", "late"))
    shown = header(made, numbers=False, text=False)
    assert "text" not in shown and "Hello" not in json.dumps(shown)
    assert (shown["to"], shown["client_ref"], shown["error"]) == ("30691***", "r", "expired: late")
    shown = header(made, numbers=True, text=True)
    assert (shown["to"], shown["text"]) == ("306912345678", "Hello")
    binary = header(view(coding=Coding.BINARY, body=b"\x05\x00"), numbers=False, text=True)
    assert binary["text"] == "0500"


def test_held_is_said_of_what_waits_only():
    waiting = view(state=State.SCHEDULED, due_at=HELD, done_at=None)
    assert header(waiting, numbers=False, text=False)["held"] is True
    assert header(view(due_at=HELD), numbers=False, text=False)["held"] is False
