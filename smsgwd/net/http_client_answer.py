"""One HTTP/1.x answer, parsed strictly from bytes: no I/O (RFC 9112, the client's side).

Strict, because an answer read wrongly becomes the next request's answer on the same connection: whatever is doubtful
fails the answer, and the connection with it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from smsgwd.net.http_chunks import BadChunkError, ChunkReader, ChunksTooLongError
from smsgwd.ports.push import HttpAnswer

MAX_HEAD = 16 * 1024
"""Longest status line and headers together, bytes."""
MAX_BODY = 64 * 1024
"""How much of a body is read, bytes, unless an `AnswerParser` is told otherwise."""

SMALL_ANSWER = 512
"""Answers up to so many bytes are looked up whole (`whole_answer`)."""

_KEPT_HEAD = 1024  # bytes of the longest head that is remembered
_MAX_INTERIM = 8
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FIELDS = re.compile(rb"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*)*")
_LENGTH = re.compile(r"[0-9]{1,15}")

_HEAD, _COUNTED, _CHUNKED, _UNTIL_CLOSE, _DONE = range(5)


class BadAnswerError(ValueError):
    """What came is not an answer that can be trusted; the text says why."""


_Head = tuple[int, Mapping[str, str], bool, int, int]


def _read_head(head: bytes) -> _Head:
    """Status, headers, whether the connection may be used again, the next state, and the body's length if counted."""
    line_end = head.find(b"\r\n")
    if line_end < 0:
        line_end = len(head)
    match = _STATUS.fullmatch(head, 0, line_end)
    if match is None:
        raise BadAnswerError("not an HTTP/1 status line")
    if _FIELDS.fullmatch(head, line_end) is None:
        raise BadAnswerError("malformed header")
    status = int(match[2])
    headers: dict[str, str] = {}
    if line_end < len(head):
        for line in head[line_end + 2 :].decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    keep = match[1] == b"1"
    connection = headers.get("connection")
    if connection is not None:
        tokens = [token.strip() for token in connection.lower().split(",")]
        keep = "close" not in tokens and (keep or "keep-alive" in tokens)
    state, need = _framing(status, headers)
    return status, MappingProxyType(headers), keep and state != _UNTIL_CLOSE, state, need


#: A server's answers of one second have the same head. Large ones are read anew: else a hostile server has 40 MiB here.
_remembered = lru_cache(maxsize=256)(_read_head)


def _framing(status: int, headers: Mapping[str, str]) -> tuple[int, int]:
    """How the body ends (RFC 9112 s6.3): the state in which it is read, and its length if counted."""
    if status < 200 or status in (204, 304):
        return _DONE, 0
    length = headers.get("content-length")
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise BadAnswerError("both Content-Length and Transfer-Encoding")
        if coding.lower() != "chunked":
            raise BadAnswerError("a Transfer-Encoding other than chunked")
        return _CHUNKED, 0
    if length is None:
        return _UNTIL_CLOSE, 0
    values = {value.strip() for value in length.split(",")}
    value = values.pop()
    if values or not _LENGTH.fullmatch(value):
        raise BadAnswerError("Content-Length is not one number")
    return _COUNTED, int(value)


@lru_cache(maxsize=256)  # a server's answers of one second are the same to the last byte: 0.1 µs instead of 0.9
def whole_answer(data: bytes) -> HttpAnswer | None:
    """The answer that `data` is from its first to its last byte, if it leaves the connection fit for another request.

    None for anything else, which `AnswerParser` reads: it is the definition of what an answer is.
    """
    parser = AnswerParser()
    try:
        complete = parser.feed(data)
    except BadAnswerError:
        return None
    return HttpAnswer(parser.status, parser.headers, parser.body) if complete and parser.reusable else None


class AnswerParser:
    """Feed it what arrives until `feed` says True; then `status`, `headers`, `body` and `reusable` hold."""

    __slots__ = ("_buffer", "_chunks", "_interim", "_most", "_need", "_state", "body", "headers", "reusable", "status")

    def __init__(self, most_body: int = MAX_BODY) -> None:
        """`most_body`: bytes of the body that are read; the rest is cut, and the connection not used again."""
        self._most = most_body
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = b""
        self.reusable = False  #: the connection may carry another request
        self._buffer = b""
        self._chunks: ChunkReader | None = None
        self._state = _HEAD
        self._need = 0
        self._interim = 0

    def feed(self, data: bytes) -> bool:
        """Take bytes; True when the answer is complete. Raises BadAnswerError."""
        buffer = self._buffer + data if self._buffer else data
        while True:
            state = self._state
            if state == _HEAD:
                rest = self._head(buffer)
            elif state == _COUNTED:
                return self._counted(buffer)
            elif state == _UNTIL_CLOSE:
                self.body += buffer
                return len(self.body) >= self._most and self._cut()
            elif state == _CHUNKED:
                rest = self._chunked(buffer)
            else:
                if buffer:
                    self.reusable = False  # more than was asked for: not to be taken for the next answer
                return True
            if rest is None:
                return self._state == _DONE
            buffer = rest

    def end(self) -> bool:
        """The connection was closed cleanly; True when that completes the answer."""
        if self._state == _UNTIL_CLOSE:
            self._state = _DONE
        return self._state == _DONE

    def _cut(self) -> bool:
        self.body = self.body[: self._most]
        self.reusable = False
        self._state = _DONE
        return True

    def _head(self, buffer: bytes) -> bytes | None:
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD:
            if len(buffer) > MAX_HEAD:
                raise BadAnswerError(f"headers longer than {MAX_HEAD} bytes")
            if not b"HTTP/1."[: len(buffer)] == buffer[:7]:
                raise BadAnswerError("not an HTTP/1 answer")
            if b"\n\n" in buffer:
                raise BadAnswerError("line ends without CR")
            self._buffer = buffer
            return None
        self._buffer = b""
        read = _remembered if end <= _KEPT_HEAD else _read_head
        status, headers, reusable, state, need = read(buffer[:end])
        rest = buffer[end + 4 :]
        if status < 200:
            self._interim += 1
            if status == 101 or self._interim > _MAX_INTERIM:
                raise BadAnswerError(f"unexpected interim answer {status}")
            return rest
        self.status, self.headers, self.reusable, self._state, self._need = status, headers, reusable, state, need
        return rest

    def _counted(self, buffer: bytes) -> bool:
        have = len(buffer)
        if have < self._need and have < self._most:
            self._buffer = buffer
            return False
        if self._need > self._most:
            self.body = buffer
            return self._cut()
        self.body = buffer[: self._need]
        if have > self._need:
            self.reusable = False
        self._state = _DONE
        return True

    def _chunked(self, buffer: bytes) -> bytes | None:
        chunks = self._chunks
        if chunks is None:
            chunks = self._chunks = ChunkReader(self._most, padded=True)
        try:
            rest = chunks.feed(buffer)
        except BadChunkError as error:
            raise BadAnswerError(str(error)) from None
        except ChunksTooLongError:
            rest = None
            self.body = bytes(chunks.body)
            self._cut()
        if rest is not None:
            self.body = bytes(chunks.body)
            self._state = _DONE
        return rest
