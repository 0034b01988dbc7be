"""`route list`, `show`, `put`, `drop`, `import` and `explain`."""

import json

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.app.tables import stored_rules
from smsgwd.model.prices import PriceTable
from smsgwd.model.records import ROUTE, Record
from smsgwd.ops.registry import CommandError
from smsgwd.ops.routes import Routing
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.explain import explain
from smsgwd.routing.table import Rewriting, Routes, Rule
from tests.ops.asking import NOW_MS, Clock, run


class Records:
    """Records in memory that are compiled as the real ones are."""

    def __init__(self):
        self.rows = {}
        self.away = False

    def page(self, kind, tenant, after, limit, *, beginning=""):
        if self.away:
            return fail(StoreUnavailable("closed"))
        keys = sorted(key for key in self.rows if key > after and key.startswith(beginning))
        return succeed([self.record(key) for key in keys[:limit]])

    def record(self, key):
        return Record(ROUTE, "", key, self.rows[key], 0)

    def put(self, kind, tenant, key, value, *, new=False, old=False):
        return self.put_many(kind, tenant, [(key, value)]).addCallback(lambda _: True)

    def put_many(self, kind, tenant, rows, *, dropped=()):
        try:
            stored_rules([Record(kind, tenant, key, value, 0) for key, value in rows], {"a", "b"})
        except Exception as error:
            return fail(error)
        self.rows.update(rows)
        for key in dropped:
            del self.rows[key]
        return succeed(None)

    def drop(self, kind, tenant, key, *, beginning=False):
        return succeed(0 if self.rows.pop(key, None) is None else 1)

    def rules(self):
        return stored_rules(self.record(key) for key in sorted(self.rows))


class World:
    def __init__(self, *declared, costs=None, rate=None):
        self.records = Records()
        self.declared = declared
        self.asked = []
        self.chooser = Chooser(lambda connector: connector != "b", costs)
        self.rate = rate
        self.family = Routing(self.records, Clock(), self.routes, self.explain, {"t", "shop"}.__contains__)

    def routes(self):
        return Routes([*self.records.rules(), *self.declared])

    def explain(self, question):
        self.asked.append(question)
        question = type(question)(
            **{**{f: getattr(question, f) for f in question.__struct_fields__}, "rate": self.rate}
        )
        return explain(self.routes(), self.chooser, question, lambda connector: connector != "b")

    def run(self, verb, **params):
        return run(self.family, "route", verb, **params)

    def put(self, route_id, order, **route):
        return self.run("put", id=route_id, order=str(order), json=json.dumps(route))


def test_a_route_is_put_shown_moved_and_dropped():
    world = World(Rule(("a",), id="config/1"))
    route = {"connectors": ["b"], "match": {"to": ["30*"]}}
    assert world.put("greece", 20, **route) == {"id": "greece", "order": 20, "replaced": False}
    assert world.run("show", id="greece") == {"id": "greece", "order": 20, "route": route}
    assert [row["route"] for row in world.run("list")] == ["greece", "config/1"]
    world.put("first", 10, connectors=["a"])
    assert world.put("greece", 5, **route)["replaced"]
    assert [row["route"] for row in world.run("list")] == ["greece", "first", "config/1"]
    assert world.run("drop", id="greece") == {"id": "greece", "dropped": True}
    assert [row["route"] for row in world.run("list")] == ["first", "config/1"]
    for verb in ("show", "drop"):
        with pytest.raises(CommandError, match="there is no stored route greece"):
            world.run(verb, id="greece")


def test_an_import_is_shown_and_dropped_as_a_whole():
    world = World(Rule(("a",), id="config/1"))
    world.run("import", id="world", order="100", csv="prefix,connectors\n30,a b\n3069,b\n*,a\n")
    world.put("world.5", 200, connectors=["b"])
    assert world.run("show", id="world") == {"id": "world", "order": 100, "imported_routes": 3}
    assert world.run("drop", id="world") == {"id": "world", "dropped": True, "imported_routes": 3}
    assert [row["route"] for row in world.run("list")] == ["world.5", "config/1"]


def test_the_recipient_is_read_as_its_tenant_writes_it():
    world = World(Rule(("a",), id="x"))
    world.family = Routing(
        world.records, Clock(), world.routes, world.explain, {"shop"}.__contains__, {"shop": "GR"}.get
    )
    assert world.run("explain", tenant="shop", to="691 234 5678")["to_sent"] == "306912345678"


def test_a_list_says_what_routes_ask():
    many = tuple(f"30{number}*" for number in range(12))
    world = World(Rule(("a",), many, id="x", codings=(0, 2)), Rule(("a", "b"), id="y", strategy="sticky"))
    [first, second] = world.run("list")
    assert json.loads(first.pop("asks")) == {"to": [*many[:10], "and 2 more"], "codings": ["gsm", "ucs2"]}
    assert first == {"place": 1, "route": "x", "connectors": ["a"], "strategy": "failover"}
    assert second == {"place": 2, "route": "y", "connectors": ["a", "b"], "strategy": "sticky", "asks": ""}
    assert world.run("list", after="1") == [second]
    assert world.run("list", limit="1")[0]["route"] == "x"


@pytest.mark.parametrize(
    ("params", "mistake"),
    [
        ({"json": "{"}, "json: "),
        ({"json": "[]"}, "json: must be an object"),
        ({"json": '{"id": "other", "connectors": ["a"]}'}, "json: its id is not the one that is given"),
        ({"json": '{"connectors": ["z"]}'}, "no connector has the id 'z'"),
        ({"json": '{"connectors": ["a"], "margins": 1}'}, "did you mean 'margin'"),
        ({"json": "{}", "order": "-1"}, "order must be a number from 0 to 99999999"),
        ({"json": "{}", "id": "a/b"}, "id must be up to 64 letters"),
        ({"json": "{}", "id": ""}, "id must be up to 64 letters"),
    ],
)
def test_what_cannot_be_put(params, mistake):
    world = World()
    with pytest.raises(CommandError, match=mistake):
        world.run("put", **{"id": "x", "order": "1", **params})
    assert world.records.rows == {}


def test_a_store_that_is_away_is_told():
    world = World()
    world.records.away = True
    with pytest.raises(CommandError, match="closed"):
        world.put("x", 1, connectors=["a"])


def test_an_import_goes_by_the_longest_prefix_and_takes_the_place_of_the_one_before():
    world = World(Rule(("a",), id="config/1"))
    csv = "prefix,connectors\n30,a\n31,a\n3069,b a\n306,b a\n*,b\n306912,a\n"
    assert world.run("import", id="rates", order="7", csv=csv) == {
        "id": "rates",
        "prefixes": 6,
        "routes": 5,
        "dropped": 0,
    }
    routes = world.routes()
    ways = {"30210": "a", "31": "a", "306977": "b", "30677": "b", "306912": "a", "44": "b"}
    assert {number: routes.find("t", "s", number).connectors[0] for number in ways} == ways
    again = world.run("import", id="rates", order="7", csv="prefix,connectors\n30,b\n", tenant="shop")
    assert again == {"id": "rates", "prefixes": 1, "routes": 1, "dropped": 4}
    assert world.routes().find("shop", "s", "30210").connectors == ("b",)
    assert world.routes().find("other", "s", "30210").id == "config/1"
    with pytest.raises(CommandError, match="there is no tenant nobody"):
        world.run("import", id="rates", order="7", csv="prefix,connectors\n30,b\n", tenant="nobody")
    with pytest.raises(CommandError, match="csv: line 2: needs a connector"):
        world.run("import", id="rates", order="7", csv="prefix,connectors\n30,\n")


def test_explain():
    costs = Costs({"a": PriceTable([("", 30_000)])})
    rules = [
        Rule(("b",), ("44*",), id="uk"),
        Rule(("b", "a"), ("30*",), id="greece", margin=10, rewriting=Rewriting(sender="Info", strip="30")),
    ]
    world = World(*rules, costs=costs, rate=40_000)
    told = world.run("explain", tenant="shop", to="+30 691 234 5678", **{"from": "Shop"})
    assert told == {
        "route": "greece",
        "connector": "a",
        "why": "the only connector of the rule that leaves enough of the price",
        "network": None,
        "parts": 1,
        "coding": "gsm",
        "price": "0.0400",
        "from_sent": "Info",
        "to_sent": "6912345678",
        "connectors": [
            {"connector": "b", "up": False, "cost": None, "left": None, "weight": None, "may_carry": False},
            {"connector": "a", "up": True, "cost": "0.0300", "left": "0.0100", "weight": None, "may_carry": True},
        ],
        "tried": [
            {"place": 1, "route": "uk", "connectors": ["b"], "result": "it does not take this number"},
            {"place": 2, "route": "greece", "connectors": ["b", "a"], "result": "it takes the message"},
        ],
        "not_shown": 0,
    }
    [asked] = world.asked
    assert (asked.tenant, asked.source, asked.msisdn, asked.at) == ("shop", "Shop", "306912345678", NOW_MS)


@pytest.mark.parametrize(
    ("params", "parts", "coding"),
    [
        ({"text": "hello"}, 1, 0),
        ({"text": "ж" * 80}, 2, 2),
        ({"text": "hello", "coding": "ucs2"}, 1, 2),
        ({"parts": "3", "coding": "binary"}, 3, 3),
        ({}, 1, 0),
    ],
)
def test_what_is_explained(params, parts, coding):
    world = World()
    told = world.run(
        "explain", tenant="t", to="306912345678", channel="device", priority="3", at="2026-01-01T00:00:00Z", **params
    )
    assert (told["route"], told["connector"], told["why"]) == (None, None, "no rule takes it")
    [asked] = world.asked
    assert (asked.parts, asked.coding, asked.channel, asked.priority) == (parts, coding, "device", 3)
    assert asked.at == 1_767_225_600_000


@pytest.mark.parametrize(
    ("params", "mistake"),
    [
        ({"to": "nobody"}, "to: "),
        ({"tenant": "nobody"}, "there is no tenant nobody"),
        ({"channel": "phone"}, "channel must be network or device"),
        ({"coding": "greek"}, "coding must be one of gsm, latin1, ucs2, binary"),
        ({"parts": "0"}, "parts must be a number from 1 to 255"),
        ({"parts": "2", "text": "x"}, "give text or parts, not both"),
        ({"text": "ж", "coding": "gsm"}, "text: "),
        ({"priority": "4"}, "priority must be a number from 0 to 3"),
        ({"at": "tomorrow"}, "at: "),
    ],
)
def test_what_cannot_be_explained(params, mistake):
    with pytest.raises(CommandError, match=mistake):
        World().run("explain", **{"tenant": "t", "to": "306912345678", **params})


def test_of_many_rules_those_that_came_nearest_are_told():
    rules = [Rule(("a",), ("44*",), id=f"far{number}") for number in range(300)]
    near = [Rule(("a",), sender=("X",), id=f"near{number}") for number in range(150)]
    told = World(*rules, *near, Rule(("a",), id="last")).run("explain", tenant="t", to="306912345678")
    assert len(told["tried"]) == 200
    assert told["not_shown"] == 251
    shown = [tried["route"] for tried in told["tried"]]
    assert shown == [f"far{number}" for number in range(49)] + [f"near{number}" for number in range(150)] + ["last"]
