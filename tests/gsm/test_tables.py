"""The tables against the specification's own layout, and their consistency with themselves."""

import unicodedata
from collections import Counter
from pathlib import Path
from runpy import run_path

import pytest

from smsgwd.gsm import alphabet, tables

_SPEC = run_path(str(Path(__file__).with_name("spec_tables.py")))
_SINGLE = run_path(str(Path(__file__).with_name("spec_single.py")))["SINGLE_NATIONAL"]
_LATIN_SINGLE = {1: "ĞİŞçğış", 2: "çÁÍÓÚáíóú", 3: "êçÔôÁáΦΓ^ΩΠΨΣΘÊ{}\\[~]|ÀÍÓÚÃÕÂ€íóúãõâ\f"}
_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|"}


@pytest.mark.parametrize("language", sorted(_SPEC["LOCKING"]))
def test_locking_table_is_the_annexes(language: int) -> None:
    cells = _SPEC["cells"](_SPEC["LOCKING"][language])
    assert len(cells) == 127
    for septet, char in cells.items():
        assert tables.LOCKING[language][septet] == (char or tables.VOID), hex(septet)


@pytest.mark.parametrize("language", sorted(_SINGLE))
def test_national_part_of_single_shift_table_is_the_annexes(language: int) -> None:
    cells = _SPEC["cells"](_SINGLE[language], 1)
    assert len(cells) == 47
    for septet, char in cells.items():
        assert tables.SINGLE[language].get(septet) == char, hex(septet)


@pytest.mark.parametrize("language", range(4, 14))
def test_latin_part_of_single_shift_table(language: int) -> None:
    table = tables.SINGLE[language]
    rest = {septet: char for septet, char in table.items() if not 0x10 <= septet < 0x40}
    row = dict(zip((*range(0x0D), 0x0E, 0x0F), "@£$¥¿\"¤%&'\f*+-/", strict=True))
    assert rest == row | {0x40: "|", 0x65: "€"} | {code: chr(code) for code in range(0x41, 0x5B)}


def test_every_language_of_the_specification_is_there() -> None:
    assert sorted(tables.SINGLE) == list(range(14))
    assert sorted(tables.LOCKING) == [0, 1, *range(3, 14)]
    assert sorted(tables.LANGUAGES.values()) == list(range(1, 14))


@pytest.mark.parametrize("language", sorted(tables.LOCKING))
def test_escape_position_is_reserved_in_locking_tables(language: int) -> None:
    table = tables.LOCKING[language]
    assert len(table) == 128
    assert table[0x1B] == tables.ESC
    assert table.count(tables.ESC) == 1
    assert table[0x0A] == "\n"
    assert table[0x0D] == "\r"
    assert table[0x20] == " "
    assert "".join(table[0x30:0x3A]) == "0123456789"


@pytest.mark.parametrize("language", sorted(tables.SINGLE))
def test_escape_position_is_reserved_in_single_tables(language: int) -> None:
    table = tables.SINGLE[language]
    assert 0x1B not in table
    assert 0x0D not in table
    assert table[0x0A] == "\f"
    assert table[0x65] == "€" or language in (2, 3)
    assert all(0 <= septet < 128 and len(char) == 1 and char not in "\ufffe\0\x1b" for septet, char in table.items())


@pytest.mark.parametrize("language", sorted(tables.LOCKING))
def test_locking_tables_have_no_duplicates(language: int) -> None:
    counted = Counter(tables.LOCKING[language])
    counted.pop(tables.VOID, None)
    assert [char for char, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("language", sorted(tables.SINGLE))
def test_single_tables_duplicate_only_what_the_specification_does(language: int) -> None:
    twice = sorted(char for char, times in Counter(tables.SINGLE[language].values()).items() if times > 1)
    assert twice == (["*", "¡"] if language > 3 else [])


@pytest.mark.parametrize("language", sorted(tables.SINGLE))
def test_every_character_is_assigned(language: int) -> None:
    chars = [*tables.SINGLE[language].values(), *tables.LOCKING.get(language, "")]
    assert [hex(ord(c)) for c in chars if unicodedata.category(c) == "Cn" and c != tables.VOID] == []


@pytest.mark.parametrize("language", [1, 2, 3])
def test_latin_single_tables_extend_the_extension(language: int) -> None:
    table = tables.SINGLE[language]
    assert {septet: table[septet] for septet in _EXTENSION} == _EXTENSION
    added = {c for c in table.values() if c not in _EXTENSION.values()} - {"€"}
    assert added == set(_LATIN_SINGLE[language]) - set(_EXTENSION.values()) - {"€"}


@pytest.mark.parametrize(
    ("language", "septet", "char"),
    [
        (0, 0x65, "€"),
        (1, 0x53, "Ş"),
        (1, 0x69, "ı"),
        (2, 0x4F, "Ó"),
        (2, 0x65, "€"),
        (3, 0x18, "Σ"),
        (3, 0x1F, "Ê"),
        (3, 0x65, "€"),
        (3, 0x7F, "â"),
        (4, 0x24, "\u09df"),
        (5, 0x1C, "\u0ae6"),
        (6, 0x2C, "\u0958"),
        (7, 0x26, "\u0cde"),
        (8, 0x34, "\u0d7f"),
        (9, 0x20, "\u0b6a"),
        (10, 0x2D, "\u0a75"),
        (11, 0x24, "\u0bee"),
        (12, 0x1C, "\u0c66"),
        (13, 0x3F, "\u06d4"),
    ],
)
def test_spot_values_of_single_tables(language: int, septet: int, char: str) -> None:
    assert tables.SINGLE[language][septet] == char


@pytest.mark.parametrize("locking", sorted(tables.LOCKING))
@pytest.mark.parametrize("single", sorted(tables.SINGLE))
def test_round_trip_of_every_character_of_every_pair(locking: int, single: int) -> None:
    chars = {c for c in tables.LOCKING[locking] if c not in (tables.VOID, tables.ESC)}
    text = "".join(sorted(chars | set(tables.SINGLE[single].values())))
    septets = alphabet.encode(text, locking=locking, single=single)
    assert alphabet.decode(septets, locking=locking, single=single) == text
    assert len(septets) == len(chars) + 2 * (len(text) - len(chars))
