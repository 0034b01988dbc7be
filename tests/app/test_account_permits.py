"""Requests of providers' accounts, where several nodes run connectors of one account."""

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock

from smsgwd.app.account_permits import AccountPermits


class Cluster:
    """Node b of several; `owners` has the node of each connector."""

    node = "b"

    def __init__(self, alone=False):
        self.alone = alone
        self.owners = {}

    def owner(self, kind, name):
        assert kind == "b"
        return self.owners.get(name.removesuffix(":0"))


def settings(connector, account="acc", rate=10):
    return SimpleNamespace(id=connector, group=account, requests_s=rate)


@pytest.fixture
def cluster():
    return Cluster()


def test_alone_it_has_all_of_it():
    clock = Clock()
    permits = AccountPermits(clock, Cluster(alone=True))
    assert permits.of(settings("one")) is permits.of(settings("two"))
    assert permits.of(settings("one")).rate == 10
    assert clock.getDelayedCalls() == []


def test_nodes_that_run_connectors_of_an_account_divide_it(cluster):
    clock = Clock()
    cluster.owners = {"one": "a", "two": "b", "three": "c", "other": "a"}
    permits = AccountPermits(clock, cluster)
    mine, *_ = [permits.of(settings(name)) for name in ("one", "two", "three")]
    other = permits.of(settings("other", "else"))
    assert mine.rate == 3  # 4, 3 and 3
    assert other.rate == 5  # this node might run it in a moment
    cluster.owners |= {"one": "b", "three": "b", "other": "b"}
    clock.advance(0.5)
    assert (mine.rate, other.rate) == (10, 10)
    cluster.owners["one"] = "c"
    clock.advance(0.5)
    assert mine.rate == 5


def test_a_connector_that_is_gone_counts_no_more(cluster):
    clock = Clock()
    cluster.owners = {"one": "a", "two": "b"}
    permits = AccountPermits(clock, cluster)
    mine, _ = [permits.of(settings(name)) for name in ("one", "two")]
    assert mine.rate == 5
    permits.forget("one")
    clock.advance(0.5)
    assert mine.rate == 10
