"""A long history out of nothing: finished messages written straight into the store's file, while no gateway runs on it.

A row that the gateway wrote for a delivered message is the pattern: every column is as the gateway makes it.
"""

# ruff: noqa: S608 -- SQL is put together from column names of the schema only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from smsgwd.model.ids import first_id_at, time_of
from smsgwd.model.message import State
from smsgwd.simulator.submissions import DIGITS

ROWS_EACH: Final = 3  #: of a message: itself, an event, the SMSC's id of it
_AT_ONCE: Final = 50_000  # messages of a transaction


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

    The SMSC's ids are not in the order of the messages, as with carriers that draw them. Raises sqlite3.Error.
    """
    columns = list(pattern)
    insert = f"INSERT INTO message ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        for start in range(0, messages, _AT_ONCE):
            rows = list(_rows(pattern, range(start, min(messages, start + _AT_ONCE)), first_ms))
            connection.execute("BEGIN")
            connection.executemany(insert, [list(row.values()) for row in rows])
            connection.executemany(
                "INSERT INTO event (message, at, type, detail) VALUES (?, ?, 'retry', 'the SMSC was busy')",
                [(row["id"], row["submitted_at"]) for row in rows],
            )
            connection.executemany(
                "INSERT INTO smsc (grp, id, message, part) VALUES ('sim', ?, ?, 1)",
                sorted((row["smsc_id"], row["id"]) for row in rows),
            )
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def _rows(pattern: dict[str, Any], numbers: range, first_ms: int) -> Iterator[dict[str, Any]]:
    for number in numbers:
        first = first_id_at(first_ms + number)
        digits = f"{number:0{DIGITS}}"
        at = time_of(first)
        yield pattern | {
            "id": first + 1,
            "submission": first,
            "dest": pattern["dest"][:-DIGITS] + digits,
            "msisdn": pattern["msisdn"][:-DIGITS] + digits,
            "submitted_at": at,
            "sent_at": at,
            "done_at": at,
            "deadline": at + 86_400_000,
            "smsc_id": f"old{number * 2_654_435_761 % (1 << 32):010d}",
        }


def left_in(file: Path, before_ms: int) -> dict[str, int]:
    """How many rows are left of messages from before a time, by table; the store is closed. Raises sqlite3.Error."""
    until = first_id_at(before_ms)
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {table} WHERE {key} < ?", (until,)).fetchone()[0])
            for table, key in (("message", "id"), ("event", "message"), ("smsc", "message"))
        }
