"""Number plans and price lists as CSV."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.rows_csv import (
    TableError,
    format_plan_csv,
    format_price_csv,
    parse_plan_csv,
    parse_price_csv,
    parse_route_csv,
)


def test_a_price_list_by_prefix() -> None:
    text = "prefix,price\n*,0.05\n30,0.04\n+3069*,0.035\nmcc:202,0.03\nmcc:20201,0.0254321\n".replace("4321", "43")
    assert parse_price_csv(text) == (
        ("", 50_000),
        ("30", 40_000),
        ("3069", 35_000),
        ("mcc:202", 30_000),
        ("mcc:20201", 25_430),
    )


def test_a_price_list_by_operator_as_carriers_send_it() -> None:
    text = (
        "\ufeffCountry;Network;MCC;MNC;Price\r\n# Greece\r\nGreece;Cosmote;202;01;0.0312\r\n\r\nGreece;;202;;0.04\r\n"
    )
    assert parse_price_csv(text) == (("mcc:20201", 31_200), ("mcc:202", 40_000))


def test_every_mistake_with_its_line() -> None:
    text = "prefix,mcc,mnc,price\n30,,,0.04\n3x,,,0.04\n31,,,cheap\n,,01,1\n,2,,1\n,,,1\n32,,,-1\n\n30,,,0.05\n33\n"
    text += "34,,,1000001\n"
    with pytest.raises(TableError) as caught:
        parse_price_csv(text)
    assert [error[: error.index(" ", 6)].rstrip(":") for error in caught.value.errors] == [
        f"line {line}" for line in (3, 4, 5, 6, 7, 8, 10, 11, 12)
    ]
    assert caught.value.errors[0] == "line 3: prefix '3x' must be 1 to 15 digits, '*', or mcc: with 3, 5 or 6 digits"
    assert caught.value.errors[6] == "line 10: '30' stands on line 2 already"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "line 1: the first line must name the columns (prefix, mcc, mnc, price)"),
        ("30,0.04\n", "line 1: the first line must name the columns (prefix, mcc, mnc, price)"),
        ("price\n1\n", "line 1: the first line must name the columns (prefix, mcc, mnc, price)"),
        ("prefix,price\n", "there is no line below the names of the columns"),
        ('prefix,price\n"30,0.04\n', "line 2: unexpected end of data"),
        (f"prefix,price\n{'3' * 300},1\n", "line 2: a field is longer than 200 characters"),
    ],
)
def test_what_is_no_table(text: str, error: str) -> None:
    with pytest.raises(TableError) as caught:
        parse_price_csv(text)
    assert caught.value.errors == (error,)


def test_mistakes_end_somewhere() -> None:
    with pytest.raises(TableError) as caught:
        parse_price_csv("prefix,price\n" + "x,1\n" * 1000)
    assert len(caught.value.errors) == 101
    assert caught.value.errors[-1] == "and more"


def test_a_number_plan() -> None:
    text = 'operator,prefix,country,mcc,mnc\n"Cosmote, mobile",3069,gr,202,01\n,30,GR,202,\nAnybody,+1*,,,\n'
    assert parse_plan_csv(text) == (
        ("3069", "GR", "202", "01", "Cosmote, mobile"),
        ("30", "GR", "202", "", ""),
        ("1", "", "", "", "Anybody"),
    )


def test_mistakes_of_a_number_plan() -> None:
    with pytest.raises(TableError) as caught:
        parse_plan_csv("prefix,country,mcc,mnc,operator\n,GR,,,\n30,Greece,,,\n31,NL,20,,\n32,BE,206,1,\n33,FR,,01,\n")
    assert caught.value.errors == (
        "line 2: prefix '' must be 1 to 15 digits",
        "line 3: country 'GREECE' must be two letters (ISO 3166)",
        "line 4: mcc '20' must be 3 digits",
        "line 5: mnc '1' must be 2 or 3 digits",
        "line 6: an mnc needs its mcc",
    )


def test_routes_by_prefix() -> None:
    text = "prefix;connectors\n30;carrier-a carrier-b\n3069*;carrier-b\n*;backup\n"
    assert parse_route_csv(text) == (
        ("30", ("carrier-a", "carrier-b")),
        ("3069", ("carrier-b",)),
        ("", ("backup",)),
    )
    with pytest.raises(TableError) as caught:
        parse_route_csv("prefix,connectors\nx,a\n30,\n30,a\n+30*,b\n")
    assert caught.value.errors == (
        "line 2: prefix 'x' must be 1 to 15 digits, or '*'",
        "line 3: needs a connector",
        "line 5: '30' stands on line 4 already",
    )


KEY = st.from_regex(r"[0-9]{0,15}|mcc:[0-9]{3}([0-9]{2,3})?", fullmatch=True).filter(str.isascii)


@given(st.dictionaries(KEY, st.integers(0, 10**12), min_size=1))
def test_prices_come_back_as_they_were_written(rates: dict[str, int]) -> None:
    assert parse_price_csv(format_price_csv(rates.items())) == tuple(rates.items())


NAME = st.text(max_size=20).filter(lambda name: name.isprintable() and name == name.strip())
ROW = st.tuples(st.sampled_from(["", "GR"]), st.just("202"), st.sampled_from(["", "01", "010"]), NAME)


@given(st.dictionaries(st.from_regex(r"[0-9]{1,15}", fullmatch=True).filter(str.isascii), ROW, min_size=1))
def test_plans_come_back_as_they_were_written(plan: dict[str, tuple[str, str, str, str]]) -> None:
    rows = tuple((prefix, *row) for prefix, row in plan.items())
    assert parse_plan_csv(format_plan_csv(rows)) == rows
