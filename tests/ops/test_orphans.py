"""`dlr orphans`, `rematch` and `drop`."""

import json

import pytest

from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.model.upkeep import DropOrphans, Rematch, Rematched
from smsgwd.ops.orphans import Orphans
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import Orphan, StoreUnavailable
from tests.ops.asking import NOW_MS, Clock, Store, run


class Offered:
    def __init__(self):
        self.all = []

    def offer(self, items):
        self.all += items


def family(store, outbox=None, sending=None):
    return Orphans(store, Clock(), outbox or Offered(), sending or Offered())


def test_the_list_tells_them_apart_and_shows_no_number():
    receipt = Receipt("g", "0a1f", State.DELIVERED, NOW_MS, "DELIVRD", "000", NOW_MS, "306912345678", "sim")
    store = Store(orphans=[Orphan(4, receipt)])
    rows = run(family(store), "dlr", "orphans", limit="5", after="3")
    assert store.read == [("orphans", 3, 5)]
    assert rows == [
        {
            "id": 4,
            "received_at": "2026-05-28T20:26:40.000Z",
            "connector": "sim",
            "group": "g",
            "smsc_id": "0a1f",
            "status": "DELIVRD",
            "error": "000",
        }
    ]
    assert "306912345678" not in json.dumps(rows)


@pytest.mark.parametrize("params", [{"limit": "1001"}, {"limit": "-1"}, {"after": "x"}])
def test_a_list_of_nonsense(params):
    with pytest.raises(CommandError, match="must be a number from 0 to"):
        run(family(Store()), "dlr", "orphans", **params)


def test_a_list_that_cannot_be_read():
    store = Store(orphans=StoreUnavailable("closed"))
    with pytest.raises(CommandError, match="cannot be read: closed"):
        run(family(store), "dlr", "orphans")
    assert store.read == [("orphans", 0, 100)]


def test_rematch_goes_round_and_hands_on_what_comes_of_it():
    outbox, sending = Offered(), Offered()
    store = Store(Rematched(1000, 2, 1500, True, ("push",), ()), Rematched(10, 1, 1600, False, (), ("message",)))
    assert run(family(store, outbox, sending), "dlr", "rematch", smsc_id="0a1f") == {"tried": 1010, "applied": 3}
    assert store.asked == [Rematch(0, NOW_MS, 250, "0a1f"), Rematch(1500, NOW_MS, 250, "0a1f")]
    assert (outbox.all, sending.all) == (["push"], ["message"])


def test_rematch_that_is_broken_off_says_how_far_it_was():
    store = Store(Rematched(1000, 2, 1500, True), StoreUnavailable("disk full"))
    with pytest.raises(CommandError, match=r"\(2 were applied\): disk full"):
        run(family(store), "dlr", "rematch")


def test_drop():
    store = Store(2000, 3)
    assert run(family(store), "dlr", "drop", before="2026-05-28T20:26:40Z") == {"dropped": 2003}
    assert store.asked == [DropOrphans(NOW_MS, 2000)] * 2
    store = Store(1)
    run(family(store), "dlr", "drop", before="all")
    assert store.asked[0].before > NOW_MS
    with pytest.raises(CommandError, match="before must be 'all' or a time"):
        run(family(Store()), "dlr", "drop", before="yesterday")
    with pytest.raises(CommandError, match=r"\(2000 were dropped\): disk full"):
        run(family(Store(2000, StoreUnavailable("disk full"))), "dlr", "drop", before="all")
