"""Which node pushes what, and how the others have it look."""

from collections import Counter
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.app.outbox_shares import OutboxShares
from smsgwd.app.outboxes import Outboxes
from smsgwd.delivery.allotment import GROUPS, group_of
from tests.northbound.esme.outbox_fakes import owed
from tests.notify.fakes import item

ONE, TWO = "demo http://one.example", "demo http://two.example"
ACCOUNT = "@demo"


class FakeCluster:
    """What nodes own, and what was said."""

    def __init__(self):
        self.owned = set()
        self.others = {}
        self.declared, self.here, self.told = {}, [], []

    def hold(self, kind, holder):
        assert kind == "t"

    def listen(self, kind, heard):
        assert kind == "x"
        self.heard = heard

    def declare(self, kind, names):
        self.declared[kind] = list(names)

    def declare_here(self, kind, names):
        assert kind == "t"
        self.here.append(list(names))

    def owns(self, kind, name):
        return f"{kind}:{name}" in self.owned

    def owner(self, kind, name):
        return self.others.get(f"{kind}:{name}")

    def tell(self, topic):
        self.told.append(topic)


class Side:
    def __init__(self):
        self.said, self.offered, self.leaving = [], [], []

    def heard(self, target):
        self.said.append(("heard", target))

    def come(self, here):
        self.said.append(("come", here if isinstance(here, str) else [each for each in (ONE, TWO) if here(each)]))

    def leave(self, gone):
        self.said.append(("leave", gone if isinstance(gone, str) else [each for each in (ONE, TWO) if gone(each)]))
        self.leaving.append(Deferred())
        return self.leaving[-1]

    def offer(self, items):
        self.offered.append([one.id for one in items])

    def look(self, target):
        self.said.append(("look", target))


@pytest.fixture
def world():
    cluster, reactor, urls, esmes = FakeCluster(), Clock(), Side(), Side()
    shares = OutboxShares(cluster, reactor)
    shares.join(urls, esmes)
    return SimpleNamespace(cluster=cluster, reactor=reactor, urls=urls, esmes=esmes, shares=shares)


def group(target):
    return f"t:{group_of(target)}"


def test_targets_go_by_groups_that_are_about_as_large():
    sizes = Counter(group_of(f"tenant{number} https://host{number}.example") for number in range(GROUPS * 50))
    assert len(sizes) == GROUPS
    assert max(sizes.values()) < 100
    assert group_of(ONE) != group_of(TWO), "the tests here need two"


def test_what_is_not_ours_is_left_to_the_store_and_its_owner_is_called(world):
    outboxes = Outboxes(world.urls, world.esmes, world.shares)
    world.cluster.owned = {group(ONE)}
    outboxes.offer([item(1, "http://one.example/"), item(2, "http://two.example/"), owed(3)])
    assert (world.urls.offered, world.esmes.offered) == ([[1]], [])
    assert sorted(world.cluster.told) == [f"x:{ACCOUNT}", f"x:{TWO}"]
    outboxes.offer([item(4, "http://two.example/")])
    assert world.urls.offered == [[1]]
    world.cluster.owned.add(f"t:{ACCOUNT}")
    outboxes.offer([owed(5)])
    assert world.esmes.offered == [[5]]


def test_a_target_is_called_at_once_and_then_not_more_often_than_ten_times_a_second(world):
    for _ in range(5):
        world.shares.call([TWO])
    assert world.cluster.told == [f"x:{TWO}"]
    world.reactor.advance(0.1)
    assert world.cluster.told == [f"x:{TWO}"] * 2
    world.reactor.advance(0.1)
    world.shares.call([TWO])
    assert world.cluster.told == [f"x:{TWO}"] * 3
    world.reactor.advance(0.1)
    assert not world.reactor.getDelayedCalls()


def test_so_many_targets_that_all_are_to_look(world):
    world.shares.call(f"demo http://host{number}.example" for number in range(10_001))
    assert len(world.cluster.told) == 10_000
    world.reactor.advance(0.1)
    assert world.cluster.told[10_000:] == ["x:"]


def test_who_is_called_looks(world):
    world.cluster.owned = {group(ONE)}
    for target in (ONE, TWO, ACCOUNT):
        world.cluster.heard(target)
    assert world.urls.said == [("heard", ONE)]
    assert world.esmes.said == [("heard", ACCOUNT)]
    world.shares.bound(ACCOUNT)
    world.cluster.heard("")
    assert world.urls.said[1:] == [("come", [ONE, TWO])]
    assert world.esmes.said[1:] == [("heard", ACCOUNT)]


def test_an_operator_revives_what_another_node_pushes(world):
    outboxes = Outboxes(world.urls, world.esmes, world.shares)
    world.cluster.owned = {group(ONE)}
    outboxes.look(ONE)
    outboxes.look(TWO)
    assert world.urls.said == [("look", ONE)]
    assert world.cluster.told == [f"x:{TWO}"]


def test_groups_come_and_go_a_turn_at_a_time(world):
    assert len(world.cluster.declared["t"]) == GROUPS
    for name in (ONE, TWO):
        world.shares.gained(group(name), None)
    world.reactor.advance(0)
    assert world.urls.said == [("come", [ONE, TWO])]
    gone = []
    for name in (ONE, TWO):
        world.shares.let_go(group(name)).addCallback(gone.append)
    world.reactor.advance(0)
    assert world.urls.said[1:] == [("leave", [ONE, TWO])]
    assert gone == []
    world.urls.leaving[0].callback(None)
    assert gone == [None, None]
    world.shares.gained(group(ONE), None)
    world.shares.lost(group(ONE))
    world.reactor.advance(0)
    assert world.urls.said[2:] == [("leave", [ONE])]


def test_accounts_are_wanted_while_they_are_bound(world):
    world.shares.bound(ACCOUNT)
    world.shares.bound(ACCOUNT)
    world.shares.bound("@other")
    world.reactor.advance(0)
    world.shares.unbound(ACCOUNT)
    world.shares.unbound(ACCOUNT)
    world.reactor.advance(0)
    assert world.cluster.here == [[ACCOUNT, "@other"], ["@other"]]
    world.shares.gained("t:@other", "dead")
    left = world.shares.let_go("t:@other")
    assert world.esmes.said == [("come", "@other"), ("leave", "@other")]
    assert left is world.esmes.leaving[0]


def test_absent_accounts_are_called_by_the_node_whose_role_that_is(world):
    assert not world.shares.calls("demo")
    world.cluster.owned = {"u:absent"}
    assert world.shares.calls("demo")
    world.cluster.others = {f"t:{ACCOUNT}": "b"}
    assert not world.shares.calls("demo"), "it is bound at b"
