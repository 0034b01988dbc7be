"""An embedded store into Redis, while a gateway works on it (`moving.Move`).

Copies of one moment are made beside the traffic. The first is written as a whole; of each later one what differs from
the one before: records that are gone or other are taken back as the old copy has them, new ones put as the new one has
them. The last round compares the store itself. What a round wrote is read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from twisted.internet.threads import deferToThread

from smsgwd.store.copying import embedded_changes, embedded_out
from smsgwd.store.copying.copy import Told, added_up, copy
from smsgwd.store.copying.embedded_copies import Copies
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.copying.records import Copy, Numbers, Sums, kind_of, pack
from smsgwd.store.copying.redis_back import ReadBack
from smsgwd.store.copying.redis_in import NotEmpty, RedisCopy
from smsgwd.store.embedded.lock import DirectoryLock
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.blocking import Calls
from smsgwd.store.writer import CannotOpen


class Connected(Protocol):
    """A Redis store that is connected, and not open."""

    @property
    def asking(self) -> Asking:
        """How it is read."""

    @property
    def server(self) -> Calls:
        """How it is written."""


class EmbeddedToRedis:
    """See Move. In a process beside the gateway whose store it is; SQLite's long work is in a thread of its own."""

    def __init__(self, directory: Path, store: Connected, *, fsync_ms: int) -> None:
        """`directory` has `store.db`. In the end the server must have all of it on its disk within `fsync_ms` (0 = it
        need not)."""
        self._directory = directory
        self._fsync_ms = fsync_ms
        self._copies = Copies(directory)
        self._target = RedisCopy(store.asking, store.server)
        self._found = ReadBack(store.asking)
        self._counts: Counter[str] = Counter()  # records that are there, by kind

    async def bulk(self, told: Told) -> None:
        """See Move."""
        self._copies.begin()
        try:
            await self._target.begin()
        except NotEmpty as error:
            raise NotMoved(str(error)) from None
        await deferToThread(self._copies.make)
        self._copies.turn()
        sums = await copy(_File(self._copies), self._target, told)
        _refuse(sums.differences(await added_up(self._found, told)))
        self._counts = Counter(sums.counts)

    async def follow(self, told: Told) -> int:
        """See Move."""
        await deferToThread(self._copies.make)
        changed = await self._round(self._copies.now, told)
        self._copies.turn()
        return changed

    async def last(self, told: Told) -> int:
        """See Move. Raises NotMoved where a gateway works on the store."""
        lock = DirectoryLock(self._directory)
        try:
            lock.acquire()
        except CannotOpen as error:
            raise NotMoved(str(error)) from None
        try:
            changed = await self._round(self._copies.store, told)
            with self._copies.reading(self._copies.store) as connection:
                wanted = await deferToThread(embedded_out.counts, connection)
        finally:
            lock.release()
        there = {kind: count for kind, count in self._counts.items() if count}
        _refuse(
            [
                f"{kind}: the store has {wanted.get(kind, 0)}, {there.get(kind, 0)} were written"
                for kind in sorted(wanted.keys() | there.keys())
                if wanted.get(kind, 0) != there.get(kind, 0)
            ]
        )
        await self._target.on_disk(self._fsync_ms)  # whoever moves then relies on it
        return changed

    async def done(self) -> None:
        """See Move; may be that of another process. Raises ValueError where the server does not have it on its disk."""
        if await self._found.unfinished():
            await self._target.done(self._fsync_ms)
        self._copies.end()

    async def abandon(self) -> None:
        """See Move. What is no piece of a move is left alone."""
        if await self._found.unfinished():
            await self._target.abandon()
        self._copies.end()

    async def _round(self, path: Path, told: Told) -> int:
        """The target is what this file says; how many records have changed. They are read again."""
        with self._copies.reading(path) as now, self._copies.reading(self._copies.before) as before:
            embedded_changes.attach(now, self._copies.before)
            keys = await deferToThread(embedded_changes.changes, now)
            total, done = sum(map(len, keys.values())), 0
            for page in embedded_out.read(before, keys):
                await self._target.take(page)
                self._counts.subtract(kind_of(each) for each in page if not isinstance(each, Numbers))
            sums = Sums()
            for page in embedded_out.read(now, keys):
                await self._target.put(page)
                _add(sums, page)
                done += len(page)
                told(min(done, total), total)
            await self._target.finish()
        self._counts.update(sums.counts)
        back = Sums()
        async for page in self._found.given(keys):
            _add(back, page)
        _refuse(sums.differences(back))
        return total


class _File:
    """The last copy, as a source."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    async def count(self) -> int:
        """See Source."""
        with self._copies.reading(self._copies.before) as connection:
            return embedded_out.count(connection)

    async def read(self) -> AsyncIterator[list[Copy]]:
        """See Source."""
        with self._copies.reading(self._copies.before) as connection:
            for page in embedded_out.read(connection):
                yield page


def _add(sums: Sums, page: list[Copy]) -> None:
    for record in page:
        if not isinstance(record, Numbers):
            sums.add(kind_of(record), pack(record))


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise NotMoved("\n".join(wrong))
