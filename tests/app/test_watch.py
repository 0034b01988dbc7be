"""What is written about watched messages, from batches as the store tells them."""

import pytest
from structlog.testing import capture_logs

from smsgwd.app.batches import BatchObservers
from smsgwd.app.watch import MessageWatch
from smsgwd.model import changes as c
from smsgwd.model.message import Coding, Failure, Message, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.receipts import Receipt
from tests.net.fake_wire import FakeClock

NUMBER = "306912345678"


class Store:
    observe_batch = None


class Stand:
    def __init__(self):
        self.clock = FakeClock()
        self.store = Store()
        self.watch = MessageWatch(self.clock.reactor, self.clock, BatchObservers(self.store))

    def commit(self, *pairs):
        with capture_logs() as lines:
            if self.store.observe_batch is not None:
                self.store.observe_batch([change for change, _ in pairs], [result for _, result in pairs])
        for line in lines:
            assert (line.pop("event"), line.pop("component"), line.pop("log_level")) == (
                "message.watched",
                "watch",
                "debug",
            )
        return lines


@pytest.fixture
def stand():
    made = Stand()
    yield made
    for watch, _ in made.watch.watches():
        made.watch.remove(watch.id)
    assert not made.clock.reactor.getDelayedCalls()


def message(number=1, tenant="shop", msisdn=NUMBER, **more):
    return Message(
        id=number,
        submission=number,
        tenant=tenant,
        source="Shop",
        dest="+" + msisdn,
        msisdn=msisdn,
        body=b"Your pin is 1234",
        coding=Coding.GSM7,
        parts=1,
        connector="sim",
        submitted_at=0,
        deadline=9,
        **more,
    )


def item(push=70, number=1, tenant="shop", dest="+" + NUMBER):
    return OutboxItem(
        id=push,
        tenant=tenant,
        target="shop http://x",
        url="http://x/dlr?key=secret",
        type="message.delivered",
        created_at=0,
        due_at=0,
        attempts=0,
        message_id=number,
        dest=dest,
        source="Shop",
        client_ref=None,
        state=State.DELIVERED,
        error=None,
        submitted_at=0,
        done_at=1,
        parts=1,
    )


def receipt(**more):
    return Receipt(
        group="g", smsc_id="a1", state=State.DELIVERED, received_at=5, status="DELIVRD", connector="sim", **more
    )


def test_the_whole_way(stand):
    watch = stand.watch.add(NUMBER, "", 60)
    about = {"id": 1, "watch": watch.id}
    assert stand.commit((c.Submit("shop", [message(1), message(2, msisdn="44")], 0), c.Submitted({}))) == [
        about | {"step": "accepted", "tenant": "shop", "to": NUMBER, "connector": "sim", "parts": 1, "state": "queued"}
    ]
    failure = Failure("throttled", "slow down", 0x58)
    assert stand.commit((c.Requeue(1, 9000, "sim", 1, failure), c.Moved(1, State.WAITING))) == [
        about
        | {
            "step": "retry",
            "connector": "sim",
            "due_at": 9000,
            "error": "throttled",
            "reason": "slow down",
            "smpp_status": 0x58,
        }
    ]
    assert (
        stand.commit((c.Requeue(1, 0, "other", 1, failure, left="sim"), c.Moved(1, State.QUEUED)))[0]["left"] == "sim"
    )
    assert stand.commit(
        (c.PartSent(1, 1, "a1", "g", "other", 2, latency_ms=40), c.Moved(1, State.SENT)),
        (c.PartSent(2, 1, "a2", "g", "other", 2), c.Moved(2, State.SENT)),
    ) == [about | {"step": "sent", "connector": "other", "part": 1, "smsc_id": "a1", "latency_ms": 40}]
    lines = stand.commit((c.TakeReceipt(receipt(error="000")), c.Moved(1, State.DELIVERED, (item(),))))
    assert [line["step"] for line in lines] == ["receipt", "final", "push_due"]
    assert lines[0]["status"] == "DELIVRD" and lines[1]["state"] == "delivered" and lines[2]["push_id"] == 70
    assert stand.commit((OutboxRetry(70, 99, "HTTP 500"), None), (OutboxRetry(71, 99, "no"), None)) == [
        about | {"step": "push_failed", "push_id": 70, "error": "HTTP 500", "due_at": 99}
    ]
    assert stand.commit((OutboxDone(70, 5), None)) == [about | {"step": "push_done", "push_id": 70}]
    assert stand.commit((OutboxDone(70, 5), None)) == []


def test_other_ends(stand):
    stand.watch.add("", "shop", 60)
    batch = c.Submit("shop", [message(n, msisdn=str(n)) for n in range(1, 9)], 0)
    lines = stand.commit((batch, c.Submitted({7: "no_credit"})))
    assert [line["step"] for line in lines] == ["accepted"] * 7 + ["not_accepted"] and lines[7]["error"] == "no_credit"
    lines = stand.commit(
        (c.Fail(1, 1, "sim", 2, Failure("smsc_rejected", "", 0x0B)), c.Moved(1, State.REJECTED)),
        (c.GiveUp(2, "sim", 2, Failure("outcome_unknown")), c.Moved(2, State.UNKNOWN)),
        (c.Cancel("shop", 3, 2), c.Moved(3, State.CANCELLED)),
        (c.Expire(2, frozenset()), c.Swept((4,), (item(80, 4),), False)),
        (Discard((5,), 2, "why"), c.Swept((5,), (), False, State.REJECTED)),
        (Hold((6,), 2, "why"), c.Rerouted((6,))),
        (c.Reroute("sim", ((6, "two"), (7, "two")), 2, "down"), c.Rerouted((7,))),
        (c.Promote(3), c.Promoted((message(6, msisdn="6"),), False)),
        (c.Note(7, 3, "outcome_unknown", connector="two"), None),
        (OutboxDead(80, 4, "gone"), None),
    )
    assert [(line["id"], line["step"], line.get("state")) for line in lines] == [
        (1, "refused", None),
        (1, "final", "rejected"),
        (2, "given_up", None),
        (2, "final", "unknown"),
        (3, "cancelled", None),
        (3, "final", "cancelled"),
        (4, "final", "expired"),
        (4, "push_due", "delivered"),
        (5, "final", "rejected"),
        (6, "held", None),
        (7, "failover", None),
        (6, "due", None),
        (7, "outcome_unknown", None),
        (4, "push_given_up", None),
    ]


def test_what_changed_nothing_says_so(stand):
    stand.watch.add(NUMBER, "", 60)
    stand.commit((c.Submit("shop", [message()], 0), c.Submitted({})))
    (line,) = stand.commit((c.TakeReceipt(receipt()), c.Ignored("final", 1)))
    assert line["ignored"] == "final"
    second = c.Resent(message(1))
    lines = stand.commit((c.TakeReceipt(receipt()), second))
    assert [line["step"] for line in lines] == ["receipt", "failover"]
    assert stand.commit((c.TakeReceipt(receipt()), c.Parked())) == []
    assert stand.commit((c.Submit("shop", [message(9)], 0), c.KeyMismatch())) == []


def test_what_was_accepted_before_is_seen_once_its_tenant_is_told(stand):
    stand.watch.add(NUMBER, "", 60)
    (line,) = stand.commit((c.TakeReceipt(receipt()), c.Moved(5, State.DELIVERED, (item(70, 5),))))
    assert (line["id"], line["step"]) == (5, "push_due")


def test_nobody_is_watched_and_nobody_is_asked(stand):
    assert stand.store.observe_batch is None
    watch = stand.watch.add(NUMBER, "", 60)
    assert stand.store.observe_batch is not None
    stand.watch.remove(watch.id)
    assert stand.store.observe_batch is None


def test_its_time(stand):
    stand.watch.add(NUMBER, "", 60)
    stand.watch.add("", "shop", 90)
    stand.clock.reactor.advance(30)
    assert [left for _, left in stand.watch.watches()] == [30, 60]
    stand.clock.offset_ms += 10_000_000  # somebody sets the wall clock
    stand.clock.reactor.advance(30.5)
    assert [watch.tenant for watch, _ in stand.watch.watches()] == ["shop"]
    stand.clock.reactor.advance(30)
    assert stand.watch.watches() == [] and stand.store.observe_batch is None
