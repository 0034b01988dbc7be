"""A backlog out of nothing: queued messages written straight into the store's file, while no gateway runs on it.

A row that the gateway wrote for a message of an ESME is the pattern: so every column is as the gateway makes it,
whatever columns there are. SQL is used and not the store: a million messages take seconds.
"""

# ruff: noqa: S608 -- SQL is put together from column names of the schema only, values are always bound

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from smsgwd.model.ids import IdGenerator, node_number, time_of
from smsgwd.model.message import State
from smsgwd.simulator.submissions import DIGITS

Pattern = dict[str, Any]  #: a row of `message` by column
PRIORITIES: Final = 4
_AT_ONCE: Final = 50_000  # rows of a transaction


def pattern_in(file: Path, account: str) -> Pattern:
    """The newest queued message of this SMPP account in a store nobody runs on. Raises ValueError, sqlite3.Error."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(
            "SELECT * FROM message WHERE account = ? AND state = ? ORDER BY id DESC LIMIT 1",
            (account, int(State.QUEUED)),
        ).fetchone()
    if found is None:
        raise ValueError(f"no queued message of {account} in {file}")
    return dict(found)


def fill(file: Path, pattern: Pattern, numbers: range, *, seed: int, ages_ms: range, node: str) -> None:
    """Queue a message to each of these numbers, of priorities 0 to 3 as drawn, accepted in turn within `ages_ms`.

    Those are ms since 1970; the validity ends with the pattern's. Everything is on the disk in the end; nobody
    may run on the store. Raises sqlite3.Error.
    """
    columns = list(pattern)
    insert = f"INSERT INTO message ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    rows = _rows(pattern, numbers, seed, ages_ms, node)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        for start in range(0, len(numbers), _AT_ONCE):
            connection.execute("BEGIN")
            connection.executemany(insert, (next(rows) for _ in range(min(_AT_ONCE, len(numbers) - start))))
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()  # else the gateway's first fsync would pay for it


def _rows(pattern: Pattern, numbers: range, seed: int, ages_ms: range, node: str) -> Iterator[list[Any]]:
    dice = Random(f"{seed}/priorities")
    ids = IdGenerator(node_number(node))
    body = bytes(pattern["body"])
    step = len(ages_ms) / max(1, len(numbers))
    for index, number in enumerate(numbers):
        first = ids.block(2, ages_ms.start + int(index * step))
        digits = f"{number:0{DIGITS}}"
        row = pattern | {
            "id": first + 1,
            "submission": first,
            "dest": pattern["dest"][:-DIGITS] + digits,
            "msisdn": pattern["msisdn"][:-DIGITS] + digits,
            "submitted_at": time_of(first),
            "rank": -dice.randrange(PRIORITIES),
            "body": body[:-DIGITS] + digits.encode(),
        }
        yield list(row.values())


def in_wrong_order(file: Path, but: tuple[int, int]) -> int:
    """How often the SMSC got a message that should have gone after the one it got next, by priority and then by age.

    Messages with ids from but[0] up to but[1] are left out. The SMSC's ids count up: they tell in what order it got
    them. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT rank, id FROM message WHERE NOT (id >= ? AND id < ?) AND smsc_id IS NOT NULL"
            " ORDER BY CAST(smsc_id AS INTEGER)",
            but,
        )
        return sum(earlier > later for earlier, later in pairwise(found))


def states_in(file: Path) -> dict[State, int]:
    """How many messages of which state a store nobody runs on has; leaves its write-ahead log alone.

    Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT state, count(*) FROM message GROUP BY state")
        return {State(state): count for state, count in found}
