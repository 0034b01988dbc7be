"""Commits whose answers are lost, or that are not confirmed: nobody hears of one before that is known; done once."""

from queue import Empty

import pytest

from smsgwd.model.changes import PutTenant, Submitted
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis import writer as module
from smsgwd.store.redis.confirm import Confirm
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.writer import RedisWriter
from smsgwd.store.writer import Batch, Job
from tests.store.redis.nodes import nodes
from tests.store.samples import EURO, begin_anew, message, submit, tenant

FSYNCED = Confirm(fsynced=True, replicas=0, timeout_ms=10)
LOST = Unreachable("the connection is gone", unknown=True)
NEVER = Unreachable("the connection is gone before it was sent", unknown=True)
AWAY = Unreachable("no server")
PRICE = message().price


class Wire:
    """What `Blocking` does, on a connection of the test. `plan`: what becomes of the next calls of functions: LOST is
    done and not answered, NEVER is not done and nobody knows, AWAY was not sent; a list is what confirms."""

    def __init__(self, node):
        self.plan = []
        self.ask = node.ask
        self.flying = []  # what was started, and is not answered yet: who waits for the answer, and it

    def function(self, name, keys, args):
        step = self.plan.pop(0) if self.plan else None
        if step in (AWAY, NEVER):
            raise step
        (reply,) = self.ask([("FCALL", name, len(keys), *keys, *args)])
        if step is LOST:
            raise step
        return reply

    def confirmed(self, name, keys, args, *waits):
        step = self.plan[0] if self.plan else None
        if isinstance(step, list):
            self.plan[0] = None
            return [self.function(name, keys, args), step]
        return [self.function(name, keys, args), [1, 0]]

    def start(self, answered, name, keys, args, waits):
        try:
            answer = self.confirmed(name, keys, args) if waits else self.function(name, keys, args)
        except Unreachable as error:
            answer = error
        self.flying.append((answered, answer))

    def land(self, place=0):
        """One that was started is answered."""
        answered, answer = self.flying.pop(place)
        answered(answer)

    def tell(self, call, value):
        call(value)


class Desk:
    """A writer whose thread is not started, and what it told whom."""

    def __init__(self, confirm=None):
        begin_anew()
        (self.node,) = nodes("a")
        self.wire = Wire(self.node)
        self.reports = []
        self.writer = RedisWriter(
            self.node.memory, self.wire, lambda _: None, self.reports.append, gap_s=0, most=9, confirm=confirm
        )
        self.writer.prepare()
        self.commit(PutTenant(tenant(credit=100 * EURO)))

    def commit(self, *changes):
        """The results of one batch."""
        ((_, results),) = self.writer.commit([Batch(None, changes)])
        return results

    def plan(self, *steps):
        self.wire.plan = list(steps)

    def taken(self):
        """How many messages are there, and what is held for them."""
        keys = self.node.keys
        count, held = self.node.ask([("ZCARD", keys.messages), ("HGET", keys.account("demo"), "h")])
        return count, int(held or 0)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.0)


@pytest.fixture
def desk():
    found = Desk()
    yield found
    found.node.close()


@pytest.mark.parametrize(
    "steps",
    [
        (LOST,),
        (LOST, LOST),  # so is the answer to what had become of it
        (LOST, LOST, AWAY, LOST, AWAY),
        (NEVER,),
        (NEVER, LOST, AWAY, LOST),
        (LOST, NEVER, NEVER),
        (NEVER, None, LOST),  # computed again, and lost then
    ],
    ids=lambda steps: " ".join({LOST: "lost", NEVER: "never", AWAY: "away"}.get(each, "well") for each in steps),
)
def test_what_was_lost_on_the_way_is_done_once(desk, steps):
    desk.plan(*steps)
    (result,) = desk.commit(submit(message()))
    assert isinstance(result, Submitted)
    assert desk.taken() == (1, PRICE)
    assert not desk.wire.plan
    (after,) = desk.commit(submit(message()))  # the writer goes on with the stamp that is there
    assert isinstance(after, Submitted)
    assert desk.taken() == (2, 2 * PRICE)


def test_what_was_never_sent_is_refused_at_once(desk):
    desk.plan(AWAY)
    with pytest.raises(Unreachable):
        desk.commit(submit(message()))
    assert desk.taken() == (0, 0)


def test_what_is_not_confirmed_is_waited_for_and_not_refused():
    desk = Desk(FSYNCED)
    # written, not confirmed; what became of it; confirmed neither then, nor after that
    desk.plan([0, 0], None, [0, 0], AWAY, [0, 0])
    (result,) = desk.commit(submit(message()))
    assert isinstance(result, Submitted)
    assert desk.taken() == (1, PRICE)
    assert not desk.wire.plan
    desk.commit(submit(message()))
    assert desk.taken() == (2, 2 * PRICE)
    desk.node.close()


def test_whoever_comes_meanwhile_is_refused(desk, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)
    answers = []
    desk.writer.put(Batch("waits", [submit(message())]))
    desk.writer.do(Job(lambda _: None, answers.append))
    desk.plan(LOST, AWAY)
    desk.commit(submit(message()))
    (report,) = desk.reports
    ((ticket, outcome),) = report.outcomes
    assert (ticket, report.writable, report.changes) == ("waits", False, 1)
    assert isinstance(outcome, StoreUnavailable)
    assert "no server" in str(outcome)
    assert isinstance(answers[0], StoreUnavailable)
    with pytest.raises(Empty):
        desk.writer._queue.get_nowait()
    assert desk.taken() == (1, PRICE)


def test_a_store_that_closes_does_not_wait_for_the_server(desk):
    desk.plan(LOST, AWAY)
    desk.writer.stop(lambda: None)
    with pytest.raises(Unreachable):
        desk.commit(submit(message()))
    assert desk.writer._queue.get_nowait() is None  # the end is still to come


def test_replicas_are_asked_again_and_again_within_the_time():
    own, *asked = Confirm(fsynced=True, replicas=2, timeout_ms=2000).commands
    assert own == ("WAITAOF", 1, 0, 2000)
    assert {each[:3] for each in asked} == {("WAITAOF", 1, 2)}
    times = [each[3] for each in asked]
    assert times == sorted(times)
    assert sum(times) == 2000
    assert Confirm(fsynced=True, replicas=2, timeout_ms=1).commands[1:] == [("WAITAOF", 1, 2, 1)]
    assert Confirm(fsynced=False, replicas=2, timeout_ms=5).commands == [("WAIT", 2, 5)]
