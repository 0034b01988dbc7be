"""A long history out of nothing: finished messages written straight into the store's file, while no gateway runs on it.

A row that the gateway wrote for a delivered message is the pattern: every column is as the gateway makes it, see
`bulk_rows`.
"""

# ruff: noqa: S608 -- SQL is put together from column names of the schema only, values are always bound

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows

ROWS_EACH: Final = 3  #: of a message: itself, an event, the SMSC's id of it


def pattern_in(file: Path) -> dict[str, Any]:
    """A delivered message by column, in a store nobody runs on. Raises ValueError, sqlite3.Error."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM message WHERE state = ?", (int(State.DELIVERED),)).fetchone()
    if found is None:
        raise ValueError(f"no delivered message in {file}")
    return dict(found)


def fill(file: Path, pattern: dict[str, Any], messages: int, first_ms: int) -> int:
    """Write so many delivered messages, one a millisecond from `first_ms` (ms since 1970); the bytes of the file then.

    Each with a line of history and the SMSC's id of it. Raises sqlite3.Error.
    """
    whole = bulk_rows.Pattern(
        pattern,
        {
            "event": [{"id": None, "message": 0, "at": 1, "type": "retry", "detail": "the SMSC was busy"}],
            "smsc": [{"grp": "sim", "id": "", "message": 0, "part": 1}],
        },
    )
    bulk = bulk_rows.Bulk(numbers=range(messages), ages_ms=range(first_ms, first_ms + messages), drawn_ids=True)
    with bulk_rows.loading(file) as connection:
        bulk_rows.fill(connection, [whole], bulk)
    return file.stat().st_size


def left_in(file: Path, before_ms: int) -> dict[str, int]:
    """How many rows are left of messages from before a time, by table; the store is closed. Raises sqlite3.Error."""
    until = first_id_at(before_ms)
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {table} WHERE {key} < ?", (until,)).fetchone()[0])
            for table, key in (("message", "id"), ("event", "message"), ("smsc", "message"))
        }
