"""A body of a length that is known, read from bytes: no I/O. One in chunks: `http_chunks`."""

from __future__ import annotations


class SizedReader:
    """Feed it what arrives until it returns what comes after the body; then `body` is whole. As a ChunkReader."""

    __slots__ = ("_length", "body")

    def __init__(self, length: int) -> None:
        """`length`: bytes of the body."""
        self.body = bytearray()
        self._length = length

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes: those after the body when it is whole, else None."""
        missing = self._length - len(self.body)
        if len(data) < missing:
            self.body += data
            return None
        self.body += data[:missing]
        return data[missing:]
