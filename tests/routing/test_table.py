from hypothesis import given
from hypothesis import strategies as st

from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes, Rule


def test_the_first_matching_rule_wins():
    routes = Routes([Rule(("a",), to=("30*",)), Rule(("b",), to=("3069*",)), Rule(("c",))])
    assert routes.find("t", "s", "306912345678").connectors == ("a",)
    assert routes.find("t", "s", "447700900123").connectors == ("c",)


def test_tenant_sender_and_exact_number_narrow_a_rule():
    routes = Routes([Rule(("x",), to=("+306912345678", "44*"), sender=("Shop*",), tenant="t1")])
    assert routes.find("t1", "Shop1", "306912345678")
    assert routes.find("t1", "Shop1", "447")
    assert routes.find("t1", "Other", "306912345678") is None
    assert routes.find("t2", "Shop1", "306912345678") is None
    assert routes.find("t1", "Shop1", "306912345679") is None


def test_no_rule_no_route():
    assert Routes([]).find("t", "s", "30691") is None


def test_failover_takes_the_first_that_is_up_and_the_preferred_when_none_is():
    up = {"b"}
    chooser = Chooser(up.__contains__)
    rule = Rule(("a", "b", "c"))
    assert chooser.choose(rule) == "b"
    up.clear()
    assert chooser.choose(rule) == "a"
    up.update("ab")
    assert [chooser.choose(rule) for _ in range(3)] == ["a"] * 3


def test_round_robin_takes_turns_and_skips_what_is_down():
    up = {"a", "b", "c"}
    chooser = Chooser(up.__contains__)
    rule = Rule(("a", "b", "c"), strategy="round_robin")
    assert [chooser.choose(rule) for _ in range(4)] == ["a", "b", "c", "a"]
    up.discard("b")
    assert "b" not in [chooser.choose(rule) for _ in range(6)]


@given(
    st.lists(st.text("0123456789", min_size=1, max_size=4), max_size=6), st.text("0123456789", min_size=7, max_size=15)
)
def test_prefix_matching_agrees_with_a_plain_loop(prefixes, number):
    routes = Routes([Rule((prefix,), to=(prefix + "*",)) for prefix in prefixes])
    expected = next((prefix for prefix in prefixes if number.startswith(prefix)), None)
    found = routes.find("t", "s", number)
    assert (found.connectors[0] if found else None) == expected


def test_what_belongs_together_goes_the_same_way_whosever_turn_it_is():
    up = {"a", "b", "c"}
    chooser = Chooser(up.__contains__)
    rule = Rule(("a", "b", "c"), strategy="round_robin")
    ways = {key: chooser.choose(rule, same_way=key) for key in range(30)}
    for _ in range(3):
        chooser.choose(rule)
        assert {key: chooser.choose(rule, same_way=key) for key in range(30)} == ways
    assert set(ways.values()) == up
    up.discard("b")
    assert {chooser.choose(rule, same_way=key) for key in range(30)} == up


def test_what_a_message_falls_back_on():
    rule = Rule(("a", "b", "c"), on_undelivered="next")
    assert rule.fallback("a") == "b,c"
    assert rule.fallback("b") == "a,c"
    assert Rule(("a",), on_undelivered="next").fallback("a") is None
    assert Rule(("a", "b")).fallback("a") is None


def test_who_stands_beside_whom():
    routes = Routes([Rule(("a", "b")), Rule(("b", "c")), Rule(("d",))])
    assert routes.beside("b") == {"a", "c"}
    assert routes.beside("a") == {"b"}
    assert routes.beside("d") == routes.beside("z") == frozenset()
