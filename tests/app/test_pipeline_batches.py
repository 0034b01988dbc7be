"""What one turn of the reactor brings is one batch of the store, and nobody can tell."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as Reactor

from smsgwd.admission.admit import account_of
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import Replayed, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Failure
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Idempotency, Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.net.turn import Turn
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeStore
from tests.app.pipelines import maker_of

TENANT = Tenant("demo", prices=(("", 40_000),))
NUMBER = "306912345678"


class World:
    def __init__(self, at_once=False):
        self.store, self.dispatcher = FakeStore(), FakeDispatcher()
        self.offers = []
        offer = self.dispatcher.offer
        self.dispatcher.offer = lambda messages: (self.offers.append(len(messages)), offer(messages))
        self.reactor = Reactor()
        self.told = []
        self.seen = []
        self.pipeline = Pipeline(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=FakeClock(),
            turn=AtOnce() if at_once else Turn(self.reactor),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",), to=("30*",))]), self.dispatcher),
            accounts={"demo": account_of(TENANT)}.get,
            scheduled=lambda at: None,
            observe=lambda *seen: self.seen.append(seen),
        )

    def take(self, name, *items, key=None, intake="http"):
        idempotency = Idempotency(key, b"d") if key else None
        submission = Submission("demo", list(items) or [item()], idempotency, intake)
        self.pipeline.take(submission, lambda outcome, arg: self.told.append((arg, outcome)), name)

    def turn(self):
        self.reactor.advance(0)

    @property
    def names(self):
        return [name for name, _ in self.told]


def item(dest=NUMBER, **fields):
    return Item(**{"source": "iSMS", "dest": dest, "text": "Hello", **fields})


@pytest.fixture
def world():
    return World()


def test_what_a_turn_brings_is_one_batch_one_offer_and_counted_once(world):
    world.take("a", item(), item())
    world.take("b", item(dest="12"), item())
    world.take("c", intake="smpp")
    assert world.store.log == [] and world.pipeline.pending == 4
    world.turn()
    [batch] = world.store.log
    assert [len(change.messages) for change in batch] == [2, 1, 1]
    assert world.told == []
    world.store.finish()
    assert world.offers == [4]
    assert world.names == ["a", "b", "c"]
    assert sorted(world.seen) == [("http", 3, 3, {"invalid_recipient": 1}), ("smpp", 1, 1, {})]
    assert world.pipeline.pending == 0
    ids = [entry.id for _, outcome in world.told for entry in outcome.entries if entry.id]
    assert ids == [message.id for message in world.dispatcher.offered]


def test_the_next_turn_is_the_next_batch(world):
    world.take("a")
    world.turn()
    world.take("b")
    world.turn()
    world.turn()
    assert [len(batch) for batch in world.store.log] == [1, 1]


def test_a_batch_has_its_bound(world):
    for name in range(25):
        world.take(name, *[item()] * 100)
    world.turn()
    assert [sum(len(change.messages) for change in batch) for batch in world.store.log] == [1000, 1000, 500]
    while world.store.waiting:
        world.store.finish()
    assert world.names == list(range(25))


def test_the_second_of_two_equal_keys_in_one_turn_is_refused(world):
    world.take("first", key="k")
    world.take("second", key="k")
    [(name, refused)] = world.told
    assert name == "second" and refused.refusal is Refusal.IDEMPOTENCY_RUNNING
    world.turn()
    world.store.finish()
    assert world.names == ["second", "first"]


def test_each_gets_its_own_result(world):
    world.take("refused", item(), item())
    world.take("replayed", key="k")
    world.take("good")
    world.turn()
    kept = world.store.log[0][1].answer
    world.store.finish([Submitted({0: "no_credit"}), Replayed(kept, {}), Submitted({})])
    told = dict(world.told)
    assert [entry.error and entry.error.code for entry in told["refused"].entries] == ["no_credit", None]
    assert told["replayed"].entries[0].error is None
    assert [message.id for message in world.dispatcher.offered] == [
        told["refused"].entries[1].id,
        told["good"].entries[0].id,
    ]


def test_one_that_cannot_be_told_keeps_the_others_from_nothing(world):
    def broken(outcome, arg):
        raise ZeroDivisionError

    world.take("a")
    world.pipeline.take(Submission("demo", [item()]), broken, None)
    world.take("c")
    world.turn()
    world.store.finish()
    assert world.names == ["a", "c"] and world.offers == [3]
    world.pipeline.take(Submission("gone", [item()]), broken, None)  # refused at once: it does not hear of its own bug


def test_only_what_the_store_cannot_take_fails(world):
    for name in "abc":
        world.take(name, key=name)
    world.turn()
    world.store.fail(ValueError("bad content"))
    assert world.told == [] and [len(batch) for batch in world.store.log] == [3, 1, 1, 1]
    world.store.finish()
    world.store.fail(ValueError("bad content"))
    world.store.finish()
    assert [(name, type(outcome)) for name, outcome in world.told] == [
        ("a", Outcome),
        ("b", ValueError),
        ("c", Outcome),
    ]
    assert world.pipeline.pending == 0 and len(world.dispatcher.offered) == 2
    world.take("again", key="b")
    world.turn()
    world.store.finish()
    assert isinstance(world.told[-1][1], Outcome)


def test_a_store_that_cannot_write_is_not_asked_again(world):
    world.take("a")
    world.take("b", item(), item())
    world.turn()
    world.store.fail(StoreUnavailable("disk full"))
    assert [outcome.refusal for _, outcome in world.told] == [Refusal.STORE_UNAVAILABLE] * 2
    assert len(world.store.log) == 1 and world.pipeline.pending == 0
    assert world.seen == [("http", 0, 0, {"store_unavailable": 3})]


def test_a_bug_in_the_store_is_everybodys_answer(world):
    def broken(changes):
        raise RuntimeError("a bug")

    world.store.commit = broken
    world.take("a", key="k")
    world.take("b")
    world.turn()
    assert [type(outcome) for _, outcome in world.told] == [RuntimeError, RuntimeError]
    assert world.pipeline.pending == 0


def test_a_store_that_forgets_a_result_leaves_nobody_waiting(world):
    world.take("a")
    world.take("b")
    world.turn()
    world.store.finish([Submitted({})])
    assert [type(outcome) for _, outcome in world.told] == [Outcome, IndexError]
    assert world.pipeline.pending == 0


def test_what_was_taken_before_the_end_is_committed(world):
    world.take("a")
    world.pipeline.close()
    assert len(world.store.log) == 1
    world.take("late")
    world.store.finish()
    assert [(name, type(outcome)) for name, outcome in world.told] == [("late", Refused), ("a", Outcome)]
    world.turn()
    assert len(world.store.log) == 1


def test_what_an_answer_brings_is_taken_too(world):
    def and_another(outcome, left):
        world.told.append((left, outcome))
        if left:
            world.pipeline.take(Submission("demo", [item()]), and_another, left - 1)

    world.pipeline.take(Submission("demo", [item()]), and_another, 3)
    for _ in range(4):
        world.turn()
        world.store.finish()
    assert world.names == [3, 2, 1, 0]


def _result(change, number):
    """What a store says, the same for the same submission."""
    if change.idempotency is not None and number % 5 == 0:
        return Replayed(msgspec.msgpack.encode(Outcome(7, [Entry(NUMBER, 8, None, 1)])), {})
    return Submitted({0: "no_credit"} if number % 3 == 0 and change.messages else {})


_kinds = st.sampled_from([item(), item(dest="1"), item(dest="447700900123"), item(text="é" * 200)])
_items = st.lists(_kinds, min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_items, st.sampled_from([None, "k1", "k2"]), st.booleans()), max_size=12))
def test_whether_alone_or_together_the_outcomes_are_the_same(asked):
    """Each taken and committed alone, or gathered in turns of any length: what is told, counted and sent is equal."""
    ways = []
    for at_once in (True, False):
        world = World(at_once)
        number = 0
        for name, (items, key, turn_ends) in enumerate(asked):
            world.take(name, *items, key=None if key is None else f"{key}{name}")
            if turn_ends or at_once:
                world.turn()
        world.turn()
        while world.store.waiting:
            changes = world.store.waiting[0][0]
            world.store.finish([_result(change, number + at) for at, change in enumerate(changes)])
            number += len(changes)
        refused = {}
        for _, _, _, codes in world.seen:
            for code, count in codes.items():
                refused[code] = refused.get(code, 0) + count
        told = sorted(world.told, key=lambda each: each[0])
        ways.append(
            (
                [(name, _seen(outcome)) for name, outcome in told],
                [(message.msisdn, message.body, message.price) for message in world.dispatcher.offered],
                (sum(one[1] for one in world.seen), sum(one[2] for one in world.seen), refused),
                world.pipeline.pending,
            )
        )
    assert ways[0] == ways[1]


def _seen(outcome):
    assert isinstance(outcome, Outcome)
    return [
        (entry.dest, entry.id is None, entry.parts, entry.price, entry.error and Failure(entry.error.code, ""))
        for entry in outcome.entries
    ]
