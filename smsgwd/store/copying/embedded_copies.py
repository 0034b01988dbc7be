"""Copies of one moment of an embedded store that another process works on, in a directory of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.embedded.backup import snapshot
from smsgwd.store.embedded.connection import open_reader
from smsgwd.store.embedded.migrations import MIGRATIONS

_PLACE: Final = "store.move.d"
_SPARE: Final = 64 * 1024 * 1024  # bytes that the gateway keeps for itself
_MODE: Final = 0o600


class Copies:
    """The copy that was made last (`before`), and the next one (`now`). Everything raises OSError and sqlite3.Error."""

    def __init__(self, directory: Path) -> None:
        self.store = directory / "store.db"
        self._place = directory / _PLACE
        self.before = self._place / "before.db"
        self.now = self._place / "now.db"

    def begin(self) -> None:
        """Nothing of an earlier move is left. Raises NotMoved where there is no store of this version."""
        if not self.store.exists():
            raise NotMoved(f"{self.store}: there is no store")
        with self.reading(self.store) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != len(MIGRATIONS):
            raise NotMoved(
                f"{self.store}: it has schema version {version}, this program's is {len(MIGRATIONS)}: start the gateway"
                " on it once, it brings the store to its version"
            )
        self.end()
        self._place.mkdir(mode=0o700)

    def end(self) -> None:
        """Nothing of them is left."""
        if self._place.exists():
            shutil.rmtree(self._place)

    def make(self) -> None:
        """`now` is the store as it is, while others write to it. Raises NotMoved where there is no room for it."""
        self._room()
        fd = os.open(self.now, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        try:
            with self.reading(self.store) as source:
                snapshot(
                    source, self.now, fd, lambda done, total, took: time.sleep(took)
                )  # the machine is others', too
        finally:
            os.close(fd)

    def turn(self) -> None:
        """What was `now` is `before`. No connection may be open."""
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.before.with_name(self.before.name + end).unlink()
        self.now.replace(self.before)

    def _room(self) -> None:
        """Two copies are there at once, and the store grows meanwhile."""
        size = sum(each.stat().st_size for each in (self.store, self.store.with_name("store.db-wal")) if each.exists())
        needed = size * (1 if self.before.exists() else 2) + _SPARE
        free = shutil.disk_usage(self._place).free
        if free < needed:
            raise NotMoved(
                f"{self._place}: copies of the store need {needed >> 20} MiB there, and {free >> 20} MiB are free"
            )

    @contextlib.contextmanager
    def reading(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection that reads a file, and may have tables of its own beside it."""
        connection = open_reader(path)
        try:
            connection.execute("PRAGMA query_only = OFF").fetchall()
            yield connection
        finally:
            connection.close()
