"""Statements for many rows at once: fewer steps, and fewer hand-overs of the interpreter's lock, than one a row.

Every row is a few values in one flat list. There is one statement for each number of rows up to `_MOST`, and one for
`_LARGE`, made when it is needed first and kept compiled by its connection (`CACHED_STATEMENTS`): to compile takes
longer than to run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

_MOST: Final = 64
_LARGE: Final = 128

#: How many compiled statements a connection that uses `Many` keeps: those of ten Manys, and others.
CACHED_STATEMENTS: Final = 10 * (_MOST + 1) + 128


class Many:
    """A statement over rows of some values: `head`, then `row` for each row, comma separated, then `tail`."""

    __slots__ = ("_head", "_large", "_most", "_row", "_statements", "_tail", "_width")

    def __init__(self, head: str, row: str, tail: str = "") -> None:
        self._head = head
        self._row = row
        self._tail = tail
        self._width = row.count("?")
        self._most = _MOST * self._width
        self._large = _LARGE * self._width
        self._statements: dict[int, str] = {}  # by number of values

    def _statement(self, values: int) -> str:
        rows = ",".join([self._row] * (values // self._width))
        statement = self._statements[values] = f"{self._head}{rows}{self._tail}"
        return statement

    def _next(self, values: list[Any], start: int) -> list[Any]:
        """As many of the values from `start` on as there is a statement for."""
        left = len(values) - start
        return values[start : start + (self._large if left >= self._large else self._most)]

    def run(self, connection: sqlite3.Connection, values: list[Any]) -> int:
        """Run over all rows in `values`; how many rows of the table changed."""
        changed, start, statements = 0, 0, self._statements
        while some := self._next(values, start):
            start += len(some)
            sql = statements.get(len(some)) or self._statement(len(some))
            changed += connection.execute(sql, some).rowcount
        return changed

    def find(self, connection: sqlite3.Connection, values: list[Any]) -> Iterable[tuple[Any, ...]]:
        """The rows found by a SELECT for all that is in `values`."""
        start, statements = 0, self._statements
        while some := self._next(values, start):
            start += len(some)
            sql = statements.get(len(some)) or self._statement(len(some))
            yield from connection.execute(sql, some).fetchall()
