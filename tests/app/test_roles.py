"""What one node does for all begins and ends with its role."""

from types import SimpleNamespace

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.app.cluster import Cluster
from smsgwd.app.duties import Duties, made_elsewhere
from smsgwd.app.roles import Roles
from smsgwd.model.ids import IdGenerator
from smsgwd.ports.nodes import NodeState, NodeView


class FakeNodes:
    """Nodes that share a store; what is ours is told by the test."""

    alone, name = False, "a"

    def __init__(self, cluster):
        self.cluster = cluster
        self.declared = []
        self.views = []

    def things(self, binds, others, here=()):
        self.declared.append(sorted(others))

    def owns(self, thing):
        return False

    def live(self):
        return self.views


class Log:
    def __init__(self, name, log, **answers):
        self._name, self._log, self._answers = name, log, answers

    def __getattr__(self, method):
        def called(*args):
            self._log.append((f"{self._name}.{method}", *args))
            return self._answers.get(method)

        return called


def shared():
    cluster = Cluster("a", lambda: 0)
    cluster.nodes = FakeNodes(cluster)
    return cluster


def duties(cluster, reactor, log, archiving=None):
    left = Deferred()
    services = SimpleNamespace(
        sweeps=Log("sweeps", log),
        retention=Log("retention", log),
        desk=Log("desk", log),
        operations=SimpleNamespace(cdr=Log("cdr", log, leave=left), archiving=archiving),
        business=SimpleNamespace(lookups=Log("lookups", log), test_numbers=Log("tests", log)),
    )
    return Duties(cluster, reactor, services, Log("strays", log)), left


def test_a_process_that_is_alone_has_all_roles_and_gives_up_but_the_late_one_when_it_ends():
    log, cluster = [], Cluster("a", lambda: 0)
    all_of_them, _ = duties(cluster, Clock(), log)
    all_of_them.begin()
    assert log == []
    cluster.start()
    assert log == [("sweeps.lead",), ("desk.start",), ("retention.start",), ("strays.start",), ("cdr.start",)]
    del log[:]
    all_of_them.end()
    assert log == [("sweeps.leave",), ("desk.stop",), ("retention.stop",), ("strays.stop",)]


def test_roles_are_taken_and_given_one_by_one_where_there_are_other_nodes():
    log, cluster, reactor = [], shared(), Clock()
    all_of_them, left = duties(cluster, reactor, log)
    all_of_them.begin()
    cluster.start()
    assert cluster.nodes.declared == [
        ["u:absent", "u:cdr", "u:lookups", "u:retention", "u:strays", "u:subscribers", "u:sweeps", "u:test_numbers"]
    ]
    assert log == []
    cluster._gained("u:lookups", "b")
    cluster._gained("u:cdr", None)
    reactor.advance(30)
    reactor.advance(30)
    assert log == [("lookups.go_on",), ("cdr.start",), ("lookups.go_on",), ("lookups.go_on",)]
    assert cluster._let_go("u:cdr") is left
    cluster._lost("u:lookups")
    reactor.advance(90)
    assert log[4:] == [("cdr.leave",)]
    all_of_them.end()
    assert cluster.nodes.declared[1:] == [["u:cdr"]]


def test_each_node_archives_and_one_what_others_left():
    log, cluster = [], shared()
    all_of_them, _ = duties(cluster, Clock(), log, Log("archiving", log))
    all_of_them.begin()
    assert log == [("archiving.start",)]
    cluster.start()
    [declared] = cluster.nodes.declared
    assert "u:archive" in declared


def test_what_one_node_finds_another_looks_for():
    log, cluster, told = [], shared(), []
    cluster.tell = told.append
    all_of_them, _ = duties(cluster, Clock(), log)
    all_of_them.stranded()
    assert told == ["u:strays"]
    cluster._woken("u:strays")
    cluster._woken("u:sweeps")
    cluster._woken("s:1234")
    cluster._woken("s:soon")
    cluster._woken("")
    assert log == [("strays.look_soon",), ("strays.look_soon",), ("sweeps.wake_at", 1234)]


def test_a_role_that_nobody_knows_is_nobodys():
    cluster = shared()
    roles = Roles(cluster)
    assert roles.let_go("u:other") is None
    roles.gained("u:other", None)
    roles.lost("u:other")


def test_who_made_an_id():
    cluster = shared()
    theirs = made_elsewhere(cluster)
    mine, other, dead = (IdGenerator(number).block(1, 1_780_000_000_000) for number in (1, 2, 3))
    cluster.nodes.views = [NodeView("a", NodeState.UP, number=1), NodeView("b", NodeState.UP, number=2)]
    assert [theirs(each) for each in (mine, other, dead)] == [False, True, False]
