"""Binds of SMPP accounts are counted on all nodes together, and accounts are given to nodes that they are bound at."""

import pytest

from smsgwd.store.redis.account_binds import AccountBinds
from tests.store.redis.peers import Gateway


@pytest.fixture
def gateway(monkeypatch):
    return Gateway(monkeypatch)


def counts(gateway, peer):
    names = lambda: [each.name for each in peer.nodes.listed()]  # noqa: E731
    return AccountBinds(peer.calls, gateway.keys, peer.lease, names, peer.clock)


def may(binds, count, most=3):
    box = []
    binds.reserve("demo", count, most).addCallback(box.append)
    return box.pop()


def stored(gateway):
    flat = gateway.client.call("HGETALL", gateway.keys.binds("demo"))
    return {name.decode(): int(value.split()[0]) for name, value in zip(flat[::2], flat[1::2], strict=True)}


def two(gateway):
    a, b = gateway.peer("a", {}), gateway.peer("b", {})
    gateway.pass_(1)
    return a, b, counts(gateway, a), counts(gateway, b)


def test_both_nodes_together_have_no_more_than_there_may_be(gateway):
    _, _, one, other = two(gateway)
    assert may(one, 1)
    assert may(other, 1)
    assert may(one, 2)
    assert not may(other, 2)
    assert not may(one, 3)
    assert stored(gateway) == {"a": 2, "b": 1}
    other.tell("demo", 0)
    assert may(one, 3)
    assert stored(gateway) == {"a": 3}


def test_a_dead_nodes_binds_count_no_more_and_an_unknown_ones_do(gateway):
    a, b, one, other = two(gateway)
    assert may(one, 3)
    assert not may(other, 1)
    gateway.ends("a")
    assert may(other, 3)
    assert stored(gateway) == {"b": 3}
    del a, b
    late = gateway.peer("late", {})
    unknowing = AccountBinds(late.calls, gateway.keys, late.lease, lambda: (), late.clock)
    gateway.ends("b")
    assert not may(unknowing, 1), "it cannot tell whether b lives"
    assert may(counts(gateway, late), 1)


def test_a_node_under_a_new_lease_says_it_again(gateway):
    a, _, one, other = two(gateway)
    assert may(one, 3)
    gateway.ends("a")
    assert may(other, 1)
    gateway.pass_(1)
    assert a.lease.held, "it has a new one"
    one.again()
    assert stored(gateway) == {"a": 3, "b": 1}
    assert not may(other, 2)


def test_without_the_server_each_goes_by_its_own_and_says_so_later(gateway):
    a, _, one, other = two(gateway)
    assert may(other, 1)
    a.calls.down = True
    assert may(one, 3), "nobody knows"
    one.tell("demo", 2)
    assert stored(gateway) == {"b": 1}
    a.calls.down = False
    a.clock.advance(1)
    assert stored(gateway) == {"a": 2, "b": 1}


def test_without_a_lease_nothing_is_said(gateway):
    a, _, one, _ = two(gateway)
    a.lease._lost = True
    assert may(one, 5)
    one.tell("demo", 4)
    assert stored(gateway) == {}
    a.lease._lost = False
    one.again()
    assert stored(gateway) == {"a": 4}


def test_an_account_is_the_first_nodes_that_it_is_of_use_to_until_that_one_has_no_use_for_it(gateway):
    a, b = gateway.peer("a", {}), gateway.peer("b", {})
    b.nodes.things({}, (), ["t:@demo"])
    a.nodes.things({}, (), ["t:@demo"])
    gateway.pass_(2)
    assert (a.held("t:@demo"), b.held("t:@demo")) == ([], ["t:@demo"])
    assert a.nodes.owner("t:@demo") == b.nodes.owner("t:@demo") == "b"
    b.nodes.things({}, ())
    gateway.pass_(2)
    assert ("let go", "t:@demo") in b.heard()
    assert a.heard() == [("gained", "t:@demo", None)]
    gateway.ends("a")
    b.nodes.things({}, (), ["t:@demo"])
    gateway.pass_(1, b)
    assert ("gained", "t:@demo", "a") in b.heard()


def test_a_drained_node_keeps_the_accounts_that_are_bound_at_it(gateway):
    a, _ = gateway.peer("a", {}, ["u:upkeep"]), gateway.peer("b", {}, ["u:upkeep"])
    a.nodes.things({}, ["u:upkeep"], ["t:@demo"])
    a.nodes.drain("a")
    gateway.pass_(3)
    assert a.held("t:@demo", "u:upkeep") == ["t:@demo"]
    a.nodes.drain("b")
    gateway.pass_(3)
    assert a.held("t:@demo") == ["t:@demo"]
