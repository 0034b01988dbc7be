"""Texts that begin with something, as a range of an index: SQLite has them in the order of their code points."""

from __future__ import annotations

from typing import Final

_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def beginning_with(column: str, text: str) -> tuple[str, list[str]]:
    """SQL that holds where the column begins with `text`, and its values; what every text begins with is no text."""
    end = _beyond(text)
    if end:
        return f"{column} >= ? AND {column} < ?", [text, end]
    return f"{column} >= ?", [text]


def _beyond(text: str) -> str:
    """The least text that is greater than all that begin with `text`; '' where there is none."""
    while text:
        last = ord(text[-1]) + 1
        if last <= _LAST:
            return text[:-1] + chr(_SURROGATES.stop if last in _SURROGATES else last)
        text = text[:-1]
    return ""
