"""The archive as the reactor asks it: one question after another, in a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.archive.files import ArchiveFiles, Size
from smsgwd.store.archive.row import ArchivedRow

if TYPE_CHECKING:  # psycopg is there only where somebody wants it
    from smsgwd.store.archive.postgres import PostgresArchive

_T = TypeVar("_T")
Kept: TypeAlias = "ArchiveFiles | PostgresArchive"


class Archive:
    """Each method does what that of ArchiveFiles (or PostgresArchive) does, and fails with StoreUnavailable."""

    def __init__(self, reactor: Any, files: Kept) -> None:
        self._reactor = reactor
        self._files = files
        self._thread = ThreadPool(0, 1, "archive")
        self._at_the_end: Any = None

    @property
    def highest(self) -> int:
        """The highest id in it: nothing above it need be looked for."""
        return self._files.highest

    async def open(self) -> int:
        """To be called first."""
        self._thread.start()
        # A process that ends without closing its store must not wait for the thread.
        self._at_the_end = self._reactor.addSystemEventTrigger("during", "shutdown", self._thread.stop)
        return await self._run(self._files.open)

    def close(self) -> None:
        """What was asked is done; nothing may be asked any more. Nothing to do where it is not open."""
        if self._at_the_end is not None:
            self._reactor.removeSystemEventTrigger(self._at_the_end)
            self._at_the_end = None
            self._thread.stop()
            self._files.close()

    async def put(self, rows: Sequence[ArchivedRow]) -> None:
        """See ArchiveFiles."""
        await self._run(self._files.put, rows)

    async def blank(self, tenant: str, before: int, limit: int) -> int:
        """See ArchiveFiles."""
        return await self._run(self._files.blank, tenant, before, limit)

    async def drop(self, before: int) -> int:
        """See ArchiveFiles."""
        return await self._run(self._files.drop, before)

    async def forget(self, msisdn: str, after: int) -> tuple[int, int | None]:
        """See ArchiveFiles."""
        return await self._run(self._files.forget, msisdn, after)

    async def rows(self, ids: Iterable[int]) -> list[ArchivedRow]:
        """See ArchiveFiles."""
        wanted = [number for number in ids if 0 < number <= self.highest]
        return await self._run(self._files.rows, wanted) if wanted else []

    async def ids(self, tenant: str, low: int, high: int, limit: int, newest: bool) -> list[int]:
        """See ArchiveFiles."""
        high = min(high, self.highest + 1)
        return await self._run(self._files.ids, tenant, low, high, limit, newest) if low < high else []

    async def called(self, keys: Sequence[str], low: int, high: int) -> list[int]:
        """See ArchiveFiles."""
        return await self._run(self._files.called, keys, low, min(high, self.highest + 1))

    async def first_number(self, tenant: str, from_ms: int) -> int | None:
        """See ArchiveFiles."""
        return await self._run(self._files.first_number, tenant, from_ms)

    async def numbered(self, tenant: str, from_ms: int, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
        """See ArchiveFiles."""
        return await self._run(self._files.numbered, tenant, from_ms, start, stop, limit)

    async def check(self) -> list[str]:
        """See ArchiveFiles."""
        return await self._run(self._files.check)

    async def size(self) -> Size:
        """See ArchiveFiles."""
        return await self._run(self._files.size)

    async def _run(self, work: Callable[..., _T], *args: Any) -> _T:
        try:
            found: _T = await deferToThreadPool(self._reactor, self._thread, work, *args)
        except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
            raise StoreUnavailable(f"the archive cannot be used: {error}") from None
        return found
