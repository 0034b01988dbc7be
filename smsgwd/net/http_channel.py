"""One HTTP/1.1 connection: finds requests in what arrives, hands them to the listener's handler, writes the answers.

Caps hold before anything is buffered, deadlines are absolute: a client that sends a byte now and then gains nothing.
Requests of one connection are answered in order, one at a time. What is wrong is answered with a problem document, or
in the way of whoever is at that path (`http_message.Refuser`). An answer that goes on (`http_stream`) is the last one;
it lasts as long as the client keeps its half of the connection open and takes what is sent.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPushProducer,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_body import SizedReader
from smsgwd.net.http_chunks import BadChunkError, ChunkReader, ChunksTooLongError
from smsgwd.net.http_deadline import TimedProtocol
from smsgwd.net.http_head import CHUNKED, MALFORMED, MAX_HEADER_LINES, Head, HeadError, glimpse, read_head, read_part
from smsgwd.net.http_message import HttpRequest, HttpResponse, Later
from smsgwd.net.http_phase import Phase
from smsgwd.net.http_stream import Stream
from smsgwd.net.send import send_now
from smsgwd.net.unix_peer import UnixPeer, unix_peer

if TYPE_CHECKING:
    from smsgwd.net.http_server import HttpListener

_LINGER_S = 5.0
_EAGER = 16 * 1024
"""How much is read behind a request that is not answered yet, bytes; only then is the client's end noticed."""


# Bound once: looking a member up costs more than anything else that is done with it.
_NEW, _HEAD, _BODY, _BUSY, _SENDING, _STREAMING, _IDLE, _CLOSING = Phase
_ANSWERING = frozenset({_BUSY, _SENDING, _STREAMING})


@implementer(IHalfCloseableProtocol, IPushProducer)
class HttpChannel(TimedProtocol):
    """A connection of an HttpListener."""

    transport: Any

    def __init__(self, listener: HttpListener, network: str = "") -> None:
        """`network` is the client's, as connections are counted."""
        super().__init__(listener.reactor)
        self.listener = listener
        self.network = network
        self._limits = listener.limits
        self._peer = ""
        self._unix: UnixPeer | None = None
        self._max_body = listener.limits.max_body
        self._phase: Phase = _NEW
        # Reading.
        self._buffer = b""  # of a head that is not whole, or behind a request that is not answered
        self._searched = 0  # as much of it holds no end of a head
        self._checked = 0  # see read_part
        self._skipped = False  # the one empty line that may stand before a request
        self._taking = False  # requests are being taken out of a read: whoever answers one does not take the next
        self._paused = False  # the transport reads nothing
        self._ended = False  # the client sends no more
        # The request being read or answered.
        self._head: Head | None = None
        self._body: SizedReader | ChunkReader | None = None
        # Writing.
        self.full = False  #: the transport has more to send than it wants
        self._last = False  # the answer being sent is the last one
        self._stream: Stream | None = None  # the answer that goes on

    # -- reading ---------------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """A client has connected."""
        transport = self.transport
        peer = transport.getPeer()
        self._peer = getattr(peer, "host", "")
        if isinstance(peer, UNIXAddress):
            self._unix = unix_peer(transport)
            self._max_body = self.listener.max_body_of(self._unix)
        elif ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)
        if self.listener.opened(self, self._unix):
            self._wait(self._limits.header_timeout_s)
        else:
            self.abort()

    def dataReceived(self, data: bytes) -> None:
        """Bytes of a request, or of several."""
        phase = self._phase
        if phase is _CLOSING:
            return
        if phase is _BODY:
            self._fill(data)
        elif phase in _ANSWERING:
            if phase is _STREAMING:
                return
            self._buffer += data
            if len(self._buffer) > _EAGER and not self._paused:
                self._paused = True
                self.transport.pauseProducing()
        else:
            self._take(self._buffer + data if self._buffer else data)

    def _take(self, data: bytes) -> None:
        """Take requests out of `data` until one has to wait for its answer, or what is left is not a whole one."""
        self._taking = True
        limits = self._limits
        while data:
            if not self._skipped and data.startswith(b"\r\n"):
                self._skipped = True
                data, self._buffer = data[2:], b""
                continue
            end = data.find(b"\r\n\r\n", self._searched, limits.max_headers)
            if end < 0:
                self._part(data)
                break
            try:
                head = read_head(data[:end])
            except HeadError as error:
                self.fail(error.refusal, str(error), data[:end])
                break
            self._searched = self._checked = 0
            self._skipped = False
            body, end = end + 4, end + 4 + head.length
            if head.length > self._max_body:
                self._head = head
                self._too_large()
                break
            if head.length >= 0 and end <= len(data):  # the usual case: cut out, copied once
                self._buffer = data[end:]
                self._whole(head, data[body:end])
            else:
                self._begin(head)
                self._fill(data[body:])
            if self._phase is not _IDLE:
                break
            data, self._buffer = self._buffer, b""
        self._taking = False
        if self._ended and self._phase not in _ANSWERING:
            self._close(linger=False)

    def _part(self, data: bytes) -> None:
        """No head is whole yet: see that it may become one."""
        most = self._limits.max_headers
        try:
            self._checked = read_part(data[:most], self._checked)
        except HeadError as error:
            self.fail(error.refusal, str(error), data[:most])
            return
        if len(data) >= most:
            text = f"the request line and headers have more than {most} bytes or {MAX_HEADER_LINES} lines"
            self.fail(Refusal.HEADERS_TOO_LARGE, text, data[:most])
            return
        self._buffer = data
        self._searched = max(0, len(data) - 3)
        if self._phase is not _HEAD:
            self._phase = _HEAD
            self._wait(self._limits.header_timeout_s)

    def _begin(self, head: Head) -> None:
        """The head is whole, the body is not."""
        self._buffer = b""
        self._head = head
        self._phase = _BODY
        self._wait(self._limits.body_timeout_s)
        self._body = ChunkReader(self._max_body) if head.length == CHUNKED else SizedReader(head.length)
        if head.expects:
            send_now(self.transport, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _fill(self, data: bytes) -> None:
        """Take a piece of the body; hand the request on when it is whole."""
        head, body = self._head, self._body
        assert head is not None and body is not None
        try:
            rest = body.feed(data)
        except BadChunkError:
            self.fail(Refusal.MALFORMED, MALFORMED)
        except ChunksTooLongError:
            self._too_large()
        else:
            if rest is not None:
                self._body, self._buffer = None, rest
                self._whole(head, bytes(body.body))

    def _too_large(self) -> None:
        self.fail(Refusal.TOO_LARGE, f"the body has more than {self._max_body} bytes")

    # -- answering -------------------------------------------------------------------------------------------------

    def _whole(self, head: Head, body: bytes) -> None:
        """Hand a request to the handler, and its answer to the client when it is there."""
        self._head = head
        self._phase = _BUSY
        self._deadline = inf
        started = self._seconds()
        listener = self.listener
        headers = head.headers
        address = listener.client(self._peer, headers)
        request = HttpRequest(
            head.method, head.path, head.query, headers, body, address, head.raw_query, head.query_fault, self._unix
        )
        result = listener.respond(request)
        if isinstance(result, HttpResponse):
            self._answer(result, started)
        elif isinstance(result, Later):
            result.on_answer(self._answer, started)
        else:
            result.addCallback(self._answer, started)

    def _answer(self, response: HttpResponse, started: float) -> None:
        """Write the answer, unless the client has left meanwhile."""
        listener = self.listener
        now = self._seconds()
        listener.answered(response, now - started)
        if response.stream is not None:
            self._go_on(response, response.stream)
            return
        head = self._head
        if self._phase is not _BUSY or head is None:
            return
        self._last = last = not head.keep or listener.stopping or (self._ended and not self._buffer)
        send_now(self.transport, listener.encode(response, close=last, head=head.method == "HEAD"))
        if self.full:
            # A client that asks and never reads would else be answered into memory, request upon request.
            self._phase = _SENDING
            self._wait(self._limits.idle_timeout_s)
        elif last:
            self._close(linger=bool(self._buffer))
        else:
            self._phase = _IDLE
            self._deadline = deadline = now + self._limits.idle_timeout_s
            if deadline < self._timer_at:
                self._arm()
            if not self._taking:
                self._next()

    def _next(self) -> None:
        """An answer was written: go on with what the client has sent meanwhile."""
        if self._paused:
            self._paused = False
            self.transport.resumeProducing()
        if self._buffer or self._ended:
            data, self._buffer = self._buffer, b""
            self._take(data)

    def fail(self, refusal: Refusal, detail: str, begun: bytes = b"") -> None:
        """Answer a fault of the protocol and give the connection up. `begun`: of a head that cannot be read."""
        if self._phase is _CLOSING:
            return
        head, listener = self._head, self.listener
        seen = glimpse(begun) if begun or head is None else (head.method, head.path, head.headers)
        response = listener.refusal(seen, refusal, detail)
        listener.answered(response, 0.0)
        send_now(self.transport, listener.encode(response, close=True, head=seen is not None and seen[0] == "HEAD"))
        self._close(linger=True)

    # -- an answer that goes on (http_stream.Sink) -----------------------------------------------------------------

    def _go_on(self, response: HttpResponse, stream: Stream) -> None:
        """Write the first bytes of an answer; then its stream has the connection, and what the client sends is read
        only to see it leave."""
        head, listener = self._head, self.listener
        if self._phase is not _BUSY or head is None:
            stream.gone()
            return
        bare = head.method == "HEAD" or listener.stopping
        self._phase = _STREAMING
        send_now(self.transport, listener.encode(response, close=True, head=head.method == "HEAD", whole=False))
        self._forget()
        self._stream = stream
        if self._paused:
            self._paused = False
            self.transport.resumeProducing()
        stream.attach(self)
        if bare or self._ended:
            stream.end()

    def more(self, data: bytes) -> None:
        """Send what follows."""
        send_now(self.transport, data)

    def finish(self) -> None:
        """The stream was ended: close when all is sent, but at once where a stop would have to wait for the client."""
        self._stream = None
        self._last = True
        if not self.full:
            self._close(linger=False)
        elif self.listener.stopping:
            self.abort()
        else:
            self._phase = _SENDING

    # -- what the transport says of its buffer (IPushProducer) -----------------------------------------------------

    def pauseProducing(self) -> None:
        """The client does not read as fast as it is answered."""
        self.full = True
        if self._phase is _STREAMING:
            self._wait(self._limits.idle_timeout_s)

    def resumeProducing(self) -> None:
        """The transport has sent what it had: go on with the next request."""
        self.full = False
        if self._stream is not None:
            self._deadline = inf
            self._stream.room()
        if self._phase is not _SENDING:
            return
        if self._last or self.listener.stopping:
            self._close(linger=bool(self._buffer))
        else:
            self._phase = _IDLE
            self._wait(self._limits.idle_timeout_s)
            self._next()

    def stopProducing(self) -> None:
        """The connection is gone; `connectionLost` is told too."""

    # -- closing ---------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """The listener stops: close now, or after the request that is being read or answered; end what goes on."""
        if self._phase is _NEW or self._phase is _IDLE:
            self._close(linger=False)
        elif self._stream is not None:
            self._stream.end()

    def abort(self) -> None:
        """Close without further ado."""
        self._phase = _CLOSING
        self._forget()
        self.transport.abortConnection()

    def _forget(self) -> None:
        self._buffer = b""
        self._body = self._head = None
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.gone()

    def _close(self, *, linger: bool) -> None:
        """Close after flushing. With `linger` the client may still be sending: closing at once would make its TCP
        throw our answer away, so only our half is closed and its bytes are ignored for a moment."""
        if self._phase is _CLOSING:
            return
        self._phase = _CLOSING
        self._forget()
        self._wait(_LINGER_S)
        self.transport.unregisterProducer()
        if linger and not ISSLTransport.providedBy(self.transport):
            self.transport.resumeProducing()  # it may be paused: whoever is not read never sees the end
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()

    def readConnectionLost(self) -> None:
        """The client has sent its last byte and may still read (RFC 9112 s9.6): answer what is whole, then close."""
        self._ended = True
        if self._phase is _CLOSING:
            self.transport.loseConnection()
        elif self._phase not in _ANSWERING or self._phase is _STREAMING:
            self._close(linger=False)

    def writeConnectionLost(self) -> None:
        """Our half is closed: `_close` did that, and its deadline ends the rest."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client is gone; requests that run go on without it."""
        self._phase = _CLOSING
        self._forget()
        self._disarm()
        self.listener.closed(self)

    def _late(self) -> None:
        """The deadline has passed."""
        if self._phase in (_CLOSING, _SENDING, _STREAMING):
            self.abort()
        elif self._phase is _NEW or self._phase is _IDLE:
            self._close(linger=False)
        else:
            what = "headers" if self._phase is _HEAD else "body"
            self.fail(Refusal.REQUEST_TIMEOUT, f"the {what} did not arrive in time", self._buffer)
