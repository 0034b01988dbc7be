"""Which rows of a store were read, as which commit wrote them: in a file, since there may be many."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

_TABLE: Final = """
    CREATE TABLE read (
        name TEXT PRIMARY KEY,
        id INTEGER NOT NULL,
        stamp BLOB NOT NULL,
        digest BLOB NOT NULL,
        pieces INTEGER NOT NULL,
        round INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX read_id ON read (id);
    CREATE INDEX read_round ON read (round);
    CREATE TABLE other (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_REMEMBER: Final = (
    "INSERT INTO read (name, id, stamp, digest, pieces, round) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
    " SET stamp = excluded.stamp, digest = excluded.digest, pieces = excluded.pieces, round = excluded.round"
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
        self._last = 0  # the last id given: none is given again
        self._seen = bytearray()  # by id: whether its name was told in this round

    def close(self) -> None:
        """It is not asked any more."""
        self._connection.close()

    def begin(self) -> None:
        """A round begins: nothing is seen yet, nothing is other."""
        self._connection.execute("DELETE FROM other")
        self._round += 1
        self._seen = bytearray(self._last + 1)
        self._seen[0] = 1  # there is no such id

    def see(self, names: Sequence[str]) -> dict[str, bytes]:
        """The stamps of those of these rows that were read before. They are told in this round."""
        seen, size = self._seen, len(self._seen)
        found: dict[str, bytes] = {}
        # In their order, in which they lie in the file.
        for name, number, stamp in self._of("SELECT name, id, stamp FROM read WHERE name IN", sorted(names)):
            if number < size:  # else it was read in this round first
                seen[number] = 1
            found[name] = stamp
        return found

    def known(self, names: Sequence[str]) -> dict[str, Read]:
        """Those of these rows that were read before."""
        found = self._of("SELECT name, stamp, pieces, digest FROM read WHERE name IN", names)
        return {name: Read(stamp, pieces, int.from_bytes(digest, "big")) for name, stamp, pieces, digest in found}

    def _of(self, query: str, values: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(f"{query} ({', '.join('?' * len(values))})", values) if values else ()

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

    def remember(self, rows: Sequence[tuple[str, Read]]) -> None:
        """These were read now."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            _REMEMBER,
            (
                (name, number, read.stamp, read.digest.to_bytes(_DIGEST, "big"), read.pieces, self._round)
                for number, (name, read) in enumerate(rows, self._last + 1)
            ),
        )
        self._last += len(rows)
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
            names = [name for (name,) in self._of("SELECT name FROM read WHERE id IN", numbers)]
            if names:
                yield names

    def of_this_round(self) -> Iterator[tuple[str, Read]]:
        """What was read in this round."""
        sql = "SELECT name, stamp, pieces, digest FROM read WHERE round = ?"
        for name, stamp, pieces, digest in self._connection.execute(sql, (self._round,)):
            yield name, Read(stamp, pieces, int.from_bytes(digest, "big"))
