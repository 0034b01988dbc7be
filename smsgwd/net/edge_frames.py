"""What the gateway's process and its HTTP workers say to each other over a socket pair, and how it is framed.

A frame is four bytes of length (big endian) and one msgpack array whose first element names its kind. Requests and
answers travel in lists: those of one reactor turn share a frame, a read and a write. An answer that goes on
(`http_stream`) has frames of its own. Pure: no sockets here.

Costs on one core (CPython 3.11, a small submission, six headers): 0.5 µs to read a request, 0.1 to write its answer.
Sending a connection's headers once and referring to them later would save 0.3 µs of that: not worth the second form.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from smsgwd.net.http_message import HttpRequest

MOST_UNANSWERED = 1024
"""Requests of one worker that may wait for their answers. A worker keeps further ones to itself, and reads no more from
the clients that sent them: a connection has one request at a time."""

MOST_IN_A_FRAME = 64
"""Requests in one frame: the other side does them all before anything else has its turn."""

_LENGTH = 4
_SLACK = 64 * 1024  # lengths of at most 100 headers and 100 query fields, five bytes each, and the numbers


class FrameError(Exception):
    """The other side sent what cannot be read, or more than it may."""


class Asked(HttpRequest, array_like=True, gc=False):
    """A request on its way to the handler, under the number its worker gave it."""

    number: int = 0


class Answered(msgspec.Struct, array_like=True, gc=False):
    """The answer to the request of that number. Counted where the handler is, so the route does not travel."""

    number: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Log(msgspec.Struct, array_like=True, frozen=True):
    """How a worker logs: section `log` of the configuration."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"
    show_numbers: bool = False
    show_text: bool = False


class Mounted(msgspec.Struct, array_like=True, frozen=True):
    """Where a dialect is served, for telling refusals in its way: see app.dialect_mounts."""

    name: str
    hosts: tuple[str, ...]
    prefix: str
    options: dict[str, Any]


# To workers.


class Setup(msgspec.Struct, array_like=True, tag="setup"):
    """The first frame: all a worker needs to know. `sockets` = (descriptor, address family), listening and inherited.
    `shares` = (descriptor of the shared memory of edge_shares, number of workers).

    `limits` are the fields of http_server.HttpLimits; `certificate` and `key` are paths of PEM files, or empty.
    """

    number: int
    sockets: list[tuple[int, int]]
    shares: tuple[int, int]
    limits: dict[str, Any]
    trusted_proxies: list[str]
    certificate: str
    key: str
    log: Log
    mounts: list[Mounted] = []


class Answers(msgspec.Struct, array_like=True, tag="answers", gc=False):
    """The answers of a turn."""

    answered: list[Answered]


class Begun(msgspec.Struct, array_like=True, tag="begun"):
    """An answer that goes on: its first bytes. What follows has the number of the request, too."""

    answered: Answered


class More(msgspec.Struct, array_like=True, tag="more"):
    """What follows in the answer of that number. Wants a Taken, sooner or later."""

    number: int
    data: bytes


class End(msgspec.Struct, array_like=True, tag="end"):
    """Nothing more follows in the answer of that number."""

    number: int


class Ping(msgspec.Struct, array_like=True, tag="ping"):
    """Are you there? Wants an Alive."""


class Reload(msgspec.Struct, array_like=True, tag="reload"):
    """Read the certificate files again."""


class Drain(msgspec.Struct, array_like=True, tag="drain"):
    """Accept nothing more, answer what was taken within `limit_s` seconds, then end."""

    limit_s: float


# To the gateway's process.


class Ready(msgspec.Struct, array_like=True, tag="ready"):
    """The worker accepts connections."""


class Requests(msgspec.Struct, array_like=True, tag="requests", gc=False):
    """The requests of a turn. `at` = the system's monotonic clock in seconds when the first of them was whole."""

    at: float
    asked: list[Asked]


class Refused(msgspec.Struct, array_like=True, tag="refused"):
    """Statuses of what the worker answered by itself: malformed, too large, too slow."""

    statuses: list[int]


class Taken(msgspec.Struct, array_like=True, tag="taken"):
    """The client of the request of that number has room again for as many bytes as came for it in More."""

    number: int
    size: int


class Gone(msgspec.Struct, array_like=True, tag="gone"):
    """The client of an answer that goes on has left, or was never there."""

    number: int


class Alive(msgspec.Struct, array_like=True, tag="alive"):
    """Answer to a Ping, with how many connections are open."""

    connections: int


ToWorker = Setup | Answers | Begun | More | End | Ping | Reload | Drain
ToGateway = Ready | Requests | Refused | Taken | Gone | Alive

_encoder = msgspec.msgpack.Encoder()


def encode(message: ToWorker | ToGateway) -> bytes:
    """One frame. Raises FrameError for a message of 4 GiB and more."""
    data = _encoder.encode(message)
    if len(data) >> 32:
        raise FrameError(f"a frame of {len(data)} bytes cannot be sent")
    return len(data).to_bytes(_LENGTH, "big") + data


def encode_requests(at: float, asked: list[Asked], limit: int) -> list[bytes]:
    """Frames with these requests, none larger than `limit` bytes unless a single request is."""
    if len(asked) > MOST_IN_A_FRAME:
        half = MOST_IN_A_FRAME
    else:
        frame = encode(Requests(at, asked))
        if len(frame) <= limit + _LENGTH or len(asked) == 1:
            return [frame]
        half = len(asked) // 2
    return encode_requests(at, asked[:half], limit) + encode_requests(at, asked[half:], limit)


def request_frame_limit(max_body: int, max_headers: int) -> int:
    """Bytes of the largest frame with one request whose parts keep to these limits.

    The query stands there twice, as sent and in fields, and a Latin-1 character can take two bytes.
    """
    return max_body + 4 * max_headers + _SLACK


class Splitter:
    """Cuts a stream of bytes into messages of one direction."""

    def __init__(self, kinds: Any, limit: int = (1 << 32) - 1) -> None:
        """`kinds` = ToWorker or ToGateway; a frame of more than `limit` bytes is refused before it is buffered."""
        self._decode = msgspec.msgpack.Decoder(kinds).decode
        self._limit = limit
        self._pieces: list[bytes] = []  # joined once a frame is whole: adding to a bytes would copy it at every read
        self._have = 0
        self._need = _LENGTH

    def feed(self, data: bytes) -> list[Any]:
        """The messages that are whole with these bytes. Raises FrameError; then the stream cannot be read on."""
        self._pieces.append(data)
        self._have += len(data)
        if self._have < self._need:
            return []
        whole = b"".join(self._pieces) if len(self._pieces) > 1 else data
        found: list[Any] = []
        start = 0
        view = memoryview(whole)
        while True:
            left = len(whole) - start
            if left < _LENGTH:
                self._need = _LENGTH
                break
            length = int.from_bytes(whole[start : start + _LENGTH], "big")
            if length > self._limit:
                raise FrameError(f"a frame of {length} bytes; at most {self._limit} are taken")
            if left < _LENGTH + length:
                self._need = _LENGTH + length
                break
            start += _LENGTH
            try:
                found.append(self._decode(view[start : start + length]))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise FrameError(f"a frame that cannot be read: {error}") from None
            start += length
        self._pieces = [whole[start:]] if left else []
        self._have = left
        return found
