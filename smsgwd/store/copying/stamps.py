"""Which rows of a store were read, as which commit wrote them: in a file, since there may be many."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_TABLE: Final = """
    CREATE TABLE read (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        stamp BLOB NOT NULL,
        digest BLOB NOT NULL,
        count INTEGER NOT NULL,
        round INTEGER NOT NULL
    );
    CREATE TABLE other (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_REMEMBER: Final = (
    "INSERT INTO read (name, stamp, digest, count, round) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
    " SET stamp = excluded.stamp, digest = excluded.digest, count = excluded.count, round = excluded.round"
)
_PAGE: Final = 500
_DIGEST: Final = 16
_CACHE_KIB: Final = 64 * 1024


class Read(NamedTuple):
    """A row as it was read: its stamp, and what its records add up to (`records.Sum`)."""

    stamp: bytes
    pieces: int
    digest: int


class Stamps:
    """Rows by their names without the prefix. Only the process that made it can use it: it survives no crash. Raises
    sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = OFF").fetchall()
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.executescript(_TABLE)
        self._round = 0
        self._seen = bytearray()  # by id: whether its name was told in this round

    def close(self) -> None:
        """It is not asked any more."""
        self._connection.close()

    def begin(self) -> None:
        """A round begins: nothing is seen yet, nothing is other."""
        self._connection.execute("DELETE FROM other")
        self._round += 1
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM read").fetchone()
        self._seen = bytearray(last + 1)
        self._seen[0] = 1  # there is no such id

    def known(self, names: Sequence[str]) -> dict[str, Read]:
        """Those of these rows that were read before, which are seen now."""
        if not names:
            return {}
        marks = ", ".join("?" * len(names))
        sql = f"SELECT name, id, stamp, count, digest FROM read WHERE name IN ({marks})"  # noqa: S608 -- marks only
        found: dict[str, Read] = {}
        seen = self._seen
        for name, number, stamp, count, digest in self._connection.execute(sql, names):
            if number < len(seen):  # else it was read in this round first
                seen[number] = 1
            found[name] = Read(stamp, count, int.from_bytes(digest, "big"))
        return found

    def note(self, names: Iterable[str]) -> None:
        """These are new, or other than they were read."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR IGNORE INTO other VALUES (?)", ((name,) for name in names))
        self._connection.execute("COMMIT")

    def noted(self) -> Iterator[list[str]]:
        """All of these by name, some at a time: so messages come by their ids, and are written one behind the other."""
        last = ""
        sql = "SELECT name FROM other WHERE name > ? ORDER BY name LIMIT ?"
        while names := [name for (name,) in self._connection.execute(sql, (last, _PAGE))]:
            yield names
            last = names[-1]

    def remember(self, rows: Iterable[tuple[str, Read]]) -> None:
        """These were read now."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            _REMEMBER,
            ((name, read.stamp, read.digest.to_bytes(_DIGEST, "big"), read.pieces, self._round) for name, read in rows),
        )
        self._connection.execute("COMMIT")

    def forget(self, names: Collection[str]) -> None:
        """These are gone."""
        self._connection.execute("BEGIN")
        self._connection.executemany("DELETE FROM read WHERE name = ?", ((name,) for name in names))
        self._connection.execute("COMMIT")

    def unseen(self) -> Iterator[list[str]]:
        """Names that were not told in this round, some at a time; they may be forgotten meanwhile."""
        at = self._seen.find(0)
        while at >= 0:
            numbers: list[int] = []
            while at >= 0 and len(numbers) < _PAGE:
                numbers.append(at)
                at = self._seen.find(0, at + 1)
            marks = ", ".join("?" * len(numbers))
            sql = f"SELECT name FROM read WHERE id IN ({marks})"  # noqa: S608 -- marks only
            names = [name for (name,) in self._connection.execute(sql, numbers)]
            if names:
                yield names

    def of_this_round(self) -> Iterator[tuple[str, Read]]:
        """What was read in this round."""
        sql = "SELECT name, stamp, count, digest FROM read WHERE round = ?"
        for name, stamp, count, digest in self._connection.execute(sql, (self._round,)):
            yield name, Read(stamp, count, int.from_bytes(digest, "big"))
