"""One file of the archive: the messages whose ids were made on one day (UTC).

Whatever is called here blocks and raises sqlite3.Error. A file is small against a disk and large against a query: each
method reads by an index, a bounded number of rows. What is deleted or emptied is overwritten (`secure_delete`), and a
commit is on the disk when it returns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from smsgwd.store.archive.row import ArchivedRow

_VERSION: Final = 1
_SCHEMA: Final = """
BEGIN;
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, seq INTEGER NOT NULL, submitted_at INTEGER NOT NULL,
    body BLOB, record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS own ON message (tenant, id);
CREATE INDEX IF NOT EXISTS history ON message (tenant, seq, submitted_at);
CREATE TABLE IF NOT EXISTS smsc (key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blanked (tenant TEXT PRIMARY KEY, before INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
COMMIT;
"""
_ROWS: Final = "SELECT id, tenant, seq, submitted_at, body, record FROM message WHERE "
_IDS: Final = "SELECT id FROM message WHERE "
_AT_ONCE: Final = 500  # values in one statement


class Day:
    """An open file; made when it is not there."""

    def __init__(self, path: Path) -> None:
        # One thread at a time uses it: which one of a pool is not said.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = EXTRA")  # the directory, too: nothing comes back after a crash
            self._db.execute("PRAGMA secure_delete = ON")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise sqlite3.DatabaseError(f"{path} is of a newer version ({version})")
            if version < _VERSION:
                self._db.executescript(_SCHEMA)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """It is not used any more."""
        self._db.close()

    def put(self, rows: Sequence[ArchivedRow]) -> None:
        """Keep rows, in the place of those with their ids; they are on the disk when it returns."""
        with _transaction(self._db) as db:
            db.executemany(
                "INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)",
                [(row.id, row.tenant, row.seq, row.submitted_at, row.body, row.record) for row in rows],
            )
            db.executemany(
                "INSERT OR IGNORE INTO smsc VALUES (?, ?)", [(key, row.id) for row in rows for key in row.smsc]
            )
            db.executemany("DELETE FROM blanked WHERE tenant = ?", {(row.tenant,) for row in rows})

    def rows(self, ids: Sequence[int]) -> list[ArchivedRow]:
        """Those of these messages that are here, by id."""
        found: list[ArchivedRow] = []
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            marks = ",".join("?" * len(part))
            found += map(_row, self._db.execute(_ROWS + f"id IN ({marks}) ORDER BY id", part))
        return found

    def behind(self, after: int, limit: int) -> list[ArchivedRow]:
        """Rows by id, those behind `after`."""
        return [*map(_row, self._db.execute(_ROWS + "id > ? ORDER BY id LIMIT ?", (after, limit)))]

    def ids(self, tenant: str, low: int, high: int, limit: int, newest: bool) -> list[int]:
        """Ids of a tenant ('' = of all) from `low` to below `high`, `limit` at most."""
        query = _IDS + ("tenant = ? AND " if tenant else "") + "id >= ? AND id < ? ORDER BY id "
        values = (tenant, low, high, limit) if tenant else (low, high, limit)
        return _numbers(self._db.execute(query + ("DESC LIMIT ?" if newest else "LIMIT ?"), values))

    def called(self, keys: Iterable[str]) -> list[int]:
        """Ids of messages that an SMSC gave one of these ids."""
        found: list[int] = []
        for key in keys:
            found += _numbers(self._db.execute("SELECT id FROM smsc WHERE key = ?", (key,)))
        return found

    def numbered(self, tenant: str, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
        """Numbers in a tenant's history from `start` to below `stop`, with their ids, `limit` at most."""
        query = "SELECT seq, id FROM message WHERE tenant = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?"
        return [(seq, number) for seq, number in self._db.execute(query, (tenant, start, stop, limit))]

    def first_number(self, tenant: str, from_ms: int) -> int | None:
        """The number of a tenant's first message that was submitted at `from_ms` or later; None for none."""
        query = "SELECT seq FROM message WHERE tenant = ? AND submitted_at >= ? ORDER BY seq LIMIT 1"
        found = self._db.execute(query, (tenant, from_ms)).fetchone()
        return None if found is None else int(found[0])

    def blank(self, tenant: str, before: int, limit: int) -> int:
        """Empty the texts of a tenant's messages submitted before then, `limit` at most; how many. Once all are empty
        that is remembered until more of the tenant's come, so that it costs nothing to ask again."""
        known = self._db.execute("SELECT before FROM blanked WHERE tenant = ?", (tenant,)).fetchone()
        if known is not None and known[0] >= before:
            return 0
        query = "SELECT id FROM message WHERE tenant = ? AND submitted_at < ? AND body IS NOT NULL LIMIT ?"
        ids = _numbers(self._db.execute(query, (tenant, before, limit)))
        with _transaction(self._db) as db:
            db.executemany("UPDATE message SET body = NULL WHERE id = ?", [(number,) for number in ids])
            if len(ids) < limit:
                db.execute("INSERT OR REPLACE INTO blanked VALUES (?, ?)", (tenant, before))
        return len(ids)

    def highest(self) -> int:
        """The highest id here; 0 for none."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()[0])

    def count(self) -> int:
        """How many messages are here."""
        return int(self._db.execute("SELECT count(*) FROM message").fetchone()[0])

    def check(self) -> str:
        """What SQLite finds wrong with the file; '' for nothing."""
        found = [str(row[0]) for row in self._db.execute("PRAGMA quick_check(5)")]
        return "" if found == ["ok"] else "; ".join(found)


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _row(columns: tuple[int, str, int, int, bytes | None, bytes]) -> ArchivedRow:
    return ArchivedRow(*columns)


def _numbers(rows: Iterable[tuple[int]]) -> list[int]:
    return [row[0] for row in rows]
