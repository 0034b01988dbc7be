import pytest

from smsgwd.app.ways import Ways
from smsgwd.routing.table import Routes, Rule
from tests.app.made import message

ROUTES = Routes([Rule(("a", "b", "c"), to=("30*",)), Rule(("a", "d"), tenant="shop"), Rule(("e",))])


def ways(*up):
    return Ways(ROUTES, set(up).__contains__)


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
    assert Ways(Routes([]), lambda _: True).next_way(message(1), "a") is None


def test_what_is_down_is_left_only_for_what_is_up():
    assert ways("c").way_for(message(1), "a") == "c"
    assert ways("a").way_for(message(1), "a") is None
    assert ways("c").way_for(message(1, tried="c"), "a") is None


def test_who_stands_beside_a_connector():
    assert ways("b", "d", "e").up_beside("a") == {"b", "d"}
    assert ways("a", "b", "d").up_beside("e") == frozenset()
