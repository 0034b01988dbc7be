"""A copy of the store while it is being written to.

The copy is one snapshot: SQLite's backup interface begins anew whenever another connection has written, unless the
source holds a read transaction; so it does, and the copy is made in steps with rests between them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.upkeep import Control

_STEP_PAGES: Final = 256  # 1 MiB of 4 KiB pages
_SYNC_STEPS: Final = 8
_MODE: Final = 0o640


def writable_place(path: Path) -> None:
    """Raise ValueError when no backup can be written there: it is not absolute, exists, or its directory does not."""
    if not path.is_absolute():
        raise ValueError(f"{path}: the file of a backup must be an absolute path")
    if path.exists() or path.is_symlink():
        raise ValueError(f"{path}: there is such a file already")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: there is no such directory")


def backup(control: Control, path: Path) -> int:
    """See Store.backup. Raises StoreUnavailable when the copy cannot be written; then nothing of it is left."""
    partial = path.with_name(path.name + ".partial")

    def told(done: int, total: int, took: float) -> None:
        control.done, control.total = done, total
        control.rest(took)

    try:
        with contextlib.suppress(FileNotFoundError):  # of one that was killed
            partial.unlink()
        fd = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise StoreUnavailable(f"{partial}: {error.strerror}") from None
    try:
        try:
            os.fchmod(fd, _MODE)
            with control.reading() as source:
                snapshot(source, partial, fd, told)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.link(partial, path)  # unlike a rename it never replaces a file that came meanwhile
        partial.unlink()
        _sync_directory(path.parent)
    except BaseException as error:
        for name in (partial, *(partial.with_name(partial.name + end) for end in ("-journal", "-wal", "-shm"))):
            with contextlib.suppress(OSError):
                name.unlink()
        if isinstance(error, FileExistsError):
            raise ValueError(f"{path}: there is such a file already") from None
        if isinstance(error, OSError):
            raise StoreUnavailable(f"{path}: {error.strerror}") from None
        raise
    return path.stat().st_size


def snapshot(source: sqlite3.Connection, partial: Path, fd: int, told: Callable[[int, int, float], object]) -> None:
    """All pages of one snapshot into a file that is open as `fd`; `told` hears after each step how many bytes are
    there, of how many, and how long the step took (s): it may rest, or raise. The file is brought to the disk every
    few steps: one long fsync at the end would hold up those of commits. Raises sqlite3.Error and OSError."""
    target = sqlite3.connect(partial, isolation_level=None)
    steps = 0
    begun = time.perf_counter()

    def step_made(_status: int, remaining: int, total: int) -> None:
        nonlocal steps, begun
        steps += 1
        if steps % _SYNC_STEPS == 0:
            os.fdatasync(fd)
        told((total - remaining) * page, total * page, time.perf_counter() - begun)
        begun = time.perf_counter()

    try:
        target.execute("PRAGMA journal_mode = OFF").fetchall()
        target.execute("PRAGMA synchronous = OFF")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # takes the snapshot
        page = int(source.execute("PRAGMA page_size").fetchone()[0])
        source.backup(target, pages=_STEP_PAGES, progress=step_made)
        source.execute("COMMIT")
    finally:
        target.close()


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
