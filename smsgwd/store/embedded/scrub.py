"""Emptying the write-ahead log, so that what was erased is not on the disk any more."""

from __future__ import annotations

import sqlite3
from typing import Final

from smsgwd.store.embedded.upkeep import Control

_TRIES: Final = 20
_WAIT_S: Final = 0.25


def scrub(control: Control) -> bool:
    """See Store.scrub. What there is goes into the file beside the traffic; only the little that is left, and the end
    of the log, are the writer's, which waits for nobody there."""
    for _ in range(_TRIES):
        control.fold()
        if control.on_writer(_emptied):
            return True
        control.rest(_WAIT_S)  # somebody reads what is in it
    return False


def _emptied(writer: sqlite3.Connection) -> bool:
    (patience,) = writer.execute("PRAGMA busy_timeout").fetchone()
    writer.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        busy, _, _ = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        writer.execute(f"PRAGMA busy_timeout = {patience}").fetchall()
    return not busy
