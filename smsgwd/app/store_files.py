"""The whole store into a file, and out of one, while no gateway works on it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from smsgwd.app.move_file import refuse_while_moving
from smsgwd.app.moves import connected, live_nodes
from smsgwd.config import Config
from smsgwd.config.model.store import RedisStore as RedisSection
from smsgwd.store.copying import file
from smsgwd.store.copying.copy import Source, Target, Told, added_up, copy
from smsgwd.store.copying.records import Copy
from smsgwd.store.spool_file import refuse_left
from smsgwd.store.writer import CannotOpen

if TYPE_CHECKING:
    from smsgwd.store.redis.store import RedisStore

_FSYNC_MS: Final = 60_000


class NotCopied(Exception):  # noqa: N818 -- named after what it says
    """It was not done, and why; nothing was changed, or nothing of it is left."""


class FileSource:
    """An export."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def count(self) -> int:
        """Not known."""
        return 0

    async def read(self) -> AsyncIterator[list[Copy]]:
        """See Source. Raises file.NotWhole."""
        for page in file.read(self._path):
            yield page


class EmbeddedSource:
    """The embedded store of a directory, which is locked."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect

    async def count(self) -> int:
        """See Source."""
        from smsgwd.store.copying import embedded_out

        connection = self._connect()
        try:
            return embedded_out.count(connection)
        finally:
            connection.close()

    async def read(self) -> AsyncIterator[list[Copy]]:
        """See Source. Raises sqlite3.Error."""
        from smsgwd.store.copying import embedded_out

        connection = self._connect()
        try:
            for page in embedded_out.read(connection):
                yield page
        finally:
            connection.close()


async def export(config: Config, path: Path, reactor: Any, told: Told) -> dict[str, int]:
    """Write the configuration's store into a new file; how many there are of each kind. Raises NotCopied."""
    _refuse_spooled(config)
    async with _failing(), _source(config, reactor) as source:
        target = file.ExportFile(path)
        await _copied(source, target, told)
        return target.sums.counts


async def import_(config: Config, path: Path, reactor: Any, told: Told) -> dict[str, int]:
    """Fill the configuration's store, which must be empty, from an export or a backup of the Redis store, and compare
    the two; as `export`."""
    async with _failing(), _filed(path) as source:
        refuse_while_moving(config)
        await added_up(source)  # a file that is not whole begins nothing
        if isinstance(config.store, RedisSection):
            return await _into_redis(config, source, reactor, told)
        return await _into_directory(config.data_dir, source, told)


def _refuse_spooled(config: Config) -> None:
    """What waits on this node's disk would not be in the file, and of a store that is moved it is not said which."""
    try:
        refuse_left(config.data_dir)
        refuse_while_moving(config)
    except CannotOpen as error:
        raise NotCopied(str(error)) from None


@asynccontextmanager
async def _filed(path: Path) -> AsyncIterator[Source]:
    """What a file has. A backup is loaded into a file beside it, which is gone in the end."""
    from smsgwd.store.copying.backup_file import is_backup

    if not is_backup(path):
        yield FileSource(path)
        return
    from smsgwd.store.copying.backup_out import BackupSource

    with TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as directory:
        source = BackupSource(path, Path(directory))
        try:
            yield source
        finally:
            source.close()


async def _copied(source: Source, target: Target, told: Told) -> Any:
    try:
        return await copy(source, target, told)
    except BaseException:
        await target.abandon()
        raise


async def _into_directory(directory: Path, source: Source, told: Told) -> dict[str, int]:
    from smsgwd.store.copying.embedded_in import EmbeddedCopy
    from smsgwd.store.embedded.connection import open_reader
    from smsgwd.store.embedded.lock import DirectoryLock

    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    lock = DirectoryLock(directory)
    lock.acquire()
    try:
        target = EmbeddedCopy(directory)
        sums = await _copied(source, target, told)
        wrong = sums.differences(await added_up(EmbeddedSource(lambda: open_reader(target.path)), told))
        if wrong:
            target.path.unlink()
            raise NotCopied("\n".join(wrong))
        return dict(sums.counts)
    finally:
        lock.release()


async def _into_redis(config: Config, source: Source, reactor: Any, told: Told) -> dict[str, int]:
    from smsgwd.store.copying.redis_in import RedisCopy
    from smsgwd.store.copying.redis_out import RedisSource

    section = config.store
    assert isinstance(section, RedisSection)
    async with _server(config, reactor) as store:
        target = RedisCopy(store.asking, store.server)
        await target.begin()
        sums = await _copied(source, target, told)
        wrong = sums.differences(await added_up(RedisSource(store.asking), told))
        if wrong:
            await target.abandon()
            raise NotCopied("\n".join(wrong))
        await target.done(_FSYNC_MS if section.durability == "strict" else 0)
        return dict(sums.counts)


@asynccontextmanager
async def _source(config: Config, reactor: Any) -> AsyncIterator[Source]:
    """The configuration's store, which nobody else works on."""
    if isinstance(config.store, RedisSection):
        from smsgwd.store.copying.redis_out import RedisSource

        async with _server(config, reactor) as store:
            redis = RedisSource(store.asking)
            if await redis.unfinished():
                raise NotCopied("an import into this store has not come to its end")
            yield redis
        return
    from smsgwd.store.embedded.connection import open_reader, open_writer
    from smsgwd.store.embedded.lock import DirectoryLock
    from smsgwd.store.embedded.migrations import migrate

    path = config.data_dir / "store.db"
    if not path.exists():
        raise NotCopied(f"{path}: there is no store")
    lock = DirectoryLock(config.data_dir)
    lock.acquire()
    try:
        connection = open_writer(path)
        try:
            migrate(connection)
        finally:
            connection.close()
        yield EmbeddedSource(lambda: open_reader(path))
    finally:
        lock.release()


@asynccontextmanager
async def _server(config: Config, reactor: Any) -> AsyncIterator[RedisStore]:
    """A store that is connected and not open: it writes nothing by itself. No node works on it."""
    assert isinstance(config.store, RedisSection)
    async with connected(config.store, reactor) as store:
        live = await live_nodes(store)
        if live:
            raise NotCopied(f"gateways work on this store: stop {', '.join(live)} first")
        yield store


@asynccontextmanager
async def _failing() -> AsyncIterator[None]:
    """What goes wrong, as NotCopied."""
    try:
        yield
    except (CannotOpen, ValueError, sqlite3.Error) as error:
        raise NotCopied(str(error)) from error
    except OSError as error:
        raise NotCopied(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
    except Exception as error:
        # The Redis store's own (errors.Unreachable, errors.Refused), which are imported only where it is meant.
        if not type(error).__module__.startswith("smsgwd.store.redis."):
            raise
        raise NotCopied(str(error)) from error
