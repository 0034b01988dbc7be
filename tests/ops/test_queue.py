"""`queue list`, `shape`, `peek`, `move`, `hold`, `release`, `purge`."""

import json

import pytest
from twisted.internet.defer import ensureDeferred, fail, succeed

from smsgwd.model.message import HELD, State
from smsgwd.ops.picks import AGE_NAMES, Counted, Pick, age_column, kind_of, states_of
from smsgwd.ops.queue import Queues
from smsgwd.ops.registry import CommandError
from smsgwd.ports.dispatch import ConnectorStatus
from smsgwd.ports.store import QueueDepth, QueuedMessage, QueueShape, StoreCounts, StoreUnavailable
from tests.app.made import message
from tests.ops.asking import NOW_MS, Clock, Store, run

COUNTS = StoreCounts((QueueDepth("sim", 90, NOW_MS - 61_000), QueueDepth("gone", 5, None)), 3, 0, 0, 0, 0, 0, 2)


class Dispatcher:
    def __init__(self, *status):
        self.all = status or (ConnectorStatus("sim", "smpp", True, 7, 2, 0, 0, 0, rate=50.04),)

    def status(self):
        return list(self.all)


class Desk:
    """Notes what it is asked; gives `answer`."""

    def __init__(self, answer=None, speeds=None):
        self.answer, self.rates = answer, speeds or {}
        self.asked = []

    def speeds(self, *, wait):
        self.asked.append(("speeds", wait))
        return succeed(self.rates)

    def __getattr__(self, name):
        def asked(*args):
            self.asked.append((name, *args))
            return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)

        return asked


def family(desk=None, store=None, dispatcher=None):
    return Queues(store or Store(counts=COUNTS), Clock(), dispatcher or Dispatcher(), desk or Desk())


def test_the_list_tells_how_long_it_would_take():
    desk = Desk(speeds={"sim": 30.0})
    rows = run(family(desk), "queue", "list")
    assert rows == [
        {
            "connector": "sim",
            "state": "up",
            "queued": 90,
            "oldest_s": 61,
            "ready": 7,
            "in_flight": 2,
            "rate": 50.0,
            "per_s": 30.0,
            "empty_in_s": 3,
        },
        {
            "connector": "gone",
            "state": "not configured",
            "queued": 5,
            "oldest_s": None,
            "ready": 0,
            "in_flight": 0,
            "rate": 0.0,
            "per_s": 0.0,
            "empty_in_s": None,
        },
    ]
    assert desk.asked == [("speeds", True)]


@pytest.mark.parametrize(
    ("fields", "state"),
    [({"up": False}, "down"), ({"state": "paused"}, "paused"), ({"suspended_s": 5.0}, "suspended")],
)
def test_nobody_waits_a_second_where_nothing_can_go(fields, state):
    values = {"id": "x", "kind": "smpp", "up": True, "ready": 0, "in_flight": 0, "sent": 0, "refused": 0, "receipts": 0}
    desk = Desk()
    rows = run(family(desk, dispatcher=Dispatcher(ConnectorStatus(**{**values, **fields}))), "queue", "list")
    assert (rows[0]["state"], rows[0]["empty_in_s"], rows[0]["queued"]) == (state, 0, 0)
    assert desk.asked == [("speeds", False)]


def test_the_shape_has_a_column_an_age():
    assert AGE_NAMES == ("<10s", "<1m", "<5m", "<15m", "<1h", "<6h", "<1d", "older")
    store = Store(queue_shapes=[QueueShape("sim", (1, 2, 0, 0, 0, 0, 0, 4), NOW_MS - 90_000)])
    [row] = run(family(store=store), "queue", "shape")
    assert store.read == [("queue_shapes", NOW_MS)]
    assert (row["<10s"], row["<1m"], row["older"], row["queued"], row["oldest_s"]) == (1, 2, 4, 7, 90)
    assert [age_column(age) for age in (0, 9.9, 10, 86_399, 86_400)] == ["<10s", "<10s", "<1m", "<1d", "older"]


def test_a_peek_shows_neither_texts_nor_numbers():
    queued = message(4, submitted_at=NOW_MS - 5_000, deadline=NOW_MS + 60_000, attempts=2, priority=3)
    store = Store(ready=[QueuedMessage(queued, frozenset({1}))], counts=COUNTS)
    [row] = run(family(store=store), "queue", "peek", connector="sim", limit="5")
    assert store.read[-1] == ("ready", "sim", None, 5)
    assert row == {
        "id": "4",
        "tenant": "demo",
        "from": "Shop",
        "to": "30691***",
        "parts": 1,
        "parts_sent": 1,
        "priority": 3,
        "attempts": 2,
        "age_s": 5,
        "expires_s": 60,
    }
    assert "Hello" not in json.dumps(row)
    [row] = run(family(store=store), "queue", "peek", connector="gone", numbers="yes")
    assert row["to"] == "306912345678"
    with pytest.raises(CommandError, match="there is no connector other; there are: sim, gone"):
        run(family(store=store), "queue", "peek", connector="other")


def test_a_move_and_what_it_picks():
    desk = Desk({"moved": 4, "stayed": 1})
    dispatcher = Dispatcher(*(ConnectorStatus(name, "smpp", True, 0, 0, 0, 0, 0) for name in ("sim", "b")))
    params = {"from": "gone", "to": "b", "tenant": "demo", "prefix": "+3069", "older_s": "60", "limit": "9"}
    answer = run(family(desk, dispatcher=dispatcher), "queue", "move", **params)
    assert answer == {"from": "gone", "to": "b", "moved": 4, "stayed": 1}
    assert desk.asked == [("move", "gone", "b", Pick("demo", "3069", 60), 9)]
    for params, said in (
        ({"from": "sim", "to": "sim"}, "same connector"),
        ({"from": "sim", "to": "gone"}, "to: there is no connector gone"),
        ({"from": "x", "to": "b"}, "from: there is no connector x"),
        ({"from": "sim", "to": "b", "prefix": "30x"}, "prefix: digits"),
        ({"from": "sim", "to": "b", "older_s": "-1"}, "older_s"),
    ):
        with pytest.raises(CommandError, match=said):
            run(family(desk, dispatcher=dispatcher), "queue", "move", **params)
    assert len(desk.asked) == 1
    busy = Desk(ValueError("queue move is under way: wait for that"))
    with pytest.raises(CommandError, match="under way"):
        run(family(busy, dispatcher=dispatcher), "queue", "move", **{"from": "sim", "to": "b"})
    away = Desk(StoreUnavailable("disk full"))
    with pytest.raises(CommandError, match="disk full"):
        run(family(away, dispatcher=dispatcher), "queue", "move", **{"from": "sim", "to": "b"})


def test_a_hold_needs_a_reason_of_one_line():
    desk = Desk({"held": 3, "stayed": 0})
    answer = run(family(desk), "queue", "hold", connector="sim", reason=" wrong texts ")
    assert answer == {"connector": "sim", "held": 3, "stayed": 0}
    assert desk.asked == [("hold", "sim", Pick(), "wrong texts")]
    for reason in (" ", "x" * 201, "two\nlines"):
        with pytest.raises(CommandError, match="reason: one line"):
            run(family(desk), "queue", "hold", connector="sim", reason=reason)


def test_a_release_says_which():
    desk = Desk(7)
    with pytest.raises(CommandError, match="say which"):
        run(family(desk), "queue", "release")
    assert run(family(desk), "queue", "release", prefix="all") == {"released": 7}
    assert run(family(desk), "queue", "release", connector="sim", tenant="demo", prefix="30") == {"released": 7}
    assert desk.asked == [("release", "", "", ""), ("release", "sim", "demo", "30")]


def test_a_purge_only_counts_until_yes_is_said():
    desk = Desk(Counted(5, 6, {"demo": 5}))
    told = run(family(desk), "queue", "purge", reason="why", connector="sim")
    assert (told["would_end"], told["parts"], told["tenants"]) == (5, 6, {"demo": 5})
    assert desk.asked == [("count", "sim", Pick(kinds=frozenset(("queued", "retry"))))]
    assert run(family(Desk(Counted(0, 0, {}))), "queue", "purge", reason="why")["next"] == "nothing to end"
    desk = Desk({"ended": 5, "stayed": 0})
    done = run(family(desk), "queue", "purge", reason="why", states="scheduled,held", tenant="demo", yes="yes")
    assert done == {"ended": 5, "stayed": 0}
    assert desk.asked == [("purge", "", Pick("demo", kinds=frozenset(("scheduled", "held"))), "why")]
    with pytest.raises(CommandError, match="states: of queued, retry, scheduled, held"):
        run(family(desk), "queue", "purge", reason="why", states="sent", yes="yes")
    with pytest.raises(CommandError, match="no connector x"):
        run(family(desk), "queue", "purge", reason="why", connector="x", yes="yes")


def test_kinds_are_those_of_what_has_not_left():
    assert kind_of(message(1)) == "queued"
    assert kind_of(message(1, state=State.WAITING)) == "retry"
    assert kind_of(message(1, state=State.SCHEDULED, due_at=5)) == "scheduled"
    assert kind_of(message(1, state=State.SCHEDULED, due_at=HELD + 5)) == "held"
    assert kind_of(message(1, state=State.SENT)) == ""
    assert states_of(frozenset(("retry", "held"))) == (State.WAITING, State.SCHEDULED)


def test_who_may_what_and_what_the_audit_looks_at():
    commands = {command.verb: command for command in family().commands()}
    assert {verb: command.needs for verb, command in commands.items()} == {
        "list": "read",
        "shape": "read",
        "peek": "read",
        "move": "operate",
        "hold": "operate",
        "release": "operate",
        "purge": "admin",
    }
    look = commands["purge"].look
    found = []
    ensureDeferred(look({})).addCallback(found.append)
    assert found == [{"queued": {"sim": 90, "gone": 5}, "scheduled": 3, "held": 2}]
