"""How SQLite is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from smsgwd.store.embedded.bulk import CACHED_STATEMENTS

OLDEST_SQLITE: Final = (3, 33, 0)  #: has UPDATE ... FROM
_WRITER_CACHE_KIB: Final = 32 * 1024
_READER_CACHE_KIB: Final = 8 * 1024
CHECKPOINT_PAGES: Final = 4000
_WAL_KEPT_BYTES: Final = 64 * 1024 * 1024


def open_writer(path: Path) -> sqlite3.Connection:
    """The writing connection: WAL, an fsync at each COMMIT. Raises sqlite3.Error, also for a SQLite that is too old."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise sqlite3.NotSupportedError(f"SQLite {sqlite3.sqlite_version} is too old: {needed} or newer is needed")
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    )
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        # Free pages can be given back in steps; only a new file takes this, and only before anything is written to it.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise sqlite3.OperationalError(f"{path}: this file system cannot do write-ahead logging")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        # What is deleted is overwritten where that costs no further page; erasure has all of it overwritten.
        connection.execute("PRAGMA secure_delete = FAST").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=128)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection
