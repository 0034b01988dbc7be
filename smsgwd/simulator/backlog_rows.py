"""A backlog out of nothing: queued messages written straight into the store's file, while no gateway runs on it.

A row that the gateway wrote for a message of an ESME is the pattern: so every column is as the gateway makes it,
whatever columns there are (`bulk_rows`).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows

Pattern = dict[str, Any]  #: a row of `message` by column


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
    """Queue a message to each of these numbers, of priorities 0 to 3, accepted in turn within `ages_ms`.

    Those are ms since 1970; the validity ends with the pattern's. Everything is on the disk in the end; nobody
    may run on the store. Raises ValueError, sqlite3.Error.
    """
    bulk = bulk_rows.Bulk(numbers=numbers, ages_ms=ages_ms, node=node, priorities=True, seed=seed)
    with bulk_rows.loading(file) as connection:
        bulk_rows.fill(connection, [bulk_rows.Pattern(pattern)], bulk)


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
