"""Guards of a process that shares its store."""

import pytest

from smsgwd.admission.admit import account_of
from smsgwd.admission.duplicates import text_digest
from smsgwd.admission.flood import FloodGuard
from smsgwd.app.guards import SharedGuards, recall
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Item, Submission
from smsgwd.model.tenant import Flood, Tenant
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeStore, now
from tests.app.pipelines import maker_of
from tests.store.samples import message

CAREFUL = Tenant("demo", prices=(("", 40_000),), duplicate_s=60)
PUMPED = Tenant("demo", flood=Flood(most=10, action="refuse"))


def guards(nodes=lambda: 2):
    return SharedGuards(FloodGuard(), lambda tenant, prefix: None, nodes)


def test_each_node_holds_its_part_of_a_flood():
    count = [2]
    asked = guards(lambda: count[0])
    for _ in range(5):
        asked.check(PUMPED, message(), 0)
    with pytest.raises(Refused):
        asked.check(PUMPED, message(), 0)
    count[0] = 1
    for _ in range(4):
        asked.check(PUMPED, message(), 0)
    with pytest.raises(Refused):
        asked.check(PUMPED, message(), 0)


def test_a_node_has_a_part_of_one_at_least():
    asked = guards(lambda: 100)
    asked.check(PUMPED, message(), 0)
    with pytest.raises(Refused):
        asked.check(PUMPED, message(), 0)


def test_the_longer_window_counts():
    asked = guards()
    one = message(body=b"x")
    assert asked.texts(Tenant("demo"), [one]) == ()
    assert asked.texts(CAREFUL, [one]) == ((text_digest("demo", one.msisdn, b"x"), 60_000),)
    assert asked.texts(CAREFUL, [one], 120)[0][1] == 120_000
    assert asked.texts(Tenant("demo"), [one, one], 120) == ((text_digest("demo", one.msisdn, b"x"), 120_000),) * 2


def test_nothing_is_recalled():
    now_ms = 1_000_000
    asked = recall(guards(), None, [CAREFUL], now_ms)
    with pytest.raises(StopIteration):
        asked.send(None)


def test_the_store_is_asked_and_its_answer_is_told():
    store, clock = FakeStore(), FakeClock()
    parts = maker_of(Routes([Rule(("sim",))]), FakeDispatcher(), watching=guards())
    pipeline = Pipeline(
        store=store,
        dispatcher=FakeDispatcher(),
        clock=clock,
        turn=AtOnce(),
        ids=IdGenerator(5),
        **parts,
        accounts={"demo": account_of(CAREFUL)}.get,
        scheduled=lambda at: None,
        observe=lambda *_: None,
    )
    store.answers[Submit] = Submitted({1: "duplicate"})
    items = [Item("iSMS", number, "Hello") for number in ("+306912345678", "+306912345678", "+306912345679")]
    done = pipeline.submit(Submission("demo", items))
    if store.waiting:
        store.finish()
    codes = [None if entry.error is None else entry.error.code for entry in now(done).entries]
    assert codes == [None, "duplicate", None]
    [change] = [each for batch in store.log for each in batch if isinstance(each, Submit)]
    assert len(change.texts) == 3
    assert len({digest for digest, _ in change.texts}) == 2
