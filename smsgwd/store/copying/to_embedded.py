"""A Redis store, on which one node works, into an embedded one."""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from smsgwd.store.copying.copy import Told
from smsgwd.store.copying.embedded_in import EmbeddedCopy, publish, remove
from smsgwd.store.copying.following import Following
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.copying.stamps import Stamps
from smsgwd.store.embedded.lock import DirectoryLock
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.moved import Moved, moved_text, moved_value
from smsgwd.store.spool_file import refuse_left
from smsgwd.store.writer import CannotOpen

if TYPE_CHECKING:
    from smsgwd.store.redis.store import RedisStore

_FILE: Final = "store.db.moving"
_BESIDE: Final = "store.move.d"
_FSYNC_MS: Final = 2000


class RedisToEmbedded:
    """See moving.Move. The `store` is connected and not open; `directory` is its one node's data directory, which has
    no `store.db`. `now`: seconds since 1970.

    What is compared: after the bulk all records of the file with what was read from the server; after each round those
    that it wrote; after the last one also how many the server's indexes have of each kind.
    """

    def __init__(self, store: RedisStore, directory: Path, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._ask = store.asking
        self._now = now
        self._directory = directory
        self._path = directory / "store.db"
        self._partial = directory / _FILE
        self._beside = directory / _BESIDE
        self._lock = DirectoryLock(directory)
        self._locked = False
        self._target: EmbeddedCopy | None = None
        self._stamps: Stamps | None = None
        self._following: Following | None = None

    async def bulk(self, told: Told) -> None:
        """See Move."""
        if self._path.exists():
            raise NotMoved(f"{self._path}: there is a store already")
        if await RedisSource(self._ask).unfinished():
            raise NotMoved("an import into this store has not come to its end")
        moved = await self._ask.call("GET", self._ask.keys.moved)
        if moved is not None:
            raise NotMoved(moved_text(self._ask.keys, moved))
        self._remove()
        self._beside.mkdir(mode=0o700)
        self._target = EmbeddedCopy(self._directory, _FILE)
        self._stamps = Stamps(self._beside / "stamps.db")
        self._following = Following(self._ask, self._target, self._partial, self._stamps)
        with _reading():
            await self._following.round(told)
            _refuse(await self._following.differences())
        await self._target.settle()

    async def follow(self, told: Told) -> int:
        """See Move."""
        assert self._target is not None, "bulk comes first"
        count = await self._round(told)
        await self._target.settle()
        return count

    async def _round(self, told: Told) -> int:
        assert self._following is not None, "bulk comes first"
        with _reading():
            count = await self._following.round(told)
            _refuse(await self._following.differences_of_round())
        return count

    async def last(self, told: Told) -> int:
        """See Move. Raises NotMoved also where a node works on the store, or messages wait in the directory's spool."""
        following, target = self._following, self._target
        assert following is not None, "bulk comes first"
        assert target is not None
        self._take_lock()
        try:
            refuse_left(self._directory)
        except CannotOpen as error:
            raise NotMoved(str(error)) from None
        await self._refuse_nodes()
        count = await self._round(told)
        _refuse(await following.miscounted())
        await target.whole()
        await self._refuse_nodes()  # none has come meanwhile
        return count

    async def done(self) -> None:
        """See Move."""
        self._take_lock()
        if self._partial.exists():
            if self._path.exists():
                raise NotMoved(f"{self._path}: there is a store already, and {self._partial} is not used")
            publish(self._partial, self._path)
        elif not self._path.exists():
            raise NotMoved(f"{self._path}: there is no store, nor {self._partial}")
        where = Moved(f"{socket.gethostname()}:{self._path}", int(self._now() * 1000))
        await self._store.server.call("SET", self._ask.keys.moved, moved_value(where), "NX")
        # On the disk, too, where the server has an append-only file; it is there in any case.
        with contextlib.suppress(Refused, Unreachable):
            mark = [self._ask.keys.moved]
            await self._store.server.confirmed("smsgwd_stamps", mark, [], ("WAITAOF", 1, 0, _FSYNC_MS))
        self._close()

    async def abandon(self) -> None:
        """See Move. Also of what another process has left."""
        if self._target is not None:
            await self._target.abandon()
        self._close()
        self._remove()

    # -- the directory ---------------------------------------------------------------------------------------------

    def _take_lock(self) -> None:
        if self._locked:
            return
        try:
            self._lock.acquire()
        except CannotOpen as error:
            raise NotMoved(str(error)) from None
        self._locked = True

    def _close(self) -> None:
        if self._stamps is not None:
            self._stamps.close()
        self._target = self._stamps = self._following = None
        shutil.rmtree(self._beside, ignore_errors=True)
        self._lock.release()
        self._locked = False

    def _remove(self) -> None:
        remove(self._partial)
        shutil.rmtree(self._beside, ignore_errors=True)

    async def _refuse_nodes(self) -> None:
        """Raises NotMoved where a node has a lease."""
        live = await RedisSource(self._ask).nodes()
        if live:
            raise NotMoved(f"gateways work on this store: stop {', '.join(live)} first")


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise NotMoved("\n".join(wrong))


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """A row that cannot be read, as NotMoved."""
    try:
        yield
    except (msgspec.MsgspecError, LookupError, TypeError) as error:
        raise NotMoved(f"something in the store cannot be read: {error}") from error
