"""What a rule can ask of a message, and how tables of many rules answer."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.routing.rewrite import rewrite
from smsgwd.routing.table import Hours, Rewriting, Routes, Rule


def at(text: str) -> int:
    """Milliseconds since 1970 of a UTC time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "when", "is_open"),
    [
        (Hours(480, 1200), "2026-06-15T07:59", False),
        (Hours(480, 1200), "2026-06-15T08:00", True),
        (Hours(480, 1200), "2026-06-15T20:00", False),
        (Hours(480, 1200, zone="Europe/Athens"), "2026-06-15T05:00", True),  # summer: UTC+3
        (Hours(480, 1200, zone="Europe/Athens"), "2026-01-15T05:00", False),  # winter: UTC+2
        (Hours(480, 1200, zone="Europe/Athens"), "2026-01-15T06:00", True),
        (Hours(1320, 360), "2026-06-15T23:00", True),
        (Hours(1320, 360), "2026-06-15T05:59", True),
        (Hours(1320, 360), "2026-06-15T06:00", False),
        (Hours(1320, 360, (0,)), "2026-06-15T23:00", True),  # a Monday
        (Hours(1320, 360, (0,)), "2026-06-16T05:00", True),  # of Monday's night
        (Hours(1320, 360, (0,)), "2026-06-16T23:00", False),
        (Hours(1320, 360, (0,)), "2026-06-15T05:00", False),  # of Sunday's
        (Hours(days=(5, 6)), "2026-06-20T00:00", True),
        (Hours(days=(5, 6)), "2026-06-22T00:00", False),
    ],
)
def test_hours(hours: Hours, when: str, is_open: bool) -> None:
    assert hours.open_at(at(when)) is is_open
    routes = Routes([Rule(("a",), hours=hours), Rule(("b",), hours=hours)])
    for _ in range(2):  # the answer is remembered
        assert (routes.find("t", "s", "30", now=at(when)) is not None) is is_open
    assert (routes.find("t", "s", "30", now=at(when) - 7 * 86_400_000) is not None) is is_open


def test_parts_codings_and_priorities() -> None:
    routes = Routes(
        [
            Rule(("long",), min_parts=3),
            Rule(("two",), min_parts=2, max_parts=2),
            Rule(("greek",), codings=(2,)),
            Rule(("urgent",), priorities=(2, 3)),
            Rule(("rest",)),
        ]
    )

    def way(*args: int) -> str:
        parts, coding, priority = args
        found = routes.find("t", "s", "30", parts, coding, None, priority)
        assert found is not None
        return found.connectors[0]

    assert way(3, 2, 3) == "long"
    assert way(2, 2, 3) == "two"
    assert way(1, 2, 3) == "greek"
    assert way(1, 0, 3) == "urgent"
    assert way(1, 0, 1) == "rest"


def test_networks_are_asked_only_where_a_rule_wants_to_know() -> None:
    asked = []

    def network_of(msisdn: str) -> str:
        asked.append(msisdn)
        return {"301": "20201", "302": "20205"}.get(msisdn, "")

    routes = Routes(
        [Rule(("x",), to=("44*",)), Rule(("a",), ("30*",), networks=("20201",)), Rule(("b",), networks=("202*",))],
        network_of,
    )
    assert routes.find("t", "s", "44") is not None
    assert asked == []
    for number, connectors in (("301", ("a",)), ("302", ("b",))):
        found = routes.find("t", "s", number)
        assert found is not None
        assert found.connectors == connectors
    assert routes.find("t", "s", "303") is None
    assert asked == ["301", "302", "303"]  # once a message, however many rules ask


def test_a_rule_may_ask_for_networks_and_numbers() -> None:
    routes = Routes([Rule(("a",), ("30*", "+3580*"), networks=("20201", "202*", "2020*"))], lambda _: "20201")
    assert routes.find("t", "s", "301") is not None
    assert routes.find("t", "s", "35801") is not None
    assert routes.find("t", "s", "44") is None


def test_a_channel_that_is_asked_for_is_kept() -> None:
    rules = [
        Rule(("sim1", "carrier")),
        Rule(("carrier",)),
        Rule(("sim1", "sim2")),
        Rule(("carrier",), channel="device"),
    ]
    routes = Routes(rules, devices=frozenset(["sim1", "sim2"]))
    assert routes.find("t", "s", "30") is rules[0]
    assert routes.find("t", "s", "30", channel="network") is rules[1]
    assert routes.find("t", "s", "30", channel="device") is rules[2]
    assert Routes(rules[3:]).find("t", "s", "30", channel="device") is rules[3]
    assert Routes(rules[3:]).find("t", "s", "30", channel="network") is None


def test_the_order_holds_between_everybodys_rules_and_a_tenants_own() -> None:
    rules = [
        Rule(("a",), ("3069*",)),
        Rule(("b",), tenant="shop"),
        Rule(("c",), ("30*",)),
        Rule(("d",), ("30210*",), tenant="shop"),
    ]
    routes = Routes(rules)
    assert routes.find("shop", "s", "3069") is rules[0]
    assert routes.find("shop", "s", "30210") is rules[1]
    assert routes.find("other", "s", "30210") is rules[2]
    assert Routes(rules[2:]).find("shop", "s", "30210") is rules[2]
    assert Routes([rules[3], rules[2]]).find("shop", "s", "30210") is rules[3]


PATTERN = st.one_of(
    st.just("*"), st.text("0123", min_size=1, max_size=3), st.text("0123", max_size=3).map("{}*".format)
)
RULES = st.lists(
    st.builds(
        Rule,
        st.just(("a",)),
        st.lists(PATTERN.filter(bool), min_size=1, max_size=3).map(tuple),
        st.sampled_from([("*",), ("Shop",), ("Sh*", "12")]),
        st.sampled_from([None, "t1", "t2"]),
    ),
    max_size=12,
)


@given(RULES, st.text("0123", max_size=5), st.sampled_from(["Shop", "Ship", "12"]), st.sampled_from(["t1", "t2", "t3"]))
def test_agrees_with_trying_one_after_the_other(rules: list[Rule], number: str, source: str, tenant: str) -> None:
    def fits(pattern: str, value: str) -> bool:
        return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern

    expected = next(
        (
            rule
            for rule in rules
            if rule.tenant in (None, tenant)
            and any(fits(pattern, number) for pattern in rule.to)
            and any(fits(pattern, source) for pattern in rule.sender)
        ),
        None,
    )
    assert Routes(rules).find(tenant, source, number) is expected


@pytest.mark.parametrize(
    ("how", "source", "number", "sent"),
    [
        (None, "Shop", "3069", (None, None)),
        (Rewriting(), "Shop", "3069", (None, None)),
        (Rewriting(sender="Info"), "Shop", "3069", ("Info", None)),
        (Rewriting(sender="Info"), "Info", "3069", (None, None)),
        (Rewriting(sender="Info", senders=(("Shop", "ShopGR"), ("Keep", "Keep"))), "Shop", "3069", ("ShopGR", None)),
        (Rewriting(sender="Info", senders=(("Shop", "ShopGR"), ("Keep", "Keep"))), "Keep", "3069", (None, None)),
        (Rewriting(senders=(("Shop", "ShopGR"),)), "Other", "3069", (None, None)),
        (Rewriting(strip="30"), "Shop", "3069", (None, "69")),
        (Rewriting(strip="30"), "Shop", "4430", (None, None)),
        (Rewriting(strip="30", add="0"), "Shop", "3069", (None, "069")),
        (Rewriting(add="00"), "Shop", "3069", (None, "003069")),
        (Rewriting(strip="3069"), "Shop", "3069", (None, None)),
        (Rewriting(add="0123456789"), "Shop", "306912345678", (None, None)),
    ],
)
def test_rewriting(how: Rewriting | None, source: str, number: str, sent: tuple[str | None, str | None]) -> None:
    rule = Rule(("a",), rewriting=how)
    assert rewrite(rule, source, number) == sent
    assert rule.rewrites is (how is not None)


def test_what_need_not_be_asked_for_each_message() -> None:
    assert Rule(("a",)).simple
    assert Rule(("a", "b")).steady
    assert not Rule(("a", "b")).simple
    for strategy in ("round_robin", "weighted", "least_cost", "sticky"):
        assert not Rule(("a", "b"), strategy=strategy).steady
        assert Rule(("a",), strategy=strategy).steady
        assert Rule(("a",), strategy=strategy).simple
    assert not Rule(("a",), margin=0).steady
    assert Rule(("a",), margin=0).prices_matter
    assert Rule(("a", "b"), strategy="least_cost").prices_matter
    assert not Rule(("a", "b"), strategy="sticky").prices_matter
