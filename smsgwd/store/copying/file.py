"""Records in a file: a header, the records, and at the end what they add up to.

Each stands behind its length, as in a backup of the Redis store (`store.framing`). The last one is what all of them add
up to: a file without it, or with other sums, is not whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from smsgwd.store.copying.records import Copy, Numbers, Sum, Sums, kind_of, pack, unpack
from smsgwd.store.framing import frame, frames

FORMAT: Final = "smsgwd-export-1"
_MODE: Final = 0o600  # it has all texts and numbers
_sums_of: Final = msgspec.msgpack.Decoder(dict[str, tuple[int, bytes]]).decode
_header_of: Final = msgspec.msgpack.Decoder(tuple[str]).decode


class NotWhole(ValueError):  # noqa: N818 -- named after what it says
    """The file is no export, or a piece of one."""


class ExportFile:
    """A file being written; there is one of that name only after `finish`. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self.sums = Sums()
        if path.exists() or path.is_symlink():
            raise FileExistsError(17, "there is such a file already", str(path))
        with contextlib.suppress(FileNotFoundError):  # of one that was killed
            self._partial.unlink()
        fd = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        self._file: BinaryIO = os.fdopen(fd, "wb")
        self._file.write(frame((FORMAT,)))

    async def put(self, records: list[Copy]) -> None:
        """Add records."""
        for record in records:
            packed = pack(record)
            if not isinstance(record, Numbers):
                self.sums.add(kind_of(record), packed)
            self._file.write(len(packed).to_bytes(4, "big") + packed)

    async def finish(self) -> None:
        """All of it is there, and durable."""
        sums = {kind: (each.count, each.digest.to_bytes(16, "big")) for kind, each in self.sums.kinds.items()}
        with self._file as file:
            file.write(frame(sums))
            file.flush()
            os.fsync(file.fileno())
        os.link(self._partial, self._path)  # unlike a rename it never replaces a file that came meanwhile
        self._partial.unlink()
        fd = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    async def abandon(self) -> None:
        """Nothing of it is left."""
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._partial.unlink()


def read(path: Path, page: int = 500) -> Iterator[list[Copy]]:
    """The records of a file. Raises NotWhole as soon as it is seen, at the end at the latest; OSError."""
    sums = Sums()
    with path.open("rb") as file:
        try:
            pieces = frames(file)
            try:
                (found,) = _header_of(next(pieces, b""))
            except msgspec.DecodeError:
                found = ""
            if found != FORMAT:
                raise NotWhole(f"{path}: this is no export of smsgwd")
            records: list[Copy] = []
            last = b""
            for piece in pieces:
                if last:
                    record = unpack(last)
                    records.append(record)
                    if not isinstance(record, Numbers):
                        sums.add(kind_of(record), last)
                    if len(records) == page:
                        yield records
                        records = []
                last = piece
            told = Sums()
            for kind, (count, digest) in _sums_of(last).items() if last else ():
                told.kinds[kind] = Sum(count, int.from_bytes(digest, "big"))
        except (msgspec.DecodeError, EOFError) as error:
            raise NotWhole(f"{path}: the file is damaged, or its end is missing: {error}") from None
    if told.differences(sums):
        raise NotWhole(f"{path}: the file is damaged: it does not add up to what its end says")
    if records:
        yield records
