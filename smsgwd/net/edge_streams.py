"""Answers that go on, through an HTTP worker: the gateway's end (`Streams`) and the worker's (`Relays`).

Of each at most `WINDOW` bytes and a piece are on their way or wait for their client: the gateway sends no more before
the worker has said that as much was taken, and says to the handler that the stream is full. So neither process keeps
more for a client that does not read.
"""

from __future__ import annotations

from typing import Final

from smsgwd.net.edge_frames import Answered, Begun, End, Gone, More, Taken
from smsgwd.net.edge_link import EdgeLink
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_stream import Stream

WINDOW: Final = 64 * 1024
"""Bytes sent and not said to be taken from which on a stream is full."""


class Streams:
    """Those of one worker, by the numbers of their requests; the gateway's end."""

    def __init__(self) -> None:
        self._open: dict[int, _Outlet] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, link: EdgeLink, number: int, response: HttpResponse, stream: Stream) -> None:
        """Send the answer's first bytes, and then what the stream gives."""
        link.send(Begun(Answered(number, response.status, response.headers, response.body)))
        outlet = self._open[number] = _Outlet(link, number, stream, self)
        stream.attach(outlet)

    def taken(self, message: Taken) -> bool:
        """There is room again; False when it cannot be as much as the worker says."""
        outlet = self._open.get(message.number)
        if outlet is None:  # ended meanwhile
            return True
        if not 0 <= message.size <= outlet.untaken:
            return False
        outlet.untaken -= message.size
        return True

    def gone(self, number: int) -> None:
        """The client has left; nothing where the stream was ended meanwhile."""
        outlet = self._open.pop(number, None)
        if outlet is not None:
            outlet.stream.gone()

    def all_gone(self) -> None:
        """The worker is lost."""
        for number in tuple(self._open):
            self.gone(number)

    def forget(self, number: int) -> None:
        """The stream was ended."""
        self._open.pop(number, None)


class _Outlet:
    """The Sink of a stream whose client a worker has."""

    __slots__ = ("_link", "_number", "_streams", "stream", "untaken")

    def __init__(self, link: EdgeLink, number: int, stream: Stream, streams: Streams) -> None:
        self.stream = stream
        self.untaken = 0  # bytes
        self._link = link
        self._number = number
        self._streams = streams

    @property
    def full(self) -> bool:
        """See Sink. Also while the worker does not read at all."""
        return self.untaken >= WINDOW or self._link.full

    def more(self, data: bytes) -> None:
        """See Sink."""
        self.untaken += len(data)
        self._link.send(More(self._number, data))

    def finish(self) -> None:
        """See Sink."""
        self._streams.forget(self._number)
        self._link.send(End(self._number))


class Relays:
    """The worker's end: what the gateway sends, handed to the connections it is for."""

    def __init__(self, link: EdgeLink) -> None:
        self._link = link
        self._open: dict[int, _Relay] = {}

    def begin(self, number: int) -> Stream:
        """The stream for the connection that waits for this answer."""
        relay = self._open[number] = _Relay(self._link, number)
        relay.on_gone(lambda: self.gone(number))
        return relay

    def more(self, message: More) -> None:
        """Bytes for a client; thrown away when it has left."""
        relay = self._open.get(message.number)
        if relay is not None:
            relay.relay(message.data)

    def end(self, number: int) -> None:
        """The gateway ends a stream, or has not heard yet that its client has left."""
        relay = self._open.pop(number, None)
        if relay is not None:
            relay.end()

    def gone(self, number: int) -> None:
        """The client has left: tell, unless the gateway has ended it, or there was none any more."""
        if self._open.pop(number, None) is not None:
            self._link.send(Gone(number))


class _Relay(Stream):
    """A stream that tells how much its client has taken."""

    __slots__ = ("_link", "_number", "_owed")

    def __init__(self, link: EdgeLink, number: int) -> None:
        super().__init__()
        self._link = link
        self._number = number
        self._owed = 0  # bytes that came, and were not said to be taken

    def relay(self, data: bytes) -> None:
        """Send on, whether the client is full or not: what comes here was let go by the window."""
        if self._sink is not None:
            self._sink.more(data)
            self._owed += len(data)
            self._tell()

    def room(self) -> None:
        """See Stream."""
        self._tell()

    def _tell(self) -> None:
        """In pieces of half a window: not each event needs a word."""
        if self._owed >= WINDOW // 2 and self._sink is not None and not self._sink.full:
            owed, self._owed = self._owed, 0
            self._link.send(Taken(self._number, owed))
