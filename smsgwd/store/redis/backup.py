"""A copy of everything under the store's keys in one file, made while the store is being written to.

The file is a sequence of msgpack values, each behind its length (4 bytes, big-endian): first a header [FORMAT, prefix],
then for each key its name without the prefix and what it holds (a large index in several pages):

    [name, "string", value] | [name, "hash", {field: value}] | [name, "zset", [member, score, member, score, ...]]

and at its end [count], how many of these there are: a file without it is not whole. Every row is as one commit wrote
it. But not all are of one moment: what changes while the copy is made may be in it as it was before in one place, and
as it was after in another. A copy of one moment is made by the server itself (its snapshot, or a replica); this one is
for what has to be read elsewhere. So keys come in three turns, such that a restore (`store.copying.backup_out`) rather
repeats something than loses it: first money, counts and idempotency keys, then messages and all else, then what
messages have led to: pushes and SMSC ids.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from twisted.internet.threads import deferToThreadPool

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.framing import frame
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.control import Control
from smsgwd.store.redis.program import Arg

FORMAT: Final = "smsgwd-redis-1"
_MODE: Final = 0o640
_LOOKED_AT: Final = 1000  # keys by one step of a scan
_MEMBERS: Final = 2000  # of an index in one page
_TURNS: Final = ({"a", "l", "n", "i", "ia", "rf"}, None, {"x", "s"})  # kinds of keys; None = all others
_OTHERS: Final = _TURNS.index(None)
_SPECIAL: Final = b"\\*?[]^-"
_T = TypeVar("_T")


def writable_place(path: Path) -> None:
    """Raise ValueError when no backup can be written there: it is not absolute, exists, or its directory does not."""
    if not path.is_absolute():
        raise ValueError(f"{path}: the file of a backup must be an absolute path")
    if path.exists() or path.is_symlink():
        raise ValueError(f"{path}: there is such a file already")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: there is no such directory")


async def backup(ask: Asking, control: Control, path: Path) -> int:
    """See Store.backup. Raises StoreUnavailable when the copy cannot be written; then nothing of it is left."""
    partial = path.with_name(path.name + ".partial")
    control.total = int(await ask.call("ZCARD", ask.keys.messages))
    try:
        file = await _threaded(control, _create, partial)
    except OSError as error:
        raise StoreUnavailable(f"{partial}: {error.strerror}") from None
    try:
        try:
            count = 0
            await _threaded(control, file.write, frame((FORMAT, ask.keys.base)))
            async for values in _everything(ask, control):
                count += len(values)
                await _threaded(control, file.write, b"".join(map(frame, values)))
                control.look()
            await _threaded(control, file.write, frame((count,)))
        finally:
            await _threaded(control, _finish, file)
        return await _threaded(control, _publish, partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        if isinstance(error, FileExistsError):
            raise ValueError(f"{path}: there is such a file already") from None
        if isinstance(error, OSError):
            raise StoreUnavailable(f"{path}: {error.strerror}") from None
        raise


async def _threaded(control: Control, work: Callable[..., _T], *args: Any) -> _T:
    """Do what may wait for the disk in another thread."""
    reactor = control.reactor
    done: _T = await deferToThreadPool(reactor, reactor.getThreadPool(), work, *args)
    return done


def _create(partial: Path) -> BinaryIO:
    with contextlib.suppress(FileNotFoundError):  # of one that was killed
        partial.unlink()
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    os.fchmod(fd, _MODE)
    return os.fdopen(fd, "wb")


def _finish(file: BinaryIO) -> None:
    with file:
        file.flush()
        os.fsync(file.fileno())


def _publish(partial: Path, path: Path) -> int:
    os.link(partial, path)  # unlike a rename it never replaces a file that came meanwhile
    partial.unlink()
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    return path.stat().st_size


async def _everything(ask: Asking, control: Control) -> AsyncIterator[list[tuple[str, str, Any]]]:
    """All keys with what they hold, some at a time, by their turns. One that a scan tells twice is there twice, the
    later one newer."""
    for turn in range(len(_TURNS)):
        async for values in _scanned(ask, control, turn):
            yield values


def _turn(name: str) -> int:
    """When a key is read, by its name without the prefix."""
    kind = name.partition(":")[0]
    return next((turn for turn, kinds in enumerate(_TURNS) if kinds and kind in kinds), _OTHERS)


async def _scanned(ask: Asking, control: Control, turn: int) -> AsyncIterator[list[tuple[str, str, Any]]]:
    """The keys of a turn."""
    base = ask.keys.base
    pattern = _literally(base) + b"*"
    own = f"{base}m:".encode()
    cursor: Arg = 0
    while True:
        cursor, names = await ask.call("FCALL", "smsgwd_scan", 1, ask.keys.messages, cursor, pattern, _LOOKED_AT)
        names = [name for name in names if _turn(_short(name, base)) == turn]
        kinds = await ask.several([("TYPE", name) for name in names])
        strings = [name for name, kind in zip(names, kinds, strict=True) if kind == b"string"]
        if strings:
            values = await ask.call("MGET", *strings)
            found = [(_short(name, base), "string", value) for name, value in zip(strings, values, strict=True)]
            yield [each for each in found if each[2] is not None]
        for name, kind in zip(names, kinds, strict=True):
            if kind == b"zset":
                async for page in _members(ask, name):
                    yield [(_short(name, base), "zset", page)]
            elif kind == b"hash":
                flat = await ask.call("HGETALL", name)
                yield [(_short(name, base), "hash", dict(zip(flat[::2], flat[1::2], strict=True)))]
        control.done = min(control.total, control.done + sum(name.startswith(own) for name in names))
        if cursor in (b"0", 0):
            return


async def _members(ask: Asking, name: bytes) -> AsyncIterator[list[Any]]:
    """An index in pages, as its members and their scores in turn."""
    index = name.decode()
    after: tuple[int, bytes] | None = None
    while True:
        page = await ask.scored(index, "-inf", "+inf", _MEMBERS, after=after)
        if page:
            yield [word for pair in page for word in pair]
        if len(page) < _MEMBERS:
            return
        after = page[-1][1], page[-1][0]


def _short(name: bytes, base: str) -> str:
    return name.decode()[len(base) :]


def _literally(text: str) -> bytes:
    """A pattern that is this text and nothing else."""
    return b"".join(b"\\" + bytes((each,)) if each in _SPECIAL else bytes((each,)) for each in text.encode())
