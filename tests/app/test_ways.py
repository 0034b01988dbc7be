import pytest

from smsgwd.app.ways import Ways
from smsgwd.model.message import HELD, Coding
from smsgwd.model.prices import PriceTable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.table import Hours, Routes, Rule
from tests.app.made import RoutingTables, message

ROUTES = Routes([Rule(("a", "b", "c"), to=("30*",)), Rule(("a", "d"), tenant="shop"), Rule(("e",))])


def over(routes, *up, costs=None):
    return Ways(RoutingTables(routes, Chooser(set(up).__contains__, costs)), set(up).__contains__)


def ways(*up):
    return over(ROUTES, *up)


@pytest.mark.parametrize(
    ("up", "tried", "left", "way"),
    [
        ("abc", None, "a", "b"),
        ("ac", None, "a", "c"),
        ("", None, "a", "b"),
        ("abc", "b", "a", "c"),
        ("abc", "b,c", "a", None),
        ("abc", "a", "b", "c"),
        ("abc", None, "z", "a"),
    ],
)
def test_the_next_way_is_one_that_is_up_and_was_not_tried(up, tried, left, way):
    assert ways(*up).next_way(message(1, tried=tried), left) == way


def test_a_message_goes_by_the_rule_it_matches_now():
    assert ways("d").next_way(message(1, tenant="shop", msisdn="447700900123"), "a") == "d"
    assert ways("a").next_way(message(1, tenant="other", msisdn="447700900123"), "e") is None
    assert over(Routes([])).next_way(message(1), "a") is None


def test_routes_that_change_count_from_then_on():
    tables = RoutingTables(ROUTES, Chooser(lambda _: True))
    there = Ways(tables, lambda _: True)
    assert there.next_way(message(1), "a") == "b"
    tables.routes = Routes([Rule(("a", "z"))])
    assert there.next_way(message(1), "a") == "z"
    assert there.up() == {"a", "z"}


def test_what_is_down_is_left_only_for_what_is_up():
    assert ways("c").way_for(message(1), "a") == "c"
    assert ways("a").way_for(message(1), "a") is None
    assert ways("c").way_for(message(1, tried="c"), "a") is None


def test_who_stands_beside_a_connector():
    assert ways("b", "d", "e").up_beside("a") == {"b", "d"}
    assert ways("a", "b", "d").up_beside("e") == frozenset()


def test_all_that_a_rule_asks_is_asked_of_the_message():
    routes = Routes(
        [
            Rule(("a", "phone"), channel="device"),
            Rule(("a", "long"), min_parts=2),
            Rule(("a", "greek"), codings=(Coding.UCS2,)),
            Rule(("a", "urgent"), priorities=(3,)),
            Rule(("a", "night"), hours=Hours(1320, 360)),
            Rule(("a", "day")),
        ]
    )
    there = over(routes)
    noon, midnight = 12 * 3_600_000, 24 * 3_600_000
    assert there.next_way(message(1, submitted_at=noon, channel="device"), "a") == "phone"
    assert there.next_way(message(1, submitted_at=noon, channel="network", parts=2), "a") == "long"
    assert there.next_way(message(1, submitted_at=noon, channel="network", coding=Coding.UCS2), "a") == "greek"
    assert there.next_way(message(1, submitted_at=noon, channel="network", priority=3), "a") == "urgent"
    for channel in ("network", "device"):
        late = there.next_way(message(1, submitted_at=midnight, channel=channel), "a")
        assert late == ("night" if channel == "network" else "phone")
    assert there.next_way(message(1, submitted_at=noon, channel="network"), "a") == "day"
    assert there.next_way(message(1, submitted_at=noon, due_at=midnight, channel="network"), "a") == "night"
    assert there.next_way(message(1, submitted_at=noon, due_at=HELD, channel="network"), "a") == "day"


def test_it_does_not_go_over_to_one_that_costs_too_much():
    costs = Costs(
        {"a": PriceTable([("", 50)]), "b": PriceTable([("", 30), ("mcc:20201", 70)]), "c": PriceTable([("", 60)])}
    )
    routes = Routes([Rule(("a", "b", "c"), margin=0)])
    there = over(routes, "a", "b", "c", costs=costs)
    assert there.next_way(message(1, price=120, parts=2), "a") == "c"
    assert there.next_way(message(1, price=100, parts=2), "a") is None
    assert there.next_way(message(1, price=100, parts=2, msisdn="447700900123"), "a") == "b"
    cheapest = over(Routes([Rule(("a", "c", "b"), strategy="least_cost")]), "b", "c", costs=costs)
    assert cheapest.next_way(message(1, price=0, msisdn="447700900123"), "a") == "b"
    assert cheapest.next_way(message(1, price=0), "a") == "c"
