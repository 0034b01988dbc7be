"""Moves, holds, releases and purges, a page at a time over a store in memory."""

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.handover import PAGE, PAUSE_S
from smsgwd.app.queue_desk import QueueDesk
from smsgwd.model.business import Unhold
from smsgwd.model.changes import Reroute, Rerouted, Swept
from smsgwd.model.message import HELD, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.ops.picks import Counted, Pick
from smsgwd.ports.dispatch import ConnectorStatus
from smsgwd.ports.store import Progress, QueuedMessage, StoreUnavailable
from tests.app.fakes import FakeClock
from tests.app.made import NOW_MS, message, view


class Store:
    """Messages by id, changed at once; `breaks` is a commit's number that fails."""

    def __init__(self, *messages):
        self.all = {each.id: each for each in messages}
        self.parts_out = set()
        self.log = []
        self.breaks = None
        self.pages = []
        self.on_page = lambda: None

    def ready(self, connector, after, limit):
        found = sorted(
            (-each.priority, each.id)
            for each in self.all.values()
            if each.connector == connector and each.state is State.QUEUED
        )
        self.pages.append((connector, after))
        self.on_page()
        page = [key for key in found if after is None or key > after][:limit]
        return succeed([QueuedMessage(self.all[i], frozenset({1} if i in self.parts_out else ())) for _, i in page])

    def waiting(self, connector, states, after, limit):
        self.pages.append((connector, states, after))
        found = sorted(
            each.id
            for each in self.all.values()
            if each.state in states and each.id > after and connector in ("", each.connector)
        )
        return succeed([view(self.all[i]) for i in found[:limit]])

    def messages_at(self, tenant, ids):
        return succeed([view(self.all[i]) for i in ids if self.all[i].tenant == tenant])

    def message(self, tenant, message_id):
        return succeed(view(self.all[message_id]))

    def commit(self, changes):
        [change] = changes
        self.log.append(change)
        if self.breaks == len(self.log):
            return fail(StoreUnavailable("disk full"))
        if isinstance(change, Reroute):
            for i, to in change.moves:
                self.all[i] = replace(self.all[i], connector=to)
            return succeed([Rerouted(tuple(i for i, _ in change.moves))])
        if isinstance(change, Hold):
            for i in change.ids:
                self.all[i] = replace(self.all[i], state=State.SCHEDULED, due_at=HELD)
            return succeed([Rerouted(change.ids)])
        if isinstance(change, Discard):
            for i in change.ids:
                self.all[i] = replace(self.all[i], state=State.REJECTED)
            return succeed([Swept(change.ids, tuple(f"push {i}" for i in change.ids), False, State.REJECTED)])
        assert isinstance(change, Unhold)
        held = [i for i, each in self.all.items() if each.due_at >= HELD][: change.limit]
        for i in held:
            self.all[i] = replace(self.all[i], due_at=0)
        more = any(each.due_at >= HELD for each in self.all.values())
        return succeed([Swept(tuple(held), (), more, State.SCHEDULED)])


class Dispatcher:
    def __init__(self):
        self.flying = set()
        self.taken, self.let_go, self.restored, self.offered = [], [], [], []
        self.sent = {"a": 0}

    def give_up(self, message_id, connector):
        if message_id in self.flying:
            return False
        self.taken.append(message_id)
        return True

    withdraw = give_up

    def gone(self, ids, connector):
        self.let_go += ids

    def restore(self, message):
        self.restored.append(message.id)

    def offer(self, messages, sent_parts=None):
        self.offered += [(each.id, each.connector) for each in messages]

    def status(self):
        return [ConnectorStatus(name, "smpp", True, 0, 0, sent, 0, 0) for name, sent in self.sent.items()]


class World:
    def __init__(self, *messages):
        self.reactor, self.clock = Clock(), FakeClock()
        self.store, self.dispatcher = Store(*messages), Dispatcher()
        self.woken, self.pushed = [], []
        self.desk = QueueDesk(
            self.reactor,
            clock=self.clock,
            store=self.store,
            dispatcher=self.dispatcher,
            outbox=self,
            wake=self.woken.append,
        )

    def offer(self, items):
        self.pushed += items

    def run(self, deferred):
        """What it gives, with the pauses between pages passed."""
        found = []
        deferred.addBoth(found.append)
        for _ in range(100):
            if found:
                break
            self.reactor.advance(PAUSE_S)
        if hasattr(found[0], "raiseException"):
            found[0].raiseException()
        return found[0]

    def where(self):
        return {each.id: each.connector for each in self.store.all.values()}


ALL = Pick()


def test_a_move_goes_page_by_page_with_pauses_between():
    world = World(*(message(i) for i in range(1, 1201)))
    going = world.desk.move("a", "b", ALL, 0)
    assert len(world.dispatcher.offered) == PAGE and not going.called
    assert world.desk.progress == {"queue move": Progress(PAGE, 0)}
    assert world.run(going) == {"moved": 1200, "stayed": 0}
    assert [len(change.moves) for change in world.store.log] == [500, 500, 200]
    assert world.store.pages == [("a", None), ("a", (-1, 500)), ("a", (-1, 1000))]
    assert set(world.where().values()) == {"b"} and world.desk.progress == {}
    assert world.dispatcher.let_go == [i for i, _ in world.dispatcher.offered] == list(range(1, 1201))


def test_what_is_being_sent_or_partly_taken_stays():
    world = World(message(1), message(2), message(3, parts=2))
    world.dispatcher.flying = {1}
    world.store.parts_out = {3}
    assert world.run(world.desk.move("a", "b", ALL, 0)) == {"moved": 1, "stayed": 2}
    assert world.where() == {1: "a", 2: "b", 3: "a"}
    assert world.dispatcher.taken == [2], "of what an SMSC has a part nobody asks"


def test_only_what_is_picked_is_moved_and_no_more_than_the_limit():
    world = World(
        message(1, tenant="other"),
        message(2, msisdn="447700900123"),
        message(3, submitted_at=NOW_MS - 9_000),
        message(4, submitted_at=NOW_MS - 10_000),
        message(5, submitted_at=NOW_MS - 11_000),
        message(6, submitted_at=NOW_MS - 12_000),
    )
    pick = Pick(tenant="demo", prefix="3069", older_s=10)
    assert world.run(world.desk.move("a", "b", pick, 2)) == {"moved": 2, "stayed": 0}
    assert [i for i, to in world.where().items() if to == "b"] == [4, 5]


def test_what_comes_meanwhile_is_not_touched():
    """So it ends, however much comes."""
    world = World(*(message(i) for i in range(1, PAGE + 1)))
    news = iter(range(10_000, 20_000))

    def more():
        for _ in range(PAGE):
            new = message(next(news), submitted_at=world.clock.wall + 1)
            world.store.all[new.id] = new

    world.store.on_page = lambda: more() if len(world.store.pages) < 4 else None
    assert world.run(world.desk.move("a", "b", ALL, 0)) == {"moved": PAGE, "stayed": 0}


def test_a_store_that_fails_on_the_way_leaves_each_in_one_place():
    world = World(*(message(i) for i in range(1, 701)))
    world.store.breaks = 2
    with pytest.raises(StoreUnavailable):
        world.run(world.desk.move("a", "b", ALL, 0))
    assert [i for i, _ in world.dispatcher.offered] == list(range(1, 501))
    assert world.dispatcher.restored == list(range(501, 701))
    assert world.desk.progress == {}
    world.store.breaks = None
    assert world.run(world.desk.move("a", "b", ALL, 0))["moved"] == 200


def test_one_of_a_kind_at_a_time():
    world = World(*(message(i) for i in range(1, 701)))
    going = world.desk.move("a", "b", ALL, 0)
    with pytest.raises(ValueError, match="queue move is under way"):
        world.run(world.desk.move("a", "b", ALL, 0))
    assert world.run(world.desk.hold("c", ALL, "why")) == {"held": 0, "stayed": 0}
    assert world.run(going)["moved"] == 700
    assert world.run(world.desk.move("a", "b", ALL, 0))["moved"] == 0


def test_a_hold_takes_all_that_nothing_is_on_its_way_of():
    world = World(*(message(i) for i in range(1, 601)))
    world.dispatcher.flying = {7}
    assert world.run(world.desk.hold("a", ALL, "wrong texts")) == {"held": 599, "stayed": 1}
    assert {change.reason for change in world.store.log} == {"wrong texts"}
    assert world.store.all[7].state is State.QUEUED and world.dispatcher.restored == []
    assert len(world.dispatcher.let_go) == 599


def test_a_release_goes_on_until_none_is_held_and_wakes_the_clock():
    world = World(*(message(i, state=State.SCHEDULED, due_at=HELD) for i in range(1, 1502)))
    assert world.run(world.desk.release("a", "demo", "30")) == 1501
    assert world.store.log == [Unhold("demo", "30", NOW_MS, False, 1000, "a")] * 2
    assert world.woken == [NOW_MS, NOW_MS]
    assert world.run(world.desk.release("a", "", "")) == 0 and len(world.woken) == 2


def test_a_purge_ends_what_has_not_left_and_hands_on_the_receipts():
    world = World(
        message(1),
        message(2, state=State.WAITING, connector="b"),
        message(3, state=State.SCHEDULED, due_at=NOW_MS + 5),
        message(4, state=State.SCHEDULED, due_at=HELD),
        message(5, state=State.SENT),
        message(6),
    )
    world.dispatcher.flying = {6}
    pick = Pick(kinds=frozenset(("queued", "retry")))
    assert world.run(world.desk.count("", pick)) == Counted(3, 3, {"demo": 3})
    assert world.store.log == []
    assert world.run(world.desk.purge("", pick, "withdrawn")) == {"ended": 2, "stayed": 1}
    assert world.store.log == [Discard((1, 2), NOW_MS, "withdrawn")]
    assert world.pushed == ["push 1", "push 2"]
    assert world.run(world.desk.purge("", Pick(kinds=frozenset(("held",))), "withdrawn")) == {"ended": 1, "stayed": 0}
    assert world.store.all[3].state is State.SCHEDULED and world.store.all[4].state is State.REJECTED
    assert world.run(world.desk.count("b", pick)) == Counted(0, 0, {})


def test_a_purge_goes_on_behind_what_stays():
    world = World(*(message(i) for i in range(1, 1201)))
    world.dispatcher.flying = set(range(1, 501))
    assert world.run(world.desk.purge("a", ALL, "why")) == {"ended": 700, "stayed": 500}


def test_speed_is_measured_between_two_looks():
    world = World()

    def speeds(**options):
        found = []
        world.desk.speeds(**options).addCallback(found.append)
        return found

    assert speeds(wait=False) == [{}]
    waiting = speeds(wait=True)
    assert waiting == []
    world.dispatcher.sent = {"a": 100, "new": 5}
    world.clock.advance(2.0)
    world.reactor.advance(1.0)
    assert waiting == [{"a": 50.0}]
    world.clock.advance(10.0)
    world.dispatcher.sent = {"a": 300, "new": 5}
    assert speeds(wait=True) == [{"a": 20.0, "new": 0.0}]
    world.clock.advance(1000.0)
    assert speeds(wait=False) == [{}]


def test_nothing_is_pending_when_all_is_over():
    world = World(message(1))
    world.run(world.desk.move("a", "b", ALL, 0))
    assert world.reactor.getDelayedCalls() == []
    assert isinstance(world.desk.count("", ALL), Deferred)
