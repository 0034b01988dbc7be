"""A chunked body, read strictly from bytes: no I/O (RFC 9112 s7.1)."""

from __future__ import annotations

import re

_MAX_LINE = 1024  # bytes of a chunk's size and its extensions
_MAX_TRAILERS = 16 * 1024
#: How many bytes of extensions are read beyond what a body of reasonable chunks has; else a byte may cost a kilobyte.
_MAX_WASTE = 16 * 1024
_EXTENSIONS = rb"(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})" + _EXTENSIONS)
_PADDED_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*" + _EXTENSIONS)
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*")


class BadChunkError(ValueError):
    """What came is no chunked body; the text says why."""


class ChunksTooLongError(ValueError):
    """The body has more bytes than are taken; `ChunkReader.body` has as many as are."""


class ChunkReader:
    """Feed it what arrives until it returns what comes after the body; then `body` is whole."""

    __slots__ = ("_buffer", "_in_trailers", "_left", "_limit", "_size", "_trailers", "_waste", "body")

    def __init__(self, limit: int, *, padded: bool = False) -> None:
        """`limit`: most bytes of a body. `padded`: sizes may have blanks behind them, as some servers write them."""
        self.body = bytearray()
        self._limit = limit
        self._size = _PADDED_SIZE if padded else _SIZE
        self._buffer = b""
        self._left = 0  # bytes of this chunk to come, its CR LF included; 0 between chunks
        self._in_trailers = False
        self._trailers = 0
        self._waste = 0

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes: those after the body when it is whole, else None.

        Raises BadChunkError, and ChunksTooLongError as soon as one byte more than the limit has come.
        """
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        at, size = 0, len(data)
        while at < size:
            if self._left:
                at = self._chunk(data, at)
                if self._buffer:
                    return None
                continue
            end = data.find(b"\r\n", at, at + _MAX_LINE + 2)
            if end < 0:
                if size - at > _MAX_LINE + 1:
                    raise BadChunkError(f"a line between chunks has more than {_MAX_LINE} bytes")
                if b"\n" in data[at:]:
                    raise BadChunkError("lines must end in CR LF")
                self._buffer = data[at:]
                return None
            if not self._in_trailers:
                self._size_line(data, at, end)
            elif end == at:
                return data[end + 2 :]
            else:
                self._trailer(data, at, end)
            at = end + 2
        return None

    def _size_line(self, data: bytes, start: int, end: int) -> None:
        match = self._size.fullmatch(data, start, end)
        if match is None:
            raise BadChunkError("a chunk's size is malformed")
        size = int(match[1], 16)
        self._waste = max(0, self._waste + end - start - 16 - size)
        if self._waste > _MAX_WASTE:
            raise BadChunkError("the chunk extensions are larger than the body")
        if size:
            self._left = size + 2
        else:
            self._in_trailers = True

    def _chunk(self, data: bytes, at: int) -> int:
        """Take what is there of a chunk; returns where what follows begins."""
        wanted = self._left - 2
        if wanted > 0:
            room = self._limit - len(self.body)
            taken = data[at : at + min(wanted, room + 1)]
            self.body += taken
            if len(taken) > room:
                del self.body[self._limit :]
                raise ChunksTooLongError(f"the body has more than {self._limit} bytes")
            self._left -= len(taken)
            at += len(taken)
            if self._left > 2:
                return at
        if len(data) - at < 2:
            self._buffer = data[at:]
            if self._buffer not in (b"", b"\r"):
                raise BadChunkError("a chunk does not end in CR LF")
            return len(data)
        if data[at : at + 2] != b"\r\n":
            raise BadChunkError("a chunk does not end in CR LF")
        self._left = 0
        return at + 2

    def _trailer(self, data: bytes, start: int, end: int) -> None:
        self._trailers += end - start + 2
        if self._trailers > _MAX_TRAILERS or _TRAILER.fullmatch(data, start, end) is None:
            raise BadChunkError("a trailer is malformed or too long")
