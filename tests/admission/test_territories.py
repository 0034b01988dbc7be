"""What counts for a number, by the rule as it is told: the table of it must say the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.admission.countries import COUNTRIES, Territories, _rows, country_of
from smsgwd.admission.destinations import Destinations, destinations_of
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.model.records import SenderRule
from smsgwd.model.refusals import Refused

BEGINNINGS = (
    "1204 1416 1212 1658 12689 44 44779 447797 4479111 447911 4414 39 3906698 7 77 73362 733622 61891 6189164 47 "
)
BEGINNINGS += "4779 262 262639 26226 590 59059087 59059 599 5993 30 3069 306912 358 35818 882 979 33 90 1 2 3"
_beginning = st.sampled_from(BEGINNINGS.split())
_key = st.one_of(
    st.sampled_from(["GB", "JE", "GG", "IM", "US", "CA", "RU", "KZ", "IT", "VA", "AU", "CX", "RE", "YT", "GP", "BL"]),
    st.sampled_from(sorted(COUNTRIES)),
    _beginning,
    _beginning.map(lambda prefix: "+" + prefix),
    st.tuples(_beginning, st.text("0123456789", min_size=1, max_size=3)).map("".join),
)
_number = st.tuples(_beginning | st.from_regex(r"[1-9]", fullmatch=True), st.text("0123456789", min_size=6, max_size=8))


def located(digits):
    """The digits of a number that make it its country's, and the country; None where it is no country's."""
    found = [(prefix, country) for prefix, country in _rows() if digits.startswith(prefix)]
    return max(found, key=lambda row: len(row[0]), default=None)


def definition(rows, digits):
    prefixes = {key.removeprefix("+"): said for key, said in rows if not key.isalpha()}
    countries = {key: said for key, said in rows if key.isalpha()}
    fitting = max((prefix for prefix in prefixes if digits.startswith(prefix)), key=len, default=None)
    where = located(digits)
    if where is not None and where[1] in countries and (fitting is None or len(fitting) <= len(where[0])):
        return countries[where[1]]
    return None if fitting is None else prefixes[fitting]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_key, st.integers()), max_size=20), st.lists(_number.map("".join), min_size=1, max_size=12))
def test_the_table_says_what_the_rule_says(rows, numbers):
    table = Territories(rows)
    for number in [*numbers, *numbers]:
        assert table.find(number) == definition(rows, number)


def test_every_country_at_once():
    table = Territories([(country, country) for country in sorted(COUNTRIES)])
    for beginning in BEGINNINGS.split():
        for digits in ("00000000", "99999999", "12345678"):
            assert (table.find(beginning + digits) or "") == country_of(beginning + digits)


def test_tenants_with_the_same_lists_share_what_is_compiled():
    assert destinations_of(("GR",), ("3090",)) is destinations_of(("GR",), ("3090",))
    assert destinations_of(("GR",), ()) is not destinations_of((), ("GR",))
    with pytest.raises(ValueError, match="neither"):
        destinations_of(("gr",), ())
    assert isinstance(destinations_of(("GR",), ()), Destinations)


def outcome(rules, *asked):
    try:
        return rules.apply(*asked)
    except Refused as refused:
        return refused.detail


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        SenderRule,
        alphanumeric=st.just("allowed"),
        numeric=st.sampled_from(["allowed", "refuse", "substitute"]),
        substitute=st.just("Notice"),
        registered_only=st.booleans(),
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["Shop", "Notice", "12345", "+3069"]),
            st.sampled_from(["306912345678", "302101234567"]),
            st.sampled_from([frozenset(), frozenset({"Shop"}), frozenset({"3069", "12345"})]),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_what_was_made_of_a_sender_before_changes_nothing(rule, asked):
    rules = SenderRules({"GR": rule})
    for each in asked:
        assert outcome(rules, *each) == outcome(SenderRules({"GR": rule}), *each)


def test_one_tenants_registered_sender_is_not_anothers():
    rules = SenderRules({"GR": SenderRule(registered_only=True)})
    assert rules.apply("Shop", "306912345678", {"Shop"}) is None
    with pytest.raises(Refused, match="registered"):
        rules.apply("Shop", "306912345678", ())


def test_more_senders_than_are_remembered(monkeypatch):
    monkeypatch.setattr("smsgwd.admission.sender_rules._SENDERS_REMEMBERED", 2)
    rules = SenderRules({"GR": SenderRule(alphanumeric="substitute", substitute="12345"), "CY": SenderRule()})
    for _ in range(2):
        assert [rules.apply(f"Shop{place}", "306912345678", ()) for place in range(5)] == ["12345"] * 5
        assert [rules.apply(f"Shop{place}", "35799123456", ()) for place in range(5)] == [None] * 5
