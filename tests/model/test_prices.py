"""Price tables and which list is in effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.prices import PriceTable, in_effect, is_rate_key, rank
from smsgwd.model.records import PriceListRecord

TABLE = PriceTable([("", 9), ("mcc:202", 8), ("30", 7), ("3069", 6), ("mcc:20201", 5)])


def test_the_operator_goes_before_the_prefix_and_the_prefix_before_the_country() -> None:
    assert TABLE.price("306912345678", "20201") == 5
    assert TABLE.price("306912345678", "20205") == 6
    assert TABLE.price("306912345678") == 6
    assert TABLE.price("302101234567", "20205") == 7
    assert TABLE.price("447700900123", "20205") == 8
    assert TABLE.price("447700900123", "23415") == 9
    assert TABLE.price("447700900123") == 9


def test_no_price() -> None:
    assert PriceTable([("30", 1)]).price("44") is None
    assert PriceTable([("mcc:202", 1)]).price("30") is None
    assert PriceTable([]).rate("30") is None


def test_a_price_of_zero_is_a_price() -> None:
    assert PriceTable([("", 5), ("30", 0)]).price("3069") == 0
    assert PriceTable([("30", 5), ("mcc:20201", 0)]).price("3069", "20201") == 0


def test_needs_network() -> None:
    assert TABLE.needs_network
    assert not PriceTable([("", 1), ("30", 2)]).needs_network


@pytest.mark.parametrize("key", ["mcc:20", "mcc:2020", "mcc:2020123", "+30", "30*", "mcc:", "x", "1" * 16, "30\n"])
def test_a_key_that_is_none(key: str) -> None:
    assert not is_rate_key(key)
    with pytest.raises(ValueError, match="neither a prefix"):
        PriceTable([(key, 1)])


KEYS = st.sampled_from(["", "3", "30", "306", "3069", "mcc:202", "mcc:20201", "mcc:202010", "mcc:234"])


@given(
    st.dictionaries(KEYS, st.integers(0, 9)),
    st.sampled_from(["306912", "301", "44", ""]),
    st.sampled_from(["", "202", "20201", "202010", "23415"]),
)
def test_price_and_rate_agree(rates: dict[str, int], number: str, network: str) -> None:
    table = PriceTable(rates.items())
    rate = table.rate(number, network)
    assert table.price(number, network) == (None if rate is None else rate[1])
    if rate is not None:
        assert rates[rate[0]] == rate[1]


@given(
    st.dictionaries(KEYS, st.integers(0, 9)),
    st.dictionaries(KEYS, st.integers(0, 9)),
    st.sampled_from(["306912", "301", "44", ""]),
    st.sampled_from(["", "202", "20201", "202010", "23415"]),
)
def test_of_the_rates_of_two_tables_the_rank_decides(
    own: dict[str, int], base: dict[str, int], number: str, network: str
) -> None:
    found = [rate for table in (own, base) if (rate := PriceTable(table.items()).rate(number, network)) is not None]
    merged = PriceTable({**base, **own}.items()).rate(number, network)
    assert merged == (max(found, key=lambda rate: rank(rate[0])) if found else None)


def test_the_list_that_began_last_is_in_effect() -> None:
    old, new, next_one = (PriceListRecord("retail", valid_from=at) for at in (0, 100, 200))
    other = PriceListRecord("other", valid_from=150)
    lists = [next_one, old, other, new]
    assert in_effect(lists, "retail", 0) == (old, 100)
    assert in_effect(lists, "retail", 99) == (old, 100)
    assert in_effect(lists, "retail", 100) == (new, 200)
    assert in_effect(lists, "retail", 500) == (next_one, None)
    assert in_effect(lists, "other", 0) == (None, 150)
    assert in_effect(lists, "none", 0) == (None, None)
