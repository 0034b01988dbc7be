"""What a node does when binds of connectors come to it, leave it, or are lost with its lease."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.cluster import Cluster
from smsgwd.app.cluster_connectors import ClusterConnectors
from smsgwd.ports.nodes import NodeState, NodeView
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.divided import Divided
from smsgwd.southbound.shares import Shares


class FakeQueue:
    def __init__(self):
        self.looks = 0
        self.able = True
        self.here = []
        self.waiting = 0

    def __len__(self):
        return self.waiting

    def look(self):
        self.looks += 1

    def look_again(self):
        self.looks += 100

    def present(self, here):
        self.here.append(here)


class FakeDispatcher(Divided):
    def __init__(self):
        self.shares = Shares(shared=True)
        self.told = []
        self.out = False
        self.queues = {"sim": FakeQueue(), "other": FakeQueue()}
        self.leaving = Deferred()

    def share(self, connector, mine, *, cut=False):
        self.told.append((connector, mine, cut))

    def left(self, connector):
        return self.leaving

    def queue(self, connector):
        return self.queues.get(connector)

    def busy(self, connector):
        return self.out


class FakeClaims:
    def __init__(self):
        self.released = []
        self.away = False
        self.held = []

    def release(self, connector):
        if self.away:
            return fail(StoreUnavailable("away"))
        self.released.append((connector, None))
        return succeed(1)

    def release_of(self, connector, node):
        self.released.append((connector, node))
        return succeed(1)

    def holders(self):
        return succeed(self.held)


class FakeNodes:
    name = "a"
    alone = False

    def __init__(self):
        self.nodes = [NodeView("a", NodeState.UP)]
        self.owned = {}

    def live(self):
        return self.nodes

    def owners(self):
        return self.owned

    def things(self, binds, others):
        self.binds = binds


class Time:
    def __init__(self, reactor):
        self.monotonic = reactor.seconds


class Stand:
    def __init__(self):
        self.reactor = Clock()
        self.cluster = Cluster("a", lambda: 0)
        self.cluster.nodes = self.nodes = FakeNodes()
        self.dispatcher = FakeDispatcher()
        self.claims = FakeClaims()
        self.asked = 0
        self.parts = ClusterConnectors(self.cluster, self.claims, self.dispatcher, Time(self.reactor), self.reactor)
        self.rebound = []
        self.parts.start(self.wanted, self.rebound.append)

    def wanted(self):
        self.asked += 1
        return succeed(None)

    def told(self):
        told, self.dispatcher.told = self.dispatcher.told, []
        return told


def test_a_rebind_reaches_the_other_nodes_once():
    here, there = Stand(), Stand()
    there.cluster.node = "b"
    here.cluster.tell = lambda topic: [stand.cluster._woken(topic) for stand in (here, there)]
    here.parts.rebind("sim:1")
    assert (here.rebound, there.rebound) == ([], ["sim:1"])
    there.cluster._woken("")  # calls may have been missed: whoever is bound stays so
    assert there.rebound == ["sim:1"]


def test_a_connector_follows_how_many_of_its_binds_are_owned():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    stand.parts.gained("b:sim:3", "dead")
    assert stand.told() == [("sim", 1, False), ("sim", 2, False)]
    assert stand.claims.released == [("sim", "dead")]
    left = stand.parts.let_go("b:sim:0")
    assert (stand.told(), left.called) == ([("sim", 1, False)], False)
    stand.dispatcher.leaving.callback(None)
    assert left.called


def test_who_leaves_releases_when_nothing_is_out_and_comes_back_after_that():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    stand.dispatcher.out = True
    stand.parts.let_go("b:sim:0")
    assert stand.told() == [("sim", 1, False), ("sim", 0, False)]
    stand.reactor.advance(0.5)
    stand.parts.gained("b:sim:0", None)
    assert (stand.claims.released, stand.told()) == ([], [])
    stand.dispatcher.out = False
    stand.claims.away = True
    stand.reactor.advance(0.06)
    assert stand.told() == [("sim", 1, False)]  # what it had claimed is its own still
    stand.parts.let_go("b:sim:0")
    assert (stand.claims.released, stand.told()) == ([], [("sim", 0, False)])
    stand.claims.away = False
    stand.reactor.advance(0.3)
    assert stand.claims.released == [("sim", None)]
    stand.parts.gained("b:sim:0", None)
    assert stand.told() == [("sim", 1, False)]


def test_without_a_lease_all_is_cut_and_with_a_new_one_it_is_released_first():
    stand = Stand()
    for thing in ("b:sim:0", "b:sim:1", "b:other:0"):
        stand.parts.gained(thing, None)
    stand.told()
    stand.claims.away = True  # there is no lease for it
    for thing in ("b:sim:0", "b:sim:1", "b:other:0"):
        stand.parts.lost(thing)
    stand.cluster.fenced("no answer")
    told = stand.told()
    assert told[:3] == [("sim", 1, True), ("sim", 0, True), ("other", 0, True)]
    assert set(told[3:]) == {("sim", 0, True), ("other", 0, True)}
    stand.reactor.advance(5)
    assert stand.told() == []
    stand.claims.away = False
    stand.cluster.unfenced()
    assert stand.claims.released == [("sim", None), ("other", None)]
    stand.parts.gained("b:sim:0", "a")
    assert stand.told() == [("sim", 1, False)]


def test_calls_of_others_and_time_have_it_look():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    queue, other = stand.dispatcher.queues["sim"], stand.dispatcher.queues["other"]
    stand.cluster._woken("q:sim")
    assert (queue.looks, other.looks) == (1, 0)
    stand.cluster._woken("")
    assert (queue.looks, stand.asked) == (2, 1)
    stand.cluster._woken("r:connector")
    stand.cluster._woken("r:routes")
    assert stand.asked == 2
    stand.reactor.advance(0.1)
    assert queue.looks == 103
    stand.reactor.advance(1.5)
    assert queue.looks == 104


def test_what_nobody_sends_any_more_is_released():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    stand.nodes.nodes.append(NodeView("b", NodeState.UP))
    stand.claims.held = [("sim", "a"), ("gone", "a"), ("sim", "b"), ("sim", "dead"), ("other", "dead")]
    stand.reactor.advance(0.1)
    assert stand.claims.released == [("gone", None), ("sim", "dead"), ("other", "dead")]


def test_others_get_what_waits_where_nothing_can_be_sent_and_they_can():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    queue = stand.dispatcher.queues["sim"]
    queue.able, queue.waiting = False, 5
    assert stand.cluster.load() == {"down:sim": 1.0}
    stand.reactor.pump([0.1, 1.5, 1.5, 1.5])
    assert stand.claims.released == []  # nobody else could
    stand.nodes.nodes.append(NodeView("b", NodeState.UP))
    stand.nodes.owned = {"b:sim:0": "a", "b:sim:1": "b"}
    stand.reactor.advance(1.5)
    assert stand.claims.released == [("sim", None)]
    assert queue.here == [False, True]
    assert stand.dispatcher.shares.covered("sim")
    stand.nodes.nodes[1] = NodeView("b", NodeState.UP, load={"down:sim": 1.0})
    stand.reactor.advance(1.5)
    assert not stand.dispatcher.shares.elsewhere("sim")


def test_an_orderly_end_gives_all_back():
    stand = Stand()
    stand.parts.gained("b:sim:0", None)
    assert stand.parts.stop().called
    assert stand.claims.released == [("sim", None)]
    assert stand.reactor.getDelayedCalls() == []
    stand.parts.gained("b:sim:1", None)
    assert stand.told() == [("sim", 1, False)]
