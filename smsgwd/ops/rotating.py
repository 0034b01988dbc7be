"""A file of lines that is begun anew by size and age: what detail records and the access log are written to.

The current file has the plain name; an old one gets the time at which it was put aside (UTC) before its ending:
`cdr.csv` becomes `cdr-20261122T101500Z.csv`. Nothing else needs to rotate it: no logrotate, no signal. All methods
block on the disk and are for one thread at a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

_MODE: Final = 0o640
_TAIL: Final = 64 * 1024  # bytes in which the last line of a file is looked for


class RotatingFile:
    """`path` with its limits; `wall_clock` gives seconds since 1970. `head` is the first line of each file (without its
    end), or empty. Methods raise OSError; nothing that `write` was given is half in the file then."""

    def __init__(
        self,
        path: Path,
        wall_clock: Callable[[], float],
        *,
        max_bytes: int,
        max_age_s: float,
        keep: int,
        head: bytes = b"",
    ) -> None:
        self.path = path
        self._wall_clock = wall_clock
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._keep = keep
        self._head = head + b"\n" if head else b""
        self._file: BinaryIO | None = None
        self._size = 0
        self._begun = 0.0

    def open(self) -> None:
        """Open the file, behind its last whole line: one that a crash cut off is removed. A file with another first
        line than `head` is put aside first."""
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = self._opened()
        if self._size and self._head and not self._begins_with_head(file):
            self._put_aside()
        elif not self._size:
            self._begin()
        else:
            # A process that was killed may have left lines that only the page cache has; who reads them trusts them.
            os.fsync(file.fileno())

    def tail(self, most: int) -> list[bytes]:
        """The last lines (without ends and first lines), oldest first: of this file, and of the one put aside last."""
        found: list[bytes] = []
        for path in (self.path, *self.old_files()[-1:]):
            if len(found) < most and path.exists():
                found = _tail(path, most - len(found)) + found
        return [line for line in found if line + b"\n" != self._head]

    def write(self, lines: Iterable[bytes], *, sync: bool) -> None:
        """Append lines (without their ends), begin a new file before where it is time; with `sync` they are durable
        when this returns."""
        data = b"".join(line + b"\n" for line in lines)
        if self._file is None:
            self._opened()
            if not self._size:
                self._begin()
        full = self._size > len(self._head) and (
            self._size + len(data) > self._max_bytes or self._wall_clock() - self._begun >= self._max_age_s
        )
        if full:
            self.rotate()
        file = self._file
        assert file is not None
        try:
            _write_all(file, data)
            if sync:
                os.fsync(file.fileno())
        except OSError:
            self._cut_back()
            raise
        self._size += len(data)

    def rotate(self) -> Path | None:
        """Put the file aside and begin a new one; its new name, None where nothing was in it."""
        if self._file is None:
            self._opened()
        if self._size <= len(self._head):
            return None
        return self._put_aside()

    def close(self) -> None:
        """Close the file; `write` opens it again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def old_files(self) -> list[Path]:
        """The files put aside, oldest first."""
        shape = re.compile(
            re.escape(self.path.stem) + r"-([0-9]{8}T[0-9]{6}Z)(?:\.([0-9]+))?" + re.escape(self.path.suffix)
        )
        found = ((shape.fullmatch(each.name), each) for each in self.path.parent.iterdir())
        ordered = sorted((match[1], int(match[2] or 0), each) for match, each in found if match is not None)
        return [each for _, _, each in ordered]

    # -- inside ----------------------------------------------------------------------------------------------------

    def _put_aside(self) -> Path:
        self.close()
        aside = self._aside()
        self.path.rename(aside)
        sync_directory(self.path.parent)
        self._opened()
        self._begin()
        self._forget_old()
        return aside

    def _opened(self) -> BinaryIO:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
        self._file = file = os.fdopen(descriptor, "r+b", buffering=0)
        self._size = self._cut_torn(file)
        self._begun = os.fstat(descriptor).st_mtime if self._size else self._wall_clock()
        return file

    def _begin(self) -> None:
        """The first line of a new file."""
        self._begun = self._wall_clock()
        if self._head and self._file is not None:
            _write_all(self._file, self._head)
            self._size = len(self._head)
        sync_directory(self.path.parent)

    def _cut_torn(self, file: BinaryIO) -> int:
        """Remove a last line without an end; the size then."""
        size = os.fstat(file.fileno()).st_size
        end = size
        while end:
            begin = max(0, end - _TAIL)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                end = begin + found + 1
                break
            end = begin
        if end < size:
            file.truncate(end)
        file.seek(end)
        return end

    def _begins_with_head(self, file: BinaryIO) -> bool:
        file.seek(0)
        same = file.read(len(self._head)) == self._head
        file.seek(0, os.SEEK_END)
        return same

    def _cut_back(self) -> None:
        """Part of what could not be written may be in the file."""
        file = self._file
        if file is None:
            return
        try:
            file.truncate(self._size)
        except OSError:
            self.close()  # the torn line is cut off when it is opened again

    def _aside(self) -> Path:
        now = datetime.fromtimestamp(self._wall_clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.stem}-{now}{self.path.suffix}")
        number = 1
        while aside.exists():
            aside = self.path.with_name(f"{self.path.stem}-{now}.{number}{self.path.suffix}")
            number += 1
        return aside

    def _forget_old(self) -> None:
        if self._keep:
            for path in self.old_files()[: -self._keep]:
                path.unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Make names that came or went in a directory durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write all of it: a disk that fills up takes the first part, and only the next write fails."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _tail(path: Path, most: int) -> list[bytes]:
    """The last whole lines of a file, `most` at most, without their ends."""
    with path.open("rb") as file:
        begin = file.seek(0, os.SEEK_END)
        tail = b""
        while begin and tail.count(b"\n") <= most:
            step = min(begin, _TAIL)
            begin -= step
            file.seek(begin)
            tail = file.read(step) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    return whole.splitlines()[-most:]
