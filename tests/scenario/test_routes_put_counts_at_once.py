"""`route put` counts from the next message on, `explain` names the connector that then sends, a restart keeps it."""

from __future__ import annotations

import json
import signal

import pytest

from tests.scenario.harness import Catcher, Gateway, Scene
from tests.scenario.ways import done, gateway_between, refused, wait_up

GREECE = {"match": {"to": ["30*"]}, "connectors": ["b", "a"]}
Stand = tuple[Gateway, Catcher]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """Two SMSCs; everything goes to `a` by the configuration."""
    catcher = shared.catcher()
    smscs = {name: shared.smsc(name=name) for name in ("a", "b")}
    return gateway_between(shared, smscs, catcher=catcher), catcher


def _went(stand: Stand, to: str) -> str:
    """The connector that a message took; it is the one that `explain` had named."""
    gateway, catcher = stand
    named = done(gateway, "route", "explain", tenant="shop", to=to, **{"from": "Shop"}, text="Hello")["connector"]
    message = gateway.tenant.send(to)
    catcher.wait_push(message)
    took = gateway.tenant.message(message)["connector"]
    assert took == named
    return str(took)


def test_a_route_counts_for_the_next_message(shared: Scene, stand: Stand) -> None:
    """Put, moved behind another, dropped: each counts when the command answers."""
    gateway, _ = stand
    assert _went(stand, "+306900000001") == "a"
    done(gateway, "route", "put", id="greece", order="10", json=json.dumps(GREECE))
    assert _went(stand, "+306900000002") == "b"
    assert _went(stand, "+447700900123") == "a"
    done(gateway, "route", "put", id="first", order="5", json=json.dumps({"connectors": ["a"]}))
    assert _went(stand, "+306900000003") == "a"
    done(gateway, "route", "put", id="first", order="20", json=json.dumps({"connectors": ["a"]}))
    assert _went(stand, "+306900000004") == "b"
    done(gateway, "route", "drop", id="greece")
    assert _went(stand, "+306900000005") == "a"
    done(gateway, "route", "drop", id="first")


def test_a_route_that_cannot_be_used_changes_nothing(shared: Scene, stand: Stand) -> None:
    """All that is wrong with it is named, and the routes are those of before."""
    gateway, _ = stand
    before = done(gateway, "route", "list")
    unusable: tuple[dict[str, object], ...] = (
        {"connectors": ["nowhere"]},
        {"connectors": []},
        {"connectors": ["a"], "strategy": "dearest"},
        {"connectors": ["a"], "weights": [1]},
        {"connectors": ["a"], "match": {"to": "30*", "nonsense": 1}},
        {"connectors": ["a"], "match": {"hours": {"time": "25:00-26:00"}}},
        {"connectors": ["a"], "match": {"networks": ["x"]}},
        {"connectors": "a" * 10_000},
    )
    for wrong in unusable:
        answer = gateway.command("route", "put", id="wrong", order="1", json=json.dumps(wrong))
        assert refused(answer), answer
    for raw in ("", "[]", "nul", "[" * 50_000, '{"connectors": ["a"]', "\ud800"):
        assert refused(gateway.command("route", "put", id="wrong", order="1", json=raw)), raw[:20]
    assert done(gateway, "route", "list") == before
    assert _went(stand, "+306900000006") == "a"


def test_a_table_of_prefixes(shared: Scene, stand: Stand) -> None:
    """The longest prefix decides; an import takes the place of the one before."""
    gateway, _ = stand
    done(gateway, "route", "import", id="world", order="100", csv="prefix,connectors\n30,a b\n3069,b\n*,a\n")
    assert _went(stand, "+306900000007") == "b"
    assert _went(stand, "+302101234567") == "a"
    done(gateway, "route", "import", id="world", order="100", csv="prefix,connectors\n30,b\n*,a\n")
    assert _went(stand, "+302101234567") == "b"
    assert _went(stand, "+447700900124") == "a"


def test_stored_routes_survive(shared: Scene, stand: Stand) -> None:
    """A kill without warning keeps every route whose command was answered."""
    gateway, _ = stand
    done(gateway, "route", "put", id="kept", order="1", json=json.dumps({"match": {"to": "49*"}, "connectors": ["b"]}))
    before = done(gateway, "route", "list")
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    wait_up(gateway, "a", "b")
    assert done(gateway, "route", "list") == before
    assert _went(stand, "+4915112345678") == "b"
