"""What a lean SMSC tells the bench at its end: copies and times by message number, as one binary file."""

from __future__ import annotations

from array import array
from pathlib import Path

_COUNT = 8  # octets of the number of entries, at the beginning
MOST = 20_000_000  #: numbers from here on are not of a bench and are only counted


class LeanReport:
    """By message number (the last eight digits of a destination): parts seen, when the first part came, and when the
    first receipt left. Times are seconds, monotonic; 0 = never."""

    def __init__(
        self,
        copies: bytes | bytearray = b"",
        arrived: array[float] | None = None,
        sent: array[float] | None = None,
    ) -> None:
        self.copies = bytearray(copies)  #: at most 255 are counted
        self.arrived: array[float] = arrived if arrived is not None else array("d")
        self.sent: array[float] = sent if sent is not None else array("d")
        self.beyond = 0  #: messages whose number cannot be one of a bench

    def took(self, number: int, now: float) -> None:
        """A part of a message was accepted."""
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
            self.sent.frombytes(bytes(8 * more))
            count = 0
        if not count:
            self.arrived[number] = now
        if count < 255:
            copies[number] = count + 1

    def write(self, path: Path) -> None:
        """Write it. Raises OSError."""
        count = len(self.copies).to_bytes(_COUNT, "big")
        path.write_bytes(b"".join((count, self.copies, self.arrived.tobytes(), self.sent.tobytes())))

    @classmethod
    def read(cls, path: Path) -> LeanReport:
        """Read what `write` wrote on this machine. Raises OSError; ValueError when it is no such file."""
        octets = path.read_bytes()
        count = int.from_bytes(octets[:_COUNT], "big")
        if len(octets) != _COUNT + 17 * count:
            raise ValueError(f"{path} is no report of a lean SMSC")
        arrived, sent = array("d"), array("d")
        arrived.frombytes(octets[_COUNT + count : _COUNT + 9 * count])
        sent.frombytes(octets[_COUNT + 9 * count :])
        return cls(octets[_COUNT : _COUNT + count], arrived, sent)
