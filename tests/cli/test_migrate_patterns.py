"""Expressions as lists of texts and prefixes: what is said must take exactly what the expression takes."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.cli.migrate_patterns import UnclearError, numbers, patterns


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("^30.*", ["30*"]),
        ("30|44", ["30*", "44*"]),
        ("^85111$", ["85111"]),
        (".*", ["*"]),
        ("", ["*"]),
        ("^44[1-3]", ["441*", "442*", "443*"]),
        ("^JASMIN$", ["JASMIN"]),
        ("^(A|B)$", ["A", "B"]),
        ("Shop.*", ["Shop*"]),
        ("^30?$", ["30", "3"]),
        (r"^a\.b$", ["a.b"]),
        ("^(?:30(69|68)|44)$", ["3069", "3068", "44"]),
    ],
)
def test_lists_are_read(expression: str, expected: list[str]) -> None:
    assert patterns(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "a.b",
        "(?i)x",
        "^[^3]",
        "^3(?=0)",
        "((((",
        "^(30.*|44)x",
        "a$b",
        "(30$|44)",
        r"\bx",
        "x**",
        "[",
        "\\",
        "(",
        ")",
        "a{3}",
    ],
)
def test_what_is_no_list_is_refused(expression: str) -> None:
    with pytest.raises(UnclearError):
        patterns(expression)


def test_numbers_are_international_digits() -> None:
    assert numbers(r"^(\+30|0044)\d*") == ["30*", "44*"]
    assert numbers(r"^(30|357)\d+$") == ["30*", "357*"]
    assert numbers(r"^3069[0-9]{8}$") == ["3069*"]
    assert numbers("^85111$") == ["85111"]
    assert numbers(".*") == ["*"]
    for wrong in ("^069", "^abc", "^$", "^3069123456789012345$"):
        with pytest.raises(UnclearError):
            numbers(wrong)


def test_an_expression_that_grows_without_end_is_refused() -> None:
    with pytest.raises(UnclearError):
        patterns("[0-9]" * 30)
    with pytest.raises(UnclearError):
        patterns("(" * 5_000 + ")" * 5_000)


_PIECES = st.sampled_from(["3", "0", "44", "(30|357)", "[1-3]", r"\d", "5?", "^", "|", ".*", "$", "(6|7.*)"])


@given(st.lists(_PIECES, max_size=6).map("".join), st.text("0134567", max_size=6))
def test_a_list_takes_what_the_expression_takes(expression: str, text: str) -> None:
    try:
        found = patterns(expression)
    except UnclearError:
        return
    ours = any(text.startswith(one[:-1]) if one.endswith("*") else text == one for one in found)
    assert ours == (re.match(expression, text) is not None)


@given(st.lists(_PIECES, max_size=6).map("".join), st.from_regex("[1-9][0-9]{0,6}", fullmatch=True))
def test_a_list_of_numbers_takes_whatever_the_expression_takes(expression: str, text: str) -> None:
    try:
        found = numbers(expression)
    except UnclearError:
        return
    ours = any(text.startswith(one[:-1]) if one.endswith("*") else text == one for one in found)
    assert ours or re.match(expression, text) is None


@given(st.text(max_size=30))
def test_any_text_is_a_list_or_refused(expression: str) -> None:
    with suppress(UnclearError):
        assert patterns(expression)
