"""What a backup of the Redis store holds, as records that agree with each other.

A backup is not of one moment. Its rows are taken for true; what is a member of an index because it has a row is told
by the rows, and `mended` changes what was counted or booked at another moment than the rows were read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import msgspec

from smsgwd.model.records import KINDS
from smsgwd.store.copying.backup_file import BackupFile
from smsgwd.store.copying.file import NotWhole
from smsgwd.store.copying.mended import Mended
from smsgwd.store.copying.records import Copy, Numbers
from smsgwd.store.copying.redis_out import Look, RedisSource
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.kept import named
from smsgwd.store.redis.keys import id8, pct


class BackupSource(RedisSource):
    """Reads a backup. Raises NotWhole, OSError, sqlite3.Error."""

    def __init__(self, path: Path, directory: Path) -> None:
        """`directory` is for a file that is as large as the backup."""
        self._file = BackupFile(path, directory / "keys")
        super().__init__(cast(Asking, self._file))
        self._by_index = self._indexes()
        try:
            Mended(self._file).all()
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
            self._file.close()
            raise NotWhole(f"{path}: a row in it cannot be read: {error}") from None

    def close(self) -> None:
        """It is read no more."""
        self._file.close()

    async def count(self) -> int:
        """How many messages there are."""
        return sum(1 for _ in self._file.named("m:"))

    async def names(self) -> AsyncIterator[str]:
        """Hashes and indexes."""
        for name in self._file.indexes():
            yield name

    def _indexes(self) -> dict[str, str]:
        """Indexes whose members are told by rows, by name, with what names of those rows begin with."""
        keys, short = self._file.keys, self._file.short
        pairs = [
            (keys.tenants, "t:"),
            (keys.messages, "m:"),
            (keys.pushes, "x:"),
            (keys.parked_age, "p:"),  # orphans, too
            (keys.answers, "i:"),
            (keys.refusals, "rf:"),
            (keys.link_expiry, "k:"),
            (keys.lookups, "lk:"),
            (keys.audits, "au:"),
            *((keys.records(kind), f"r:{pct(kind)}:") for kind in KINDS),
        ]
        return {short(index): beginning for index, beginning in pairs}

    async def _pages(self, index: str, look: Look) -> AsyncIterator[list[Copy]]:
        name = self._file.short(index)
        if name == self._file.short(self._keys.orphan_age):
            return
        beginning = f"{name}:" if name.startswith("oo:") else self._by_index.get(name)
        found: Iterator[tuple[bytes, int]]
        if beginning is None:
            found = iter(self._file.members(name))
        else:
            found = ((_member(beginning, rest), 0) for rest in self._file.named(beginning))
        while page := list(islice(found, PAGE)):
            yield await look(page)

    async def _opted(self) -> set[str]:
        return {unquote(name.partition(":")[0]) for name in self._file.named("oo:")}

    async def _numbers(self) -> Numbers:
        """None is given again of which there is a row."""
        told, file = await super()._numbers(), self._file
        last = [max(map(int, file.named(beginning)), default=0) for beginning in ("x:", "p:", "au:")]
        final = max((score for _, score in file.members("f")), default=0)
        return Numbers(max(told.push, *last[:2]), max(told.audit, last[2]), max(told.final, final), told.entry)


def _member(beginning: str, rest: str) -> bytes:
    """The member of an index that stands for a row: a number, one name, or a tenant and a key."""
    if beginning in ("i:",) or beginning.startswith("r:"):
        tenant, _, key = rest.partition(":")
        return named(unquote(tenant), unquote(key))
    if beginning in ("t:", "k:") or beginning.startswith("oo:"):
        return unquote(rest).encode()
    return id8(int(rest))
