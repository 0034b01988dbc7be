import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.reroute import Rerouter
from smsgwd.app.ways import Ways
from smsgwd.model.changes import Reroute, Rerouted
from smsgwd.model.message import State
from smsgwd.ports.store import QueuedMessage, StoreUnavailable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes, Rule
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock
from tests.app.made import RoutingTables, message, view


class Store:
    """Queues by connector; moves at once, but for what is `stuck` or when `broken`."""

    def __init__(self, *messages):
        self.all = {each.id: each for each in messages}
        self.stuck = set()
        self.taken = {}
        self.broken = None
        self.reads = []
        self.log = []
        self.hold = None

    def ready(self, connector, after, limit):
        self.reads.append((connector, after))
        waiting = sorted(
            (m for m in self.all.values() if m.connector == connector and m.state is State.QUEUED),
            key=lambda m: (-m.priority, m.id),
        )
        behind = [m for m in waiting if after is None or (-m.priority, m.id) > after]
        return succeed([QueuedMessage(m, self.taken.get(m.id, frozenset())) for m in behind[:limit]])

    def commit(self, changes):
        [change] = changes
        assert isinstance(change, Reroute)
        self.log.append(change)
        if self.broken:
            return fail(self.broken)
        moved = [(i, to) for i, to in change.moves if i not in self.stuck]
        for i, to in moved:
            self.all[i] = message(i, connector=to, msisdn=self.all[i].msisdn)
        answer = [Rerouted(tuple(i for i, _ in moved))]
        if self.hold is not None:
            self.hold.addCallback(lambda _: answer)
            return self.hold
        return succeed(answer)

    def message(self, tenant, message_id):
        return succeed(view(self.all[message_id]))


class Dispatcher:
    def __init__(self):
        self.down = {}
        self.flying = set()
        self.given_up, self.let_go, self.restored, self.offered = [], [], [], []

    def down_for(self, connector):
        return self.down.get(connector, 0.0)

    def up(self, connector):
        return not self.down_for(connector)

    def give_up(self, message_id, connector):
        if message_id in self.flying:
            return False
        self.given_up.append(message_id)
        return True

    def gone(self, ids, connector):
        self.let_go += [(each, connector) for each in ids]

    def restore(self, message):
        self.restored.append(message)

    def offer(self, messages, sent_parts=None):
        assert sent_parts == {}
        self.offered += messages


class World:
    def __init__(self, *messages, after=30.0, routes=None):
        self.reactor, self.clock = Clock(), FakeClock()
        self.store, self.dispatcher = Store(*messages), Dispatcher()
        self.metrics = Metrics(CollectorRegistry())
        self.rerouter = Rerouter(
            self.reactor,
            clock=self.clock,
            store=self.store,
            dispatcher=self.dispatcher,
            ways=Ways(
                RoutingTables(
                    routes or Routes([Rule(("a", "b"), to=("30*",)), Rule(("a",))]), Chooser(self.dispatcher.up)
                ),
                self.dispatcher.up,
            ),
            after={"a": after, "b": after},
            metrics=self.metrics,
        )
        self.rerouter.start()

    def run(self, seconds, step=0.5):
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            for connector in self.dispatcher.down:
                self.dispatcher.down[connector] += step
            self.reactor.advance(step)

    def where(self):
        return {each.id: each.connector for each in self.store.all.values()}


def test_what_is_queued_goes_over_when_the_connector_stays_down():
    world = World(message(1), message(2))
    world.dispatcher.down["a"] = 0.5
    world.run(29)
    assert world.store.log == [] and world.store.reads == []
    world.run(3)
    assert world.where() == {1: "b", 2: "b"}
    assert [(m.id, m.connector) for m in world.dispatcher.offered] == [(1, "b"), (2, "b")]
    assert world.dispatcher.let_go == [(1, "a"), (2, "a")]
    assert world.dispatcher.restored == []
    assert world.metrics.failovers.labels("a", "down")._value.get() == 2


def test_nothing_is_handed_on_before_the_move_is_durable():
    world = World(message(1))
    world.store.hold = Deferred()
    world.dispatcher.down["a"] = 31.0
    world.run(2)
    assert world.dispatcher.given_up == [1]
    assert world.dispatcher.let_go == [] and world.dispatcher.offered == []
    world.store.hold.callback(None)
    assert [m.id for m in world.dispatcher.offered] == [1]


def test_what_is_out_or_partly_taken_or_has_no_other_way_stays():
    world = World(message(1), message(2), message(3, msisdn="447700900123"), message(4, tried="b"))
    world.dispatcher.flying = {1}
    world.store.taken[2] = frozenset({1})
    world.dispatcher.down["a"] = 31.0
    world.run(5)
    assert set(world.where().values()) == {"a"}
    assert world.store.log == [] and world.dispatcher.given_up == []


def test_a_queue_without_another_way_is_not_read_again_and_again():
    world = World(*(message(n, msisdn="447700900123") for n in range(1, 1201)))
    world.dispatcher.down["a"] = 31.0
    world.run(25)
    assert [after for _, after in world.store.reads] == [None, (-1, 500), (-1, 1000)]
    world.run(60)
    assert len(world.store.reads) == 6


def test_a_queue_is_not_read_while_everything_beside_it_is_down_and_is_when_that_comes_up():
    world = World(message(1))
    world.dispatcher.down |= {"a": 31.0, "b": 1.0}
    world.run(20)
    assert world.store.reads == []
    del world.dispatcher.down["b"]
    world.run(2)
    assert world.where() == {1: "b"}


def test_one_that_comes_up_again_is_looked_at_anew():
    world = World(message(1))
    world.dispatcher.flying = {1}
    world.dispatcher.down["a"] = 31.0
    world.run(2)
    assert len(world.store.reads) == 1
    world.dispatcher.flying = set()
    world.dispatcher.down["b"] = 0.1
    world.run(2)
    del world.dispatcher.down["b"]
    world.run(2)
    assert world.where() == {1: "b"}


def test_it_ends_when_the_connector_is_up_again():
    world = World(*(message(n) for n in range(1, 2001)))
    world.dispatcher.down["a"] = 31.0
    world.run(1.0)
    assert sum(1 for c in world.where().values() if c == "b") == 500
    del world.dispatcher.down["a"]
    world.run(5)
    assert sum(1 for c in world.where().values() if c == "b") == 500


def test_a_large_queue_goes_page_by_page():
    world = World(*(message(n) for n in range(1, 1701)))
    world.dispatcher.down["a"] = 31.0
    world.run(1.0)
    world.run(0.1, step=0.02)
    assert set(world.where().values()) == {"b"}
    assert [len(change.moves) for change in world.store.log] == [500, 500, 500, 200]


def test_what_was_not_moved_goes_back_as_the_store_has_it():
    world = World(message(1), message(2))
    world.store.stuck = {2}
    world.dispatcher.down["a"] = 31.0
    real = world.store.message
    world.store.message = lambda tenant, number: (
        real(tenant, number) if number != 2 else succeed(view(message(2, state=State.EXPIRED)))
    )
    world.run(1.0)
    assert [m.id for m in world.dispatcher.offered] == [1]
    assert [(m.id, m.state) for m in world.dispatcher.restored] == [(2, State.EXPIRED)]


def test_a_store_that_fails_loses_nothing_and_is_tried_again():
    world = World(message(1))
    world.store.broken = StoreUnavailable("disk full")
    world.dispatcher.down["a"] = 31.0
    world.run(1.0)
    assert [m.id for m in world.dispatcher.restored] == [1]
    assert world.dispatcher.offered == [] and world.dispatcher.let_go == []
    world.store.broken = None
    world.run(2.0)
    assert world.where() == {1: "b"}


def test_a_connector_that_never_fails_over():
    world = World(message(1), after=None)
    world.dispatcher.down["a"] = 1e6
    world.run(60)
    assert world.store.reads == []


def test_after_stop_nothing_begins():
    world = World(message(1))
    world.dispatcher.down["a"] = 31.0
    world.rerouter.stop()
    world.run(10)
    assert world.store.reads == [] and world.reactor.getDelayedCalls() == []


@pytest.mark.parametrize("limit", [0.0, 5.0])
def test_the_limit_is_the_connectors(limit):
    world = World(message(1), after=limit)
    world.dispatcher.down["a"] = 0.0
    world.run(limit + 2.5)
    assert world.where() == {1: "b"}


def test_what_waits_for_a_connector_that_is_configured_no_more_goes_where_its_route_leads_now():
    world = World(message(1, connector="gone"), message(2, connector="gone", msisdn="447700900123"), after=None)
    world.dispatcher.down = {"gone": float("inf"), "a": 1.0}
    world.run(3)
    assert world.store.log == []
    world.rerouter.adopt(["gone"])
    world.run(3)
    assert world.where() == {1: "b", 2: "gone"}, "the second one's route has no connector that is up"
    world.dispatcher.down = {"gone": float("inf")}
    world.run(3)
    assert world.where() == {1: "b", 2: "a"}


def test_what_comes_late_for_one_that_was_emptied_is_not_put_off():
    world = World(message(1, connector="gone"), after=None)
    world.dispatcher.down = {"gone": float("inf")}
    world.rerouter.adopt(["gone"])
    world.run(200)  # rounds that move nothing come ever later
    world.store.all[2] = message(2, connector="gone")
    world.rerouter.adopt(["gone"])
    world.run(1.5)
    assert world.where()[2] in ("a", "b")
