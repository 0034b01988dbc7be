"""What a lean sink tells the bench at its end: receipts by message number, as one binary file."""

from __future__ import annotations

from array import array
from pathlib import Path

import msgspec

from smsgwd.simulator.lean_report import MOST


class _File(msgspec.Struct, array_like=True):
    """The file, in MessagePack."""

    copies: bytes
    arrived: bytes
    ids: bytes  #: one a line


class SinkReport:
    """By message number (the last eight digits of a destination): receipts seen, when the first came (s, monotonic;
    0 = never), and the message id in it ('' where it names none)."""

    def __init__(self) -> None:
        self.copies = bytearray()  #: at most 255 are counted
        self.arrived: array[float] = array("d")
        self.ids: list[bytes] = []
        self.unique = 0
        self.repeated = 0  #: receipts of a number that had one
        self.beyond = 0  #: receipts whose number cannot be one of a bench

    def took(self, number: int, name: bytes, now: float) -> None:
        """A receipt came."""
        copies = self.copies
        try:
            count = copies[number]
        except IndexError:
            if number >= MOST:
                self.beyond += 1
                return
            more = max(number + 1, 2 * len(copies), 65_536) - len(copies)
            copies += bytes(more)
            self.arrived.frombytes(bytes(8 * more))
            self.ids += [b""] * more
            count = 0
        if count:
            self.repeated += 1
            copies[number] = min(255, count + 1)
            return
        copies[number] = 1
        self.unique += 1
        self.arrived[number] = now
        self.ids[number] = name

    def write(self, path: Path) -> None:
        """Write it. Raises OSError."""
        path.write_bytes(
            msgspec.msgpack.encode(_File(bytes(self.copies), self.arrived.tobytes(), b"\n".join(self.ids)))
        )

    @classmethod
    def read(cls, path: Path) -> SinkReport:
        """Read what `write` wrote on this machine; counters are not in it. Raises OSError; ValueError when it is no
        such file."""
        try:
            found = msgspec.msgpack.decode(path.read_bytes(), type=_File)
        except msgspec.DecodeError:
            raise ValueError(f"{path} is no report of a lean sink") from None
        report = cls()
        report.copies = bytearray(found.copies)
        report.arrived.frombytes(found.arrived)
        report.ids = found.ids.split(b"\n")
        return report
