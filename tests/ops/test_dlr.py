"""`dlr push` and `dlr status`."""

import pytest
from msgspec.structs import replace
from twisted.internet.defer import succeed

from smsgwd.model.message import State
from smsgwd.model.operators import Repush, Repushed
from smsgwd.ops.dlr import Receipts
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import StoreCounts, StoreUnavailable
from tests.app.made import message, view
from tests.ops.asking import NOW_MS, Clock, Store, run

FROM = "2026-05-28T20:00:00Z"
FROM_MS = NOW_MS - 26 * 60_000 - 40_000


def family(store, looked=None):
    return Receipts(store, Clock(), (looked if looked is not None else []).append)


def test_a_span_of_time_step_by_step_and_each_target_is_looked_at_once():
    looked = []
    store = Store(Repushed(1000, ("t1", "t2"), 77, True), Repushed(5, ("t2",), 90, False))
    answer = run(family(store, looked), "dlr", "push", tenant="demo", **{"from": FROM})
    assert answer == {"pushed": 1005, "targets": ["t1", "t2"]} and looked == ["t1", "t2"]
    first = Repush(NOW_MS, (), "demo", "", FROM_MS, NOW_MS + 1, 0, 1000)
    second = Repush(NOW_MS, (), "demo", "", FROM_MS, NOW_MS + 1, 77, 1000)
    assert store.asked == [first, second]


def test_messages_by_their_ids():
    looked = []
    store = Store(Repushed(2, ("@esme",)))
    assert run(family(store, looked), "dlr", "push", id="4,5")["pushed"] == 2
    assert store.asked == [Repush(NOW_MS, (4, 5))] and looked == ["@esme"]


def test_what_was_owed_before_the_store_failed_is_looked_at():
    looked = []
    store = Store(Repushed(1000, ("t1",), 77, True), StoreUnavailable("disk full"))
    with pytest.raises(CommandError, match="disk full"):
        run(family(store, looked), "dlr", "push", **{"from": FROM})
    assert looked == ["t1"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "say which"),
        ({"to": FROM}, "say which"),
        ({"id": "4,"}, "id: numbers"),
        ({"id": "4", "from": FROM}, "either id="),
        ({"id": ",".join("1" * 1001)}, "1000 at most"),
        ({"from": FROM, "to": FROM}, "to is not behind from"),
        ({"from": "soon"}, "from: "),
    ],
)
def test_what_is_wrong_is_said(params, said):
    store = Store()
    with pytest.raises(CommandError, match=said):
        run(family(store), "dlr", "push", **params)
    assert store.asked == []


class Waiting(Store):
    """Pages of sent messages."""

    def waiting(self, connector, states, after, limit):

        assert (connector, states) == ("", (State.SENT,))
        found = [each for each in self.sent if each.message.id > after]
        self.limits.append(limit)
        return succeed(found[:limit])


def test_what_carriers_owe_by_connector_and_age():
    store = Waiting(counts=StoreCounts((), 0, 4, 0, 0, 2, 1))
    store.limits = []
    ages = [("a", 1), ("a", 30), ("b", 7_000), ("a", 2_000_000)]
    store.sent = []
    for number, (connector, age_s) in enumerate(ages, 1):
        made = view(message(number, connector=connector, state=State.SENT))

        store.sent.append(replace(made, sent_at=NOW_MS - age_s * 1000))
    answer = run(family(store), "dlr", "status")
    assert {key: answer[key] for key in ("sent_without_receipt", "counted", "parked", "orphans")} == {
        "sent_without_receipt": 4,
        "counted": 4,
        "parked": 2,
        "orphans": 1,
    }
    first, second = answer["connectors"]
    assert (first["connector"], first["waiting"], first["oldest_s"]) == ("a", 3, 2_000_000)
    assert (first["<10s"], first["<1m"], first["older"]) == (1, 1, 1)
    assert (second["connector"], second["<6h"], second["waiting"]) == ("b", 1, 1)


def test_a_flood_of_them_is_counted_up_to_a_bound():
    store = Waiting(counts=StoreCounts((), 0, 10**6, 0, 0, 0, 0))
    one = view(message(1, state=State.SENT, submitted_at=NOW_MS))

    def endless(connector, states, after, limit):

        return succeed([one] * limit)

    store.waiting = endless
    assert run(family(store), "dlr", "status")["counted"] == 200_000
