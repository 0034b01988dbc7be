"""Statements for many rows at once: fewer steps, and fewer hand-overs of the interpreter's lock, than one a row.

Every row is a few values in one flat list. A statement is made for a few fixed numbers of rows, so that each is
compiled once (SQLite's parser takes longer than the work).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

_SIZES: Final = (64, 16, 4, 1)


class Many:
    """A statement over rows of `width` values: `head`, then `row` for each row, comma separated, then `tail`."""

    __slots__ = ("_statements", "width")

    def __init__(self, head: str, row: str, tail: str = "") -> None:
        self.width = row.count("?")
        self._statements = tuple((size * self.width, head + ",".join([row] * size) + tail) for size in _SIZES)

    def run(self, connection: sqlite3.Connection, values: list[Any]) -> int:
        """Run over all rows in `values`; how many rows of the table changed."""
        start, left, changed = 0, len(values), 0
        execute = connection.execute
        for step, sql in self._statements:
            while left >= step:
                changed += execute(sql, values[start : start + step]).rowcount
                start += step
                left -= step
        return changed

    def find(self, connection: sqlite3.Connection, values: list[Any]) -> Iterable[tuple[Any, ...]]:
        """The rows found by a SELECT for all that is in `values`."""
        start, left = 0, len(values)
        for step, sql in self._statements:
            while left >= step:
                yield from connection.execute(sql, values[start : start + step]).fetchall()
                start += step
                left -= step
