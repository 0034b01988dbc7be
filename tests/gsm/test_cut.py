"""Where parts end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import cut
from smsgwd.gsm.errors import CodingError, UnencodableText


def ends(text: str, encoding: str, size: int, **tables: int) -> list[int]:
    """Call `cut.ends` with the text's own units."""
    data = cut.units(text, encoding, **tables)  # type: ignore[arg-type]
    return cut.ends(text, data, encoding, size, **tables)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "encoding", "size", "expected"),
    [
        ("abcdef", "gsm7", 3, [3, 6]),
        ("abcdefg", "gsm7", 3, [3, 6, 7]),
        ("ab€cd", "gsm7", 3, [2, 4, 5]),
        ("€€€", "gsm7", 4, [2, 3]),
        ("€€€", "gsm7", 3, [1, 2, 3]),
        ("жжж", "ucs2", 2, [2, 3]),
        ("ж😀ж", "ucs2", 2, [1, 2, 3]),
        ("ж😀😀", "ucs2", 3, [2, 3]),
        ("жe\u0301ж", "ucs2", 2, [1, 3, 4]),
        ("ж" + "e\u0301\u0302\u0303", "ucs2", 3, [1, 4, 5]),
        ("é[éé", "latin1", 3, [3, 4]),
        ("abc", "gsm7", 3, [3]),
    ],
)
def test_ends(text: str, encoding: str, size: int, expected: list[int]) -> None:
    assert ends(text, encoding, size) == expected


def test_clusters_in_national_tables() -> None:
    text = "\u0928\u092e\u0938\u094d\u0924\u0947"
    assert ends(text, "gsm7", 5, locking=6) == [2, 6]
    assert ends("\u0967\u0928\u0928\u093e", "gsm7", 4, locking=6, single=6) == [2, 4]


@given(st.text(alphabet="a€[😀жe\u0301\u200d🇬🇷", max_size=80), st.integers(3, 20))
def test_ends_cover_the_text_and_fit(text: str, size: int) -> None:
    encoding = "ucs2"
    found = ends(text, encoding, size)
    assert found[-1] == len(text)
    pieces = [text[start:end] for start, end in zip([0, *found], found, strict=False)]
    assert "".join(pieces) == text
    assert all(len(piece.encode("utf-16-be")) <= 2 * size for piece in pieces)
    assert all(piece for piece in pieces) or not text


@given(st.text(alphabet="a€[@", max_size=80), st.integers(2, 20))
def test_ends_of_septets_fit(text: str, size: int) -> None:
    found = ends(text, "gsm7", size)
    pieces = [text[start:end] for start, end in zip([0, *found], found, strict=False)]
    assert "".join(pieces) == text
    assert all(len(cut.units(piece, "gsm7")) <= size for piece in pieces)


def test_counting_stops_soon_after_the_limit() -> None:
    text = "ж" * 1000
    assert len(cut.ends(text, cut.units(text, "ucs2"), "ucs2", 10, most=3)) == 5


def test_units_refuse_binary_and_name_positions() -> None:
    with pytest.raises(CodingError):
        cut.units("ab", "binary")
    with pytest.raises(UnencodableText, match="position 1 does not fit Latin-1"):
        cut.units("a€", "latin1")
