"""Texts that were not taken after all may come again, whatever kept them from being taken."""

import pytest

from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import KeyMismatch, Replayed, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Idempotency, Item, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeStore, now
from tests.app.pipelines import maker_of

CAREFUL = Tenant("demo", prices=(("", 40_000),), duplicate_s=60)


class World:
    def __init__(self):
        self.store = FakeStore()
        self.clock = FakeClock()
        self.pipeline = Pipeline(
            store=self.store,
            dispatcher=FakeDispatcher(),
            clock=self.clock,
            turn=AtOnce(),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",))]), FakeDispatcher()),
            accounts={"demo": account_of(CAREFUL)}.get,
            scheduled=lambda _: None,
            observe=lambda *_: None,
        )

    def submit(self, key=None):
        item = Item("iSMS", "+306912345678", "Hello")
        return self.pipeline.submit(Submission("demo", [item], Idempotency(key, b"d") if key else None))

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
