"""What people are told of a text while they type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import Measure, TooManyParts, UnencodableText, costly, measure, plan, segments


@pytest.mark.parametrize(
    ("text", "coding", "expected"),
    [
        ("hello", "auto", Measure("gsm7", 1, 5, 5, 5, 155, 160)),
        ("a" * 160, "auto", Measure("gsm7", 1, 160, 160, 160, 0, 160)),
        ("a" * 161, "auto", Measure("gsm7", 2, 161, 161, 8, 145, 153)),
        ("a" * 152 + "€a", "auto", Measure("gsm7", 1, 154, 155, 155, 5, 160)),
        ("a" * 152 + "€" * 5, "auto", Measure("gsm7", 2, 157, 162, 10, 143, 153)),  # the first € does not fit
        ("Καλημέρα", "auto", Measure("ucs2", 1, 8, 8, 8, 62, 70)),
        ("я" * 71, "auto", Measure("ucs2", 2, 71, 71, 4, 63, 67)),
        ("😀" * 36, "auto", Measure("ucs2", 2, 36, 72, 6, 61, 67)),
        ("hello", "ucs2", Measure("ucs2", 1, 5, 5, 5, 65, 70)),
        (b"\x00" * 141, "binary", Measure("binary", 2, 141, 141, 7, 127, 134)),
    ],
)
def test_the_last_part_is_counted(text, coding, expected):
    assert measure(text, coding) == expected


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=400))
def test_what_is_told_is_what_is_sent(text):
    found = measure(text)
    planned = plan(text, max_parts=255)
    sent = segments(text, planned, ref=1)
    assert found.parts == planned.parts == len(sent)
    assert found.left >= 0
    assert found.last + found.left == found.room
    assert 0 < found.last <= found.units


def test_a_character_more_than_is_left_begins_a_part():
    text = "я" * 130
    found = measure(text)
    assert measure(text + "я" * found.left).parts == found.parts
    assert measure(text + "я" * (found.left + 1)).parts == found.parts + 1


def test_what_no_message_can_hold_is_refused():
    with pytest.raises(TooManyParts):
        measure("a" * 40_000)
    with pytest.raises(UnencodableText):
        measure("я", "gsm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain {text} with € and ñ", {}),
        ("it’s “new”, isn’t it", {"’": 2, "“": 1, "”": 1}),
        ("", {}),
    ],
)
def test_characters_that_cost_are_named(text, expected):
    assert costly(text) == expected


def test_of_many_that_cost_the_first_are_named():
    assert list(costly("".join(map(chr, range(0x400, 0x500))), 3)) == ["\u0400", "\u0401", "\u0402"]
