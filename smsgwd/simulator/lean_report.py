"""What a lean SMSC tells the bench at its end: copies and sending times by message number, as one binary file."""

from __future__ import annotations

from array import array
from pathlib import Path

_COUNT = 8  # octets of the number of entries, at the beginning
MOST = 20_000_000  #: numbers from here on are not of a bench and are only counted


class LeanReport:
    """By message number (the last eight digits of a destination): parts seen, and when the first receipt left."""

    def __init__(self, copies: bytes | bytearray = b"", sent: array[float] | None = None) -> None:
        self.copies = bytearray(copies)  #: at most 255 are counted
        self.sent: array[float] = sent if sent is not None else array("d")  #: s, monotonic; 0 = no receipt has left
        self.beyond = 0  #: messages whose number cannot be one of a bench

    def took(self, number: int) -> None:
        """A part of a message was accepted."""
        try:
            if self.copies[number] < 255:
                self.copies[number] += 1
        except IndexError:
            if number >= MOST:
                self.beyond += 1
                return
            more = max(number + 1, 2 * len(self.copies), 65_536) - len(self.copies)
            self.copies += bytes(more)
            self.sent.frombytes(bytes(8 * more))
            self.copies[number] = 1

    def write(self, path: Path) -> None:
        """Write it. Raises OSError."""
        octets = len(self.copies).to_bytes(_COUNT, "big") + bytes(self.copies) + self.sent.tobytes()
        path.write_bytes(octets)

    @classmethod
    def read(cls, path: Path) -> LeanReport:
        """Read what `write` wrote on this machine. Raises OSError; ValueError when it is no such file."""
        octets = path.read_bytes()
        count = int.from_bytes(octets[:_COUNT], "big")
        if len(octets) != _COUNT + 9 * count:
            raise ValueError(f"{path} is no report of a lean SMSC")
        sent = array("d")
        sent.frombytes(octets[_COUNT + count :])
        return cls(octets[_COUNT : _COUNT + count], sent)
