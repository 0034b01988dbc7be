import pytest
from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.erasure import Erasure
from smsgwd.model.message import State
from smsgwd.model.upkeep import Erase, Erased, EraseRest
from smsgwd.ports.store import Progress, StoreUnavailable
from tests.app.fakes import FakeClock, FakeOutbox, now, pending
from tests.app.made import message, view

NUMBER = "306912345678"


class Store:
    def __init__(self, *messages):
        self.all = {each.id: each for each in messages}
        self.log = []
        self.broken = None
        self.emptied = True

    def scrub(self):
        return succeed(self.emptied)

    def find_number(self, msisdn, after, limit):
        assert msisdn == NUMBER
        ids = sorted(i for i in self.all if i > after)[:150]
        return succeed((ids, ids[-1] if ids else None))

    def tenant_of(self, message_id):
        found = self.all.get(message_id)
        return succeed(found and found.tenant)

    def message(self, tenant, message_id):
        return succeed(view(self.all[message_id]))

    def commit(self, changes):
        if self.broken is not None:
            return fail(self.broken)
        [change] = changes
        self.log.append(change)
        if isinstance(change, EraseRest):
            return succeed([Erased({"receipts": 2})])
        cancelled = []
        for each in change.ids:
            if self.all[each].state in (State.QUEUED, State.WAITING, State.SCHEDULED):
                self.all[each] = message(each, state=State.CANCELLED)
                cancelled.append(each)
        return succeed([Erased({"messages": len(change.ids)}, tuple(cancelled), tuple(f"push {i}" for i in cancelled))])


class Dispatcher:
    def __init__(self):
        self.flying = set()
        self.withdrawn, self.restored, self.over = [], [], []
        self.on_withdraw = None

    def withdraw(self, message_id, connector):
        if self.on_withdraw:
            self.on_withdraw(message_id)
        if message_id in self.flying:
            return False
        self.withdrawn.append((message_id, connector))
        return True

    def restore(self, message):
        self.restored.append((message.id, message.connector, message.state))

    def ended(self, messages):
        self.over += messages


class World:
    def __init__(self, *messages):
        self.reactor, self.store, self.dispatcher, self.outbox = Clock(), Store(*messages), Dispatcher(), FakeOutbox()
        self.erasure = Erasure(
            self.reactor, clock=FakeClock(), store=self.store, dispatcher=self.dispatcher, outbox=self.outbox
        )


def test_what_is_over_is_erased_and_what_has_not_left_is_cancelled_first():
    world = World(message(1, state=State.DELIVERED), message(2), message(3, state=State.SCHEDULED))
    counts = now(world.erasure.erase(NUMBER, True))
    assert counts == {"messages": 3, "receipts": 2, "still_being_sent": 0, "still_in_log": 0}
    assert world.dispatcher.withdrawn == [(2, "a"), (3, "a")]
    assert world.dispatcher.over == [2, 3]
    assert world.outbox.items == ["push 2", "push 3"]
    assert world.dispatcher.restored == []
    first, rest = world.store.log
    assert (first.ids, first.msisdn) == ((1, 2, 3), NUMBER)
    assert (rest.msisdn, rest.opt_out) == (NUMBER, True)


def test_many_go_in_changes_of_bounded_size():
    world = World(*(message(n, state=State.DELIVERED) for n in range(1, 401)))
    counts = now(world.erasure.erase(NUMBER, False))
    assert counts["messages"] == 400
    assert [len(change.ids) for change in world.store.log[:-1]] == [100, 50, 100, 50, 100]


def test_what_is_being_sent_is_waited_for():
    world = World(message(1), message(2, state=State.DELIVERED))
    world.dispatcher.flying = {1}
    done = world.erasure.erase(NUMBER, False)
    assert pending(done)
    assert world.erasure.progress == Progress(1, 0)
    assert [change.ids for change in world.store.log] == [(2,)]
    world.dispatcher.flying = set()
    world.store.all[1] = message(1, state=State.SENT)
    world.reactor.advance(1)
    assert now(done) == {"messages": 2, "receipts": 2, "still_being_sent": 0, "still_in_log": 0}
    assert world.dispatcher.over == []
    assert world.erasure.progress is None


def test_what_is_being_sent_for_ever_is_told():
    world = World(message(1))
    world.dispatcher.flying = {1}
    done = world.erasure.erase(NUMBER, False)
    for _ in range(31):
        world.reactor.advance(1)
    assert now(done)["still_being_sent"] == 1
    assert [type(change) for change in world.store.log] == [EraseRest]


def test_a_message_that_goes_over_meanwhile_is_taken_from_where_it_is_then():
    world = World(message(1))

    def goes_over(message_id):
        world.dispatcher.on_withdraw = None
        world.store.all[1] = message(1, connector="b")

    world.dispatcher.on_withdraw = goes_over
    done = world.erasure.erase(NUMBER, False)
    assert pending(done) and world.store.log == []
    assert world.dispatcher.restored == [(1, "a", State.SENT), (1, "b", State.QUEUED)]
    world.reactor.advance(1)
    assert now(done)["messages"] == 1
    assert world.dispatcher.withdrawn[-1] == (1, "b")


def test_a_store_that_fails_gets_everything_back_to_the_sending_side():
    world = World(message(1))
    world.store.broken = StoreUnavailable("disk full")
    with pytest.raises(StoreUnavailable):
        now(world.erasure.erase(NUMBER, False))
    assert world.dispatcher.restored == [(1, "a", State.QUEUED)]
    world.store.broken = None
    assert now(world.erasure.erase(NUMBER, False))["messages"] == 1


def test_one_run_at_a_time():
    world = World(message(1))
    world.dispatcher.flying = {1}
    first = world.erasure.erase(NUMBER, False)
    with pytest.raises(ValueError, match="another number"):
        now(world.erasure.erase("306900000000", False))
    assert pending(first)


def test_no_change_is_made_for_nothing():
    world = World()
    assert now(world.erasure.erase(NUMBER, False)) == {"receipts": 2, "still_being_sent": 0, "still_in_log": 0}
    assert not any(isinstance(change, Erase) for change in world.store.log)


def test_what_may_still_be_in_the_log_is_told():
    world = World(message(1))
    world.store.emptied = False
    assert now(world.erasure.erase(NUMBER, False))["still_in_log"] == 1
