import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.money import format_money, parse_money


@pytest.mark.parametrize(
    ("text", "micro"),
    [("1000.0000", 10**9), ("0.04", 40_000), ("0.000001", 1), ("-2.5", -2_500_000), ("7", 7_000_000), ("0", 0)],
)
def test_parse(text, micro):
    assert parse_money(text) == micro


@pytest.mark.parametrize(
    "text", ["", "1,5", "1.", ".5", "1e3", "+1", " 1", "1\n", "0.0000001", "9" * 13, "--1", "٣", "nan", "1_000"]
)
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match="is no amount"):
        parse_money(text)


@pytest.mark.parametrize(
    ("micro", "text"),
    [(999_960_000, "999.9600"), (1, "0.000001"), (-40_000, "-0.0400"), (0, "0.0000"), (1_234_560, "1.234560")],
)
def test_format(micro, text):
    assert format_money(micro) == text


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_round_trip(micro):
    assert parse_money(format_money(micro)) == micro
