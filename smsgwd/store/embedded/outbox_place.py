"""Where in the outbox a moment is: its rows have ascending ids, and were owed in that order."""

# ruff: noqa: S608 -- SQL is put together from numbers of this module only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Final

#: Rows of one moment stand up to so far before and behind it (ms): they are numbered when they are committed.
MARGIN_MS: Final = 2000
_MAX_ID: Final = (1 << 63) - 1
# A push of a receipt that was parked tells of the receipt's time, and one owed again has an old id: what most of a few
# neighbours say is right.
_NEAR: Final = 9
_NEIGHBOURS: Final = f"SELECT created_at FROM outbox WHERE id >= ? ORDER BY id LIMIT {_NEAR}"
_BEYOND: Final = f"SELECT id FROM outbox WHERE id >= ? ORDER BY id LIMIT 1 OFFSET {_NEAR}"
_STEP: Final = 64
_ENDS: Final = "SELECT (SELECT min(id) FROM outbox), (SELECT max(id) FROM outbox)"


def first_at(connection: sqlite3.Connection, at: int, behind: int | None = None) -> int:
    """An id at or shortly before the first row that was owed at `at` (ms since 1970) or later, as far as the clock was
    not set back; one beyond all where everything is older. `behind` is that of an earlier moment, where it is known."""
    low, high = connection.execute(_ENDS).fetchone()
    if low is None:
        return _MAX_ID
    high += 1
    if behind is not None:  # it is near
        low, step = max(low, min(behind, high)), _STEP
        while low < high:
            if low + step >= high or not _before(connection, low + step, at):
                high = min(high, low + step)
                break
            low, step = low + step + 1, 4 * step
    while low < high:
        middle = (low + high) // 2
        if _before(connection, middle, at):
            low = middle + 1
        else:
            high = middle
    return int(low)


def _before(connection: sqlite3.Connection, number: int, at: int) -> bool:
    """Are the rows from this id on from before `at`, going by most of the first few?"""
    near = sorted(created for (created,) in connection.execute(_NEIGHBOURS, (number,)))
    return bool(near[(len(near) - 1) // 2] < at)


def beyond(connection: sqlite3.Connection, at: int, behind: int | None = None) -> int:
    """An id shortly behind what was owed before `at`: what is owed from then on has it, or a higher one."""
    found = connection.execute(_BEYOND, (first_at(connection, at, behind),)).fetchone()
    return _MAX_ID if found is None else int(found[0])
