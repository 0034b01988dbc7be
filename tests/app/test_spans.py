"""Which spans a message has, told from committed changes."""

import pytest

from smsgwd.app.spans import Spans
from smsgwd.model.changes import (
    Fail,
    Moved,
    Parked,
    PartSent,
    Requeue,
    Submit,
    Submitted,
    Swept,
    TakeReceipt,
)
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.receipts import Receipt
from smsgwd.telemetry.tracing import mixed, span_of, trace_of
from tests.app.made import message

NOW = 1_800_000_000_000


class World:
    def __init__(self, ratio=1.0):
        self.found = []
        self.now = NOW
        self.spans = Spans(ratio, lambda: self.now, self.found.append)

    def __call__(self, change, result):
        self.spans([change], [result])
        return self.found


def item(number, message_id, at=NOW):
    return OutboxItem(
        number, "shop", "shop https://x", "https://x/secret", "message.delivered", at, at, 0, message_id, "306900",
        "Shop", None, State.DELIVERED, None, at, at, 1,
    )  # fmt: skip


def sent(number, part=1, at=NOW, took=100):
    return PartSent(number, part, "abc", "g", "sim", at, latency_ms=took)


def test_a_submission_begins_the_trace_of_each_message_that_was_taken():
    world = World()
    world.now = NOW + 7
    found = world(Submit("shop", [message(1), message(2)], NOW), Submitted({1: "no_credit"}))
    [span] = found
    assert (span.name, span.parent, span.start, span.end) == ("submit", 0, NOW, NOW + 7)
    assert (span.trace, span.id) == (trace_of(1), span_of(1, 0))


def test_a_send_ends_with_its_answer():
    [span] = World()(sent(5), Moved(5, State.SENT))
    assert (span.name, span.parent, span.start, span.end, span.error) == ("send", span_of(5, 0), NOW - 100, NOW, "")
    assert span.attributes == {"smsgwd.connector": "sim", "smsgwd.part": 1, "smsgwd.smsc_id": "abc"}


def test_each_attempt_and_part_is_a_span_of_its_own():
    world = World()
    error = Failure("smsc_rejected", "full", 0x14)
    world(Requeue(5, 0, "other", NOW - 1000, error, left="sim", latency_ms=20), Moved(5, State.WAITING))
    world(Fail(5, 1, "other", NOW - 500, error), Moved(5, State.REJECTED))
    world(sent(5, 1), Moved(5, State.QUEUED))
    found = world(sent(5, 2), Moved(5, State.SENT))
    assert [span.name for span in found] == ["send"] * 4
    assert len({span.id for span in found}) == 4
    assert found[0].attributes == {"smsgwd.connector": "sim", "smsgwd.smpp_status": 0x14}
    assert [span.error for span in found] == ["smsc_rejected", "smsc_rejected", "", ""]


def test_a_receipt_is_timed_from_its_reading_and_fails_where_the_message_did():
    world = World()
    world.now = NOW + 3
    receipt = Receipt("g", "abc", State.UNDELIVERED, NOW, status="UNDELIV", connector="sim")
    [span] = world(TakeReceipt(receipt), Moved(5, State.UNDELIVERED))
    assert (span.name, span.start, span.end, span.error) == ("receipt", NOW, NOW + 3, "undelivered")
    assert span.attributes["smsgwd.receipt_status"] == "UNDELIV"
    assert len(world(TakeReceipt(receipt), Parked())) == 1, "nobody knows whose it is"


def test_a_push_ends_when_it_is_answered_well():
    world = World()
    world(TakeReceipt(Receipt("g", "abc", State.DELIVERED, NOW)), Moved(5, State.DELIVERED, (item(77, 5),)))
    world(OutboxRetry(77, NOW + 1000, "status 500 of https://x/secret"), None)
    span = world(OutboxDone(77, NOW + 2000), None)[-1]
    assert (span.name, span.start, span.end, span.error) == ("push", NOW, NOW + 2000, "")
    assert span.attributes["smsgwd.attempts"] == 2
    assert "secret" not in str(world.found) and "306900" not in str(world.found)
    assert len(world(OutboxDone(77, NOW + 3000), None)) == 2, "once"


def test_a_push_that_is_given_up_is_an_error():
    world = World()
    world(TakeReceipt(Receipt("g", "abc", State.DELIVERED, NOW)), Moved(5, State.DELIVERED, (item(77, 5),)))
    assert world(OutboxDead(77, NOW, "gone"), None)[-1].error == "given up"


def test_messages_that_expire_end_with_an_error():
    found = World()(None, Swept((5, 6), (), False, State.EXPIRED))
    assert [(span.name, span.error, span.trace) for span in found] == [
        ("end", "expired", trace_of(5)),
        ("end", "expired", trace_of(6)),
    ]


def test_the_number_of_pushes_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("smsgwd.app.spans._MOST_PUSHES", 2)
    world = World()
    for number in (1, 2, 3):
        world(TakeReceipt(Receipt("g", "abc", State.DELIVERED, NOW)), Moved(5, State.DELIVERED, (item(number, 5),)))
    assert len(world(OutboxDone(1, NOW), None)) == 3, "the oldest was forgotten"
    assert len(world(OutboxDone(3, NOW), None)) == 4


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 1.0])
def test_the_share_that_is_traced(ratio):
    ids = IdGenerator(5)
    spans = World(ratio).spans
    numbers = [ids.block(1, NOW + at // 50) for at in range(20_000)]
    share = sum(spans.traced(number) for number in numbers) / len(numbers)
    assert abs(share - ratio) < 0.02


def test_what_is_not_traced_makes_no_span():
    world = World(0.0)
    world(Submit("shop", [message(1)], NOW), Submitted({}))
    world(sent(1), Moved(1, State.SENT))
    world(TakeReceipt(Receipt("g", "abc", State.DELIVERED, NOW)), Moved(1, State.DELIVERED, (item(7, 1),)))
    assert world(OutboxDone(7, NOW), None) == []


def test_ids_tell_the_message_and_are_valid():
    number = IdGenerator(5).block(1, NOW)
    assert f"{trace_of(number):032x}".startswith(f"{number:016x}")
    assert trace_of(number) & ((1 << 64) - 1) == mixed(number)
    assert 0 < span_of(number, 1, 3) < 1 << 64
    assert len({span_of(number, kind, which) for kind in range(5) for which in range(1000)}) == 5000
