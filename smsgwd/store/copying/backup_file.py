"""A backup of the Redis store (`store.redis.backup`), loaded so that its keys can be asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from smsgwd.store.copying.file import NotWhole
from smsgwd.store.framing import frames
from smsgwd.store.redis.backup import FORMAT
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.tx import STAMP

_TABLES: Final = """
    CREATE TABLE row (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE field (name TEXT, field TEXT, value BLOB NOT NULL, PRIMARY KEY (name, field)) WITHOUT ROWID;
    CREATE TABLE member (name TEXT, member BLOB, score INTEGER NOT NULL, PRIMARY KEY (name, member)) WITHOUT ROWID;
    CREATE INDEX by_score ON member (name, score, member);
"""
_decode: Final = msgspec.msgpack.Decoder().decode


def is_backup(path: Path) -> bool:
    """Whether the file begins as a backup does. Raises OSError."""
    with path.open("rb") as file:
        try:
            head = _decode(next(frames(file), b""))
        except (msgspec.DecodeError, EOFError):
            return False
    return isinstance(head, list) and len(head) == 2 and head[0] == FORMAT


class BackupFile:
    """The keys of a backup without their prefix, in tables of a file of its own, which may be changed. Where one was
    told twice, the later one counts. `ask`s as `store.redis.asking.Asking` does, as far as copies need that."""

    def __init__(self, path: Path, place: Path) -> None:
        """Load `path` into a new file. Raises NotWhole, OSError, sqlite3.Error."""
        self.keys = Keys("backup")
        self.connection = sqlite3.connect(place, isolation_level=None)
        try:
            self.connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
            self.connection.execute("BEGIN")
            self._load(path)
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """It is not asked any more."""
        self.connection.close()

    def _load(self, path: Path) -> None:
        told, count = -1, -1  # the header is none of them
        with path.open("rb") as file:
            try:
                for piece in frames(file):
                    if told >= 0:
                        raise NotWhole(f"{path}: there is something behind its end")
                    match _decode(piece):
                        case [int(told)]:
                            continue
                        case [str(name), "string", bytes(value)]:
                            self.put(name, value)
                        case [str(name), "hash", dict(fields)]:
                            for field, value in fields.items():
                                self.set(name, field.decode(), value)
                        case [str(name), "zset", list(words)]:
                            for member, score in zip(words[::2], words[1::2], strict=True):
                                self.enter(name, member, score)
                        case [str(head), str()] if count < 0 and head == FORMAT:
                            pass
                        case _:
                            raise NotWhole(f"{path}: there is something in it that is not of a backup")
                    count += 1
            except (msgspec.DecodeError, EOFError) as error:
                raise NotWhole(f"{path}: the file is damaged, or its end is missing: {error}") from None
        if told != count:
            raise NotWhole(f"{path}: the file is damaged, or its end is missing")

    # -- changing it -------------------------------------------------------------------------------------------------

    def put(self, name: str, value: bytes) -> None:
        """A string, with its stamp."""
        self.connection.execute("INSERT OR REPLACE INTO row VALUES (?, ?)", (name, value))

    def set(self, name: str, field: str, value: bytes) -> None:
        """A field of a hash."""
        self.connection.execute("INSERT OR REPLACE INTO field VALUES (?, ?, ?)", (name, field, value))

    def enter(self, name: str, member: bytes, score: int) -> None:
        """A member of an index."""
        self.connection.execute("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", (name, member, score))

    # -- asking ------------------------------------------------------------------------------------------------------

    def short(self, name: str) -> str:
        """A key without the prefix."""
        return name[len(self.keys.base) :]

    def value(self, name: str) -> bytes | None:
        """A row without its stamp, by its name without the prefix."""
        found = self.plain(name)
        return None if found is None else found[STAMP:]

    def plain(self, name: str) -> bytes | None:
        """A string that has no stamp, or with it."""
        found = self.connection.execute("SELECT value FROM row WHERE name = ?", (name,)).fetchone()
        return None if found is None else bytes(found[0])

    def delete(self, name: str) -> None:
        """A string or an index is gone."""
        for table in ("row", "member"):
            self.connection.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608 -- one of these two

    def named(self, beginning: str) -> Iterator[str]:
        """Names of rows behind what they begin with (which ends with a colon); they may be changed meanwhile."""
        last, end = beginning, beginning[:-1] + ";"
        while True:
            page = self.connection.execute(
                "SELECT name FROM row WHERE name > ? AND name < ? ORDER BY name LIMIT 1000", (last, end)
            ).fetchall()
            for (name,) in page:
                yield name[len(beginning) :]
            if not page:
                return
            last = page[-1][0]

    def members(self, name: str) -> list[tuple[bytes, int]]:
        """An index, by score and member."""
        query = "SELECT member, score FROM member WHERE name = ? ORDER BY score, member"
        return self.connection.execute(query, (name,)).fetchall()

    def fields(self, name: str) -> dict[str, bytes]:
        """A hash."""
        return dict(self.connection.execute("SELECT field, value FROM field WHERE name = ?", (name,)).fetchall())

    def indexes(self) -> list[str]:
        """Names of all hashes and indexes."""
        query = "SELECT DISTINCT name FROM field UNION SELECT DISTINCT name FROM member"
        return [name for (name,) in self.connection.execute(query)]

    async def row(self, key: str) -> bytes | None:
        """See Asking."""
        return self.value(self.short(key))

    async def rows(self, keys: Sequence[str]) -> list[bytes | None]:
        """See Asking."""
        return [self.value(self.short(key)) for key in keys]

    async def several(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """See Asking."""
        return [await self.call(*each) for each in commands]

    async def call(self, command: str, key: str, *words: Any) -> Any:
        """The reply to one of the commands that copies are made with."""
        name = self.short(key)
        match command:
            case "GET":
                return self.plain(name)
            case "HMGET":
                fields = self.fields(name)
                return [fields.get(word) for word in words]
            case "HVALS":
                return list(self.fields(name).values())
            case "ZMSCORE":
                query = "SELECT score FROM member WHERE name = ? AND member = ?"
                scores = [self.connection.execute(query, (name, word)).fetchone() for word in words]
                return [None if score is None else score[0] for score in scores]
        raise ValueError(f"a backup is not asked with {command}")
