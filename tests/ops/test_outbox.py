"""`outbox list` and `outbox revive`."""

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.changes import OutboxRevive
from smsgwd.model.outbox import OutboxTarget
from smsgwd.ops.outbox import Outbox
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ports.store import PushView, StoreUnavailable

NOW_MS = 1_780_000_000_000


class Clock:
    def now_ms(self):
        return NOW_MS


class Store:
    def __init__(self, *counts):
        self.counts = list(counts)
        self.asked = []

    def commit(self, changes):
        self.asked += changes
        count = self.counts.pop(0)
        return fail(count) if isinstance(count, Exception) else succeed([count])

    def outbox_targets(self, *, esmes):
        if self.counts:
            return fail(self.counts.pop())
        if esmes:
            return succeed([OutboxTarget("@demo", 3, NOW_MS)])
        return succeed([OutboxTarget("demo https://shop.example", 7, NOW_MS + 1500)])

    def outbox_dead(self):
        return succeed({"@demo": 2, "@gone": 1})


def run(store, verb, **params):
    looked, results = [], []
    done = Registry(Outbox(store, Clock(), looked.append).commands()).run("outbox", verb, params)
    done.addBoth(results.append)
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0], looked


def test_list_names_both_kinds():
    rows, _ = run(Store(), "list")
    assert rows == [
        {"target": "@demo", "pending": 3, "next_due": "2026-05-28T20:26:40.000Z", "given_up": 2},
        {
            "target": "demo https://shop.example",
            "pending": 7,
            "next_due": "2026-05-28T20:26:41.500Z",
            "given_up": 0,
        },
        {"target": "@gone", "pending": 0, "next_due": None, "given_up": 1},
    ]
    with pytest.raises(CommandError, match="cannot be read: closed"):
        run(Store(StoreUnavailable("closed")), "list")


def test_revive_goes_on_until_there_is_no_more_and_then_has_it_looked_for():
    store = Store(10_000, 10_000, 12)
    answer, looked = run(store, "revive", target="@demo")
    assert answer == {"target": "@demo", "revived": 20_012}
    assert store.asked == [OutboxRevive("@demo", NOW_MS, 10_000)] * 3
    assert looked == ["@demo"]


def test_nothing_to_revive_looks_for_nothing():
    answer, looked = run(Store(0), "revive", target="@demo")
    assert answer["revived"] == 0
    assert looked == []


def test_a_store_that_fails_on_the_way():
    store = Store(10_000, StoreUnavailable("disk full"))
    with pytest.raises(CommandError, match=r"10000 were revived\): disk full"):
        run(store, "revive", target="@demo")
    with pytest.raises(CommandError, match="needs the parameter target"):
        run(Store(), "revive")


def test_show_tells_the_last_error_without_secrets_of_urls():
    class Shown(Store):
        def pushes(self, target, status, after, limit):
            self.asked.append((target, status, after, limit))
            row = PushView(
                5,
                0,
                "demo",
                target,
                "https://u:p@shop.example/x?key=secret",
                "mo.received",
                "given_up",
                9,
                NOW_MS,
                NOW_MS,
                NOW_MS,
                "410 Gone",
            )
            return succeed([row])

    store = Shown()
    done = Registry(Outbox(store, Clock(), None).commands()).run("outbox", "show", {"target": "@demo"})
    [row] = done.result
    assert store.asked == [("@demo", "pending", 0, 50)]
    assert (row["message"], row["url"], row["last_error"], row["due_at"]) == (
        "",
        "https://shop.example/x?***",
        "410 Gone",
        None,
    )
    Registry(Outbox(store, Clock(), None).commands()).run(
        "outbox", "show", {"target": "@demo", "status": "given_up", "after": "4", "limit": "7"}
    )
    assert store.asked[-1] == ("@demo", "given_up", 4, 7)
    with pytest.raises(CommandError, match="status must be one of pending, given_up, done"):
        Registry(Outbox(store, Clock(), None).commands()).run("outbox", "show", {"target": "x", "status": "lost"})
