"""Texts that were not taken after all may come again, whatever kept them from being taken."""

import pytest

from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import KeyMismatch, Replayed, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import HELD, State
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Idempotency, Item, Submission
from smsgwd.model.tenant import Flood, Tenant
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeStore, now
from tests.app.pipelines import maker_of

CAREFUL = Tenant("demo", prices=(("", 40_000),), duplicate_s=60)


class World:
    def __init__(self):
        self.store = FakeStore()
        self.clock = FakeClock()
        self.woken = []
        self.pipeline = self.pipeline_of(CAREFUL)

    def pipeline_of(self, tenant):
        return Pipeline(
            store=self.store,
            dispatcher=FakeDispatcher(),
            clock=self.clock,
            turn=AtOnce(),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",))]), FakeDispatcher()),
            accounts={"demo": account_of(tenant)}.get,
            scheduled=self.woken.append,
            observe=lambda *_: None,
        )

    def submit(self, key=None, items=None):
        items = items or [Item("iSMS", "+306912345678", "Hello")]
        return self.pipeline.submit(Submission("demo", items, Idempotency(key, b"d") if key else None))

    def answer(self, result, key=None):
        """What a submission is told whose change the store answers like this."""
        self.store.answers[Submit] = result
        answer = self.submit(key)
        if self.store.waiting:
            self.store.finish()
        return answer

    def sent(self):
        """The code of what keeps the text from being taken now; None = it is taken."""
        entry = now(self.answer(Submitted({}))).entries[0]
        return None if entry.error is None else entry.error.code


@pytest.fixture
def world():
    return World()


def test_the_same_text_is_taken_once(world):
    assert world.sent() is None
    assert world.sent() == "duplicate"
    world.clock.advance(61)
    assert world.sent() is None


def test_a_text_refused_for_its_key_may_come_again_with_another(world):
    with pytest.raises(Refused):
        now(world.answer(KeyMismatch(), key="used"))
    assert world.sent() is None


def test_a_repeated_request_is_no_new_text(world):
    """Its text was taken longer ago than duplicates count; the repetition took nothing."""
    first = now(world.answer(Submitted({}), key="k"))
    [[change]] = world.store.log
    world.clock.advance(61)
    assert now(world.answer(Replayed(change.answer, {}), key="k")).entries[0].id == first.entries[0].id
    assert world.sent() is None


def test_what_could_not_be_stored_may_come_again(world):
    answer = world.submit()
    world.store.fail(StoreUnavailable("the disk is full"))
    with pytest.raises(Refused):
        now(answer)
    assert world.sent() is None


def test_what_nobody_could_pay_for_may_come_again(world):
    assert now(world.answer(Submitted({0: "no_credit"}))).entries[0].error.code == "no_credit"
    assert world.sent() is None


def test_what_is_held_keeps_its_own_time(world):
    flooded = Tenant("demo", prices=(("", 40_000),), flood=Flood(prefix=5, window_s=60, most=1, factor=1.0))
    world.pipeline = world.pipeline_of(flooded)
    due = world.clock.now_ms() + 3_600_000
    answer = world.submit(items=[Item("iSMS", "+306912345678", text, schedule_at=due) for text in ("a", "b")])
    [[change, note]] = world.store.log
    assert [message.due_at for message in change.messages] == [due, HELD + due]
    assert note.type == "held" and note.message_id == change.messages[1].id
    world.store.finish()
    assert [entry.state for entry in now(answer).entries] == [State.SCHEDULED] * 2
    assert world.woken == [due]
