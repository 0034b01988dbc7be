"""Which connector of a route: weighted, least cost, sticky and failover, between two SMSCs."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, wait
from tests.scenario.ways import done, gateway_between, wait_up

ROUTES: list[dict[str, object]] = [
    {"id": "turns", "match": {"to": "31*"}, "strategy": "weighted", "weights": [3, 1], "connectors": ["a", "b"]},
    {"id": "cheap", "match": {"to": "32*"}, "strategy": "least_cost", "connectors": ["a", "b"]},
    {"id": "sticky", "match": {"to": "33*"}, "strategy": "sticky", "connectors": ["a", "b"]},
    {"id": "guarded", "match": {"to": "34*"}, "strategy": "least_cost", "margin": 20, "connectors": ["a", "b"]},
    {"id": "rest", "connectors": ["a", "b"]},
]
Stand = tuple[Gateway, Catcher, Smsc]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """`a` costs 0.05 but 0.01 to 324, `b` 0.03 everywhere; the tenant pays 0.04."""
    catcher = shared.catcher()
    smscs = {name: shared.smsc(name=name) for name in ("a", "b")}
    lists = {"a": {"price_list": "costs-a"}, "b": {"price_list": "costs-b"}}
    gateway = gateway_between(shared, smscs, settings=lists, routes=ROUTES, catcher=catcher)
    done(gateway, "price", "import", name="costs-a", csv="prefix,price\n*,0.05\n324,0.01\n346,0.0321\n")
    done(gateway, "price", "import", name="costs-b", csv="prefix,price\n*,0.03\n346,0.0320\n347,0.0321\n")
    return gateway, catcher, smscs["a"]


def _ways(stand: Stand, numbers: list[str]) -> list[str]:
    """The connector of each, in order."""
    gateway, catcher, _ = stand
    ids = [gateway.tenant.send(number) for number in numbers]
    catcher.wait_all(ids)
    return [gateway.tenant.message(one)["connector"] for one in ids]


def test_weighted_takes_turns(shared: Scene, stand: Stand) -> None:
    """Three to one, exactly, spread out."""
    ways = _ways(stand, [f"+3161000{n:04d}" for n in range(16)])
    assert Counter(ways) == {"a": 12, "b": 4}
    assert "aaaa" not in "".join(ways[1:4])


def test_least_cost(shared: Scene, stand: Stand) -> None:
    """By the price of each number."""
    assert _ways(stand, ["+32411111111", "+32511111111"]) == ["a", "b"]


def test_least_cost_follows_a_new_price_list(shared: Scene, stand: Stand) -> None:
    """An import counts for the next message."""
    gateway, _, _ = stand
    assert _ways(stand, ["+32611111111"]) == ["b"]
    done(gateway, "price", "import", name="costs-a", csv="prefix,price\n*,0.05\n324,0.01\n326,0.02\n346,0.0321\n")
    assert _ways(stand, ["+32611111111"]) == ["a"]


def test_sticky_keeps_recipients(shared: Scene, stand: Stand) -> None:
    """Each number goes by one connector, both are used."""
    numbers = [f"+3361000{n:04d}" for n in range(12)]
    first = _ways(stand, numbers)
    assert set(first) == {"a", "b"}
    assert _ways(stand, numbers) == first


def test_margin_refuses(shared: Scene, stand: Stand) -> None:
    """20 % of 0.04 is 0.008: 0.0320 is the dearest that may carry; refused is with no_route, and costs nothing."""
    gateway, _, _ = stand
    assert _ways(stand, ["+34611111111"]) == ["b"]
    before = gateway.tenant.balance()
    answer = gateway.tenant.post("+34711111111")
    assert (answer.status, answer.body["code"]) == (422, "no_route")
    assert gateway.tenant.balance() == before
    told = done(gateway, "route", "explain", tenant="shop", to="34711111111")
    assert told["connector"] is None
    assert "no_route" in told["why"]


def test_failover_and_back(shared: Scene, stand: Stand) -> None:
    """The last of the file: `a` is stopped, all of `sticky` and the rest go by `b`."""
    gateway, _, a = stand
    numbers = [f"+3361000{n:04d}" for n in range(12)]
    before = _ways(stand, numbers)
    assert _ways(stand, ["+306900000001"]) == ["a"]
    port = a.port()
    a.signal(signal.SIGTERM)
    a.wait_end()
    wait("a is down", lambda: not gateway.status()["connectors"][0]["up"])
    assert _ways(stand, ["+306900000001"]) == ["b"]
    assert set(_ways(stand, numbers)) == {"b"}
    assert _ways(stand, ["+32411111111"]) == ["b"]
    assert set(_ways(stand, [f"+3162000{n:04d}" for n in range(4)])) == {"b"}
    shared.smsc(name="a2", port=port)
    wait_up(gateway, "a", "b")
    assert _ways(stand, ["+306900000001"]) == ["a"]
    assert _ways(stand, numbers) == before
