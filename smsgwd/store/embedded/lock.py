"""One process a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from smsgwd.store.writer import CannotOpen


class DirectoryLock:
    """An advisory lock on `<directory>/store.lock`, gone with the process however it ends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "store.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises CannotOpen, naming the holder, when another process (or store) has it."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise CannotOpen(f"{self._path}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise CannotOpen(f"{self._path.parent} is in use by another process (pid {holder})") from error
        self._fd = fd
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk: the lock holds all the same, only the hint is missing
            pass

    def release(self) -> None:
        """Give the lock back; nothing when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
