"""Prefix tables: the longest prefix decides."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.prefixes import PrefixTable

DIGITS = st.text("0123456789", max_size=8)


def test_the_longest_prefix_decides() -> None:
    table = PrefixTable([("30", "greece"), ("3069", "mobile"), ("", "else")])
    assert table.find("306912345678") == "mobile"
    assert table.match("302101234567") == ("30", "greece")
    assert table.match("447700900123") == ("", "else")
    assert len(table) == 3


def test_nothing_fits() -> None:
    table = PrefixTable([("30", 1)])
    assert table.find("44") is None
    assert table.find("3") is None
    assert table.match("") is None
    assert PrefixTable[int]([]).find("30") is None


def test_what_stands_for_none_is_found_all_the_same() -> None:
    assert PrefixTable([("30", None), ("3", 1)]).match("301") == ("30", None)


def test_of_two_the_later_counts() -> None:
    assert PrefixTable([("30", 1), ("30", 2)]).find("30") == 2


@given(st.dictionaries(DIGITS, st.integers()), DIGITS)
def test_agrees_with_trying_them_all(rows: dict[str, int], number: str) -> None:
    fitting = [prefix for prefix in rows if number.startswith(prefix)]
    expected = (max(fitting, key=len), rows[max(fitting, key=len)]) if fitting else None
    table = list(rows.items())
    random.Random(1).shuffle(table)
    assert PrefixTable(table).match(number) == expected


@given(
    st.dictionaries(st.text("12", max_size=9), st.none() | st.integers(), max_size=60),
    st.lists(st.text("12", max_size=11), min_size=1, max_size=20),
)
def test_heads_that_are_remembered_change_nothing(rows: dict[str, int | None], numbers: list[str]) -> None:
    table = PrefixTable(rows.items())
    for number in [*numbers, *numbers]:
        fitting = [prefix for prefix in rows if number.startswith(prefix)]
        expected = rows[max(fitting, key=len)] if fitting else None
        assert table.find(number) == expected


def test_more_heads_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smsgwd.model.prefixes._HEADS_REMEMBERED", 3)
    rows = {"": -1, "30": 0, "306": 1} | {f"30691{digit}": 10 + digit for digit in range(5)}
    table = PrefixTable(rows.items())
    numbers = {f"3069{digit}{digit}": 10 + 1 if digit == 1 else 1 for digit in range(9)} | {"30": 0, "4": -1, "": -1}
    for _ in range(2):
        assert {number: table.find(number) for number in numbers} == numbers
