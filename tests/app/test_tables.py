"""Routes of the configuration and stored ones become rules."""

import json
from pathlib import Path

import pytest

from smsgwd.app.tables import devices_of, routes_of, rules_of, stored_rules, usable_rules
from smsgwd.model.message import Coding
from smsgwd.model.records import ROUTE, Record, route_key
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.routing.table import Hours, Rewriting, Rule
from tests.config.files import good

CONFIG = """\
connectors:
  - {id: a, kind: smpp, host: h, port: 2775, system_id: s, password: p}
  - {id: b, kind: provider, provider: isms, channel: device}
routes:
  - {connectors: [b], match: {to: 30*}}
  - {id: rest, connectors: [a]}
"""
ROUTE_JSON = {
    "order": 5,
    "match": {
        "to": ["30*"],
        "from": "Shop*",
        "tenant": "demo",
        "networks": "20201",
        "min_parts": 2,
        "max_parts": 4,
        "codings": ["gsm", "binary"],
        "priorities": [3],
        "channel": "device",
        "hours": {"time": "21:00-08:00", "days": ["tue"], "zone": "Europe/Athens"},
    },
    "connectors": ["a", "b"],
    "strategy": "weighted",
    "weights": [3, 1],
    "margin": 10,
    "rewrite": {"sender": "Info", "senders": {"Shop": "S"}, "strip": "30", "add": "0"},
    "on_undelivered": "next",
}


def record(order: int, name: str, value: object) -> Record:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Record(ROUTE, "", route_key(order, name), raw, 0)


def test_the_configurations_routes(tmp_path: Path) -> None:
    config = good(tmp_path, CONFIG)
    assert [rule.id for rule in rules_of(config)] == ["config/1", "rest"]
    assert devices_of(config) == {"b"}
    routes = routes_of(config)
    found = routes.find("t", "s", "30691", channel="device")
    assert found is not None
    assert found.connectors == ("b",)
    network = routes.find("t", "s", "30691", channel="network")
    assert network is not None
    assert network.id == "rest"


def test_a_stored_route_says_the_same_as_one_of_the_configuration() -> None:
    assert stored_rules([record(5, "mine", ROUTE_JSON)], {"a", "b"}) == [
        Rule(
            connectors=("a", "b"),
            to=("30*",),
            sender=("Shop*",),
            tenant="demo",
            strategy="weighted",
            on_undelivered="next",
            id="mine",
            networks=("20201",),
            min_parts=2,
            max_parts=4,
            codings=(Coding.GSM7, Coding.BINARY),
            priorities=(3,),
            hours=Hours(1260, 480, (1,), "Europe/Athens"),
            channel="device",
            weights=(3, 1),
            margin=10,
            rewriting=Rewriting("Info", (("Shop", "S"),), "30", "0"),
        )
    ]


def test_stored_routes_keep_their_order() -> None:
    rules = stored_rules([record(1, "z", {"connectors": ["a"]}), record(20, "b", {"connectors": ["a"]})])
    assert [rule.id for rule in rules] == ["z", "b"]


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        ([], "it must be a JSON object"),
        ({}, "connectors: is required"),
        ({"connectors": []}, "connectors: must not be empty"),
        ({"connectors": ["a", "a"]}, "connectors: 'a' is named twice"),
        ({"connectors": ["z"]}, "connectors: no connector has the id 'z'"),
        ({"connectors": ["a"], "match": {"to": 30}}, "match.to: must be a list"),
        ({"connectors": ["a"], "match": {"to": ["x"]}, "margin": 200}, "margin: must be at most 99, not 200"),
        ({"connectors": ["a"], "match": {"to": ["x"]}, "margin": 200}, "match.to[0]: must be digits"),
        ({"connectors": ["a"], "weight": [1]}, "unknown key 'weight' (did you mean 'weights'?)"),
        ({"connectors": ["a"], "strategy": "weighted"}, "'weights' needs one number for each connector: 1, not 0"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(value: object, mistake: str) -> None:
    with pytest.raises(Refused) as caught:
        stored_rules([record(5, "mine", value)], {"a", "b"})
    assert caught.value.refusal is Refusal.INVALID
    assert caught.value.detail.startswith("route 00000005/mine: ")
    assert mistake in caught.value.detail


def test_what_can_be_used_is_used_all_the_same() -> None:
    wrong = record(1, "gone", {"connectors": ["removed"]})
    rules, mistakes = usable_rules([wrong, record(2, "good", {"connectors": ["a"]})], {"a"})
    assert [rule.id for rule in rules] == ["good"]
    assert mistakes == [(wrong, "connectors: no connector has the id 'removed'")]


def test_routes_that_are_known_are_not_read_again() -> None:
    first, other = record(1, "r", {"connectors": ["a"]}), record(1, "r", {"connectors": ["b"]})
    wrong = record(2, "w", {"connectors": ["c"]})
    known: dict[tuple[str, int], Rule] = {}
    [rule], _ = usable_rules([first, wrong], {"a", "b"}, known)
    assert list(known.values()) == [rule]
    [again], mistakes = usable_rules([first, wrong], {"a", "b"}, known)
    assert again is rule
    assert [each for each, _ in mistakes] == [wrong]
    [changed], _ = usable_rules([other], {"a", "b"}, known)
    assert changed.connectors == ("b",)
