"""Strategies, margins and costs."""

from collections import Counter

import pytest

from smsgwd.model.prices import PriceTable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.table import Rule

NUMBERS = [f"3069{number:08d}" for number in range(3000)]


def test_weights_are_kept_smoothly_and_without_chance():
    chooser = Chooser(lambda _: True)
    rule = Rule(("a", "b", "c"), strategy="weighted", weights=(5, 1, 1))
    assert "".join(chooser.choose(rule) for _ in range(14)) == "aabacaa" * 2


def test_what_is_down_gives_its_share_to_the_others_and_takes_it_again():
    up = {"a", "b", "c"}
    chooser = Chooser(up.__contains__)
    rule = Rule(("a", "b", "c"), strategy="weighted", weights=(2, 1, 1))
    up.discard("a")
    assert Counter(chooser.choose(rule) for _ in range(100)) == {"b": 50, "c": 50}
    up.add("a")
    assert Counter(chooser.choose(rule) for _ in range(100))["a"] == 50
    up.clear()
    assert chooser.choose(rule) == "a"


def test_a_weight_of_zero_stands_by():
    up = {"a", "b"}
    chooser = Chooser(up.__contains__)
    rule = Rule(("a", "b"), strategy="weighted", weights=(1, 0))
    assert {chooser.choose(rule) for _ in range(10)} == {"a"}
    up.discard("a")
    assert {chooser.choose(rule) for _ in range(10)} == {"b"}
    assert {chooser.choose(rule, same_way=way) for way in range(10)} == {"b"}


def test_parts_of_one_text_go_one_way_by_weight():
    chooser = Chooser(lambda _: True)
    rule = Rule(("a", "b"), strategy="weighted", weights=(3, 1))
    ways = [chooser.choose(rule, same_way=way) for way in range(400)]
    assert Counter(ways) == {"a": 300, "b": 100}
    chooser.choose(rule)
    assert [chooser.choose(rule, same_way=way) for way in range(400)] == ways


def test_a_recipient_sticks_to_its_connector_and_only_those_of_the_one_that_is_down_move():
    up = {"a", "b", "c"}
    rule = Rule(("a", "b", "c"), strategy="sticky")
    before = {number: Chooser(up.__contains__).choose(rule, number) for number in NUMBERS}
    assert {number: Chooser(up.__contains__).choose(rule, number) for number in NUMBERS} == before
    assert min(Counter(before.values()).values()) > 900
    up.discard("b")
    moved = {number: Chooser(up.__contains__).choose(rule, number) for number in NUMBERS}
    assert all(moved[number] == before[number] for number in NUMBERS if before[number] != "b")
    away = Counter(moved[number] for number in NUMBERS if before[number] == "b")
    assert set(away) == {"a", "c"}
    assert min(away.values()) > 350
    backwards = Rule(("c", "b", "a"), strategy="sticky")
    assert all(Chooser(up.__contains__).choose(backwards, number) == moved[number] for number in NUMBERS)


COSTS = Costs({"a": PriceTable([("", 50)]), "b": PriceTable([("", 60), ("30", 40), ("mcc:20205", 30)])})


def test_the_cheapest_that_is_up_and_what_has_no_price_last():
    up = {"a", "b", "c"}
    chooser = Chooser(up.__contains__, COSTS)
    rule = Rule(("c", "a", "b"), strategy="least_cost")
    assert chooser.choose(rule, "30691") == "b"
    assert chooser.choose(rule, "44770") == "a"
    assert chooser.choose(rule, "44770", network="20205") == "b"
    up.discard("b")
    assert chooser.choose(rule, "30691") == "a"
    up.discard("a")
    assert chooser.choose(rule, "30691") == "c"
    up.clear()
    assert chooser.choose(rule, "30691") == "b"


def test_equal_costs_keep_the_order_of_the_rule():
    costs = Costs({connector: PriceTable([("", 5)]) for connector in "abc"})
    assert Chooser(lambda _: True, costs).choose(Rule(("c", "a", "b"), strategy="least_cost"), "30") == "c"


@pytest.mark.parametrize("strategy", ["failover", "round_robin", "weighted", "least_cost", "sticky"])
def test_nothing_is_sent_at_a_loss(strategy):
    chooser = Chooser(lambda _: True, COSTS)
    rule = Rule(("a", "b", "c"), strategy=strategy, weights=(1, 1, 1), margin=0)
    assert {chooser.choose(rule, "30691", rate=40) for _ in range(9)} == {"b"}
    assert chooser.choose(rule, "30691", rate=39) is None
    assert {chooser.choose(rule, "30691", rate=50) for _ in range(9)} <= {"a", "b"}


def test_the_margin_is_a_share_of_the_price():
    chooser = Chooser(lambda _: True, COSTS)
    alone = Rule(("a",), margin=20)
    assert chooser.choose(alone, "44", rate=63) == "a"  # 13 of 63 are 20.6 %
    assert chooser.choose(alone, "44", rate=62) is None  # 12 of 62 are 19.4 %
    assert chooser.choose(alone, "44") == "a"
    assert not alone.simple
    assert Rule(("a",)).simple


def test_the_margin_comes_before_what_is_up():
    chooser = Chooser({"a"}.__contains__, COSTS)
    assert chooser.choose(Rule(("a", "b"), margin=0), "30", rate=45) == "b"


def test_what_a_message_falls_back_on_keeps_the_margin():
    chooser = Chooser(lambda _: True, COSTS)
    rule = Rule(("c", "a", "b"), margin=0, on_undelivered="next")
    assert chooser.fallback(rule, "b", "30", rate=50) == "a"
    assert chooser.fallback(rule, "b", "30", rate=45) is None
    cheap = Rule(("c", "a", "b"), strategy="least_cost", on_undelivered="next")
    assert chooser.fallback(cheap, "b", "30") == "a,c"
    assert chooser.fallback(Rule(("c", "a", "b"), on_undelivered="next"), "b", "30") == "c,a"
    assert chooser.fallback(Rule(("a", "b"), margin=0), "a", "30", rate=50) is None
