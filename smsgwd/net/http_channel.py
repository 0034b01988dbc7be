"""One HTTP/1.1 connection: the only file that knows twisted.web.

twisted.web frames requests; everything it would answer by itself (an empty 400, HTML) is answered here with a problem
document instead. Caps hold before anything is buffered, deadlines are absolute: a client that sends a byte now and
then gains nothing. Requests of one connection are answered in order, one at a time.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web import http
from zope.interface import implementer

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import HttpRequest, HttpResponse, problem
from smsgwd.net.send import send_now

if TYPE_CHECKING:
    from smsgwd.net.http_server import HttpListener

_MAX_HEADER_LINES = 100
_MAX_LENGTH_DIGITS = 18  # more cannot be meant, and int() refuses thousands of digits with an exception
_LINGER_S = 5.0
_MAX_QUERY_FIELDS = 100
_UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LINE_START = _UPPER | frozenset(b"abcdefghijklmnopqrstuvwxyz\r\n!#$%&'*+-.^_`|~0123456789")
#: The engine without its (absent) annotations: all calls into it go through this.
_engine: Any = http.HTTPChannel
_lines: Any = LineReceiver


class _Phase(Enum):
    """What a connection is doing, for its deadline."""

    NEW = "no byte yet"
    HEAD = "reading a request line and headers"
    BODY = "reading a body"
    BUSY = "a request is with its handler"
    SENDING = "an answer is larger than what the client has taken so far"
    IDLE = "between requests"
    CLOSING = "answered for the last time; input is thrown away"


class _Request(http.Request):
    """A request being read; a list of chunks instead of twisted.web's temporary file."""

    channel: Any

    def __init__(self, channel: HttpChannel, queued: object = False) -> None:
        super().__init__(channel, False)
        self._chunks: list[bytes] = []
        self._size = 0

    def parseCookies(self) -> None:
        """Cookies mean nothing here."""

    def gotLength(self, length: int | None) -> None:
        """The length was checked when the headers ended."""

    def handleContentChunk(self, data: bytes) -> None:
        """Count and keep a piece of the body."""
        channel = self.channel
        if channel is None or channel.closing:
            return
        self._size += len(data)
        if self._size > channel.listener.limits.max_body:
            channel.fail(Refusal.TOO_LARGE, f"the body has more than {channel.listener.limits.max_body} bytes")
            self._chunks.clear()
            return
        self._chunks.append(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is whole."""
        self.method, self.uri, self.clientproto = command, path, version
        self.channel.whole(self, b"".join(self._chunks))


@implementer(IHalfCloseableProtocol)
class HttpChannel(http.HTTPChannel):
    """A connection of an HttpListener."""

    requestFactory: Any = _Request
    timeOut = None  # twisted.web's own timer is renewed by every byte; ours is not
    maxHeaders = 1 << 30  # counted here, for a better answer
    totalHeadersSize = 1 << 30
    transport: Any
    _networkProducer: Any
    _buffer: bytes
    requests: list[_Request]
    persistent: bool | int
    _waitingForTransport: bool
    _handlingRequest: bool
    _host: IAddress
    _peer: IAddress

    def __init__(self, listener: HttpListener, network: str = "") -> None:
        """`network` is the client's, as connections are counted."""
        _engine.__init__(self)
        self.listener = listener
        self.network = network
        self.closing = False
        self.MAX_LENGTH = listener.limits.max_headers
        self._phase: _Phase = _Phase.NEW
        self._deadline: float | None = None
        self._timer: IDelayedCall | None = None
        self._head_size = 0
        self._head_lines = 0
        self._unsent: _Request | None = None  # answered, but the client has not read enough of the answer yet

    # -- reading ---------------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """A client has connected."""
        self._host, self._peer = self.transport.getHost(), self.transport.getPeer()
        _engine.connectionMade(self)
        self.listener.opened(self)
        self._wait(self.listener.limits.header_timeout_s)

    def getHost(self) -> IAddress:
        """Our address: asked once, since the engine asks at every request and it is a system call."""
        return self._host

    def getPeer(self) -> IAddress:
        """The client's address, asked once."""
        return self._peer

    def dataReceived(self, data: bytes) -> None:
        """Bytes of a request, or of several."""
        if self.closing:
            return
        if self._busyReceiving:  # the engine hands itself what came behind a request: the outer call goes on with it
            _lines.dataReceived(self, data)
            return
        if self._phase in (_Phase.NEW, _Phase.IDLE):
            self._enter(_Phase.HEAD)
        _lines.dataReceived(self, data)
        self._look()

    def _look(self) -> None:
        """Everything that could be taken has been taken: what is this connection waiting for now?"""
        if self.closing:
            return
        if self._handlingRequest:
            self._enter(_Phase.BUSY if self._unsent is None else _Phase.SENDING)
        elif not self.line_mode:
            self._enter(_Phase.BODY)
        elif self._buffer or self._head_lines:
            self._enter(_Phase.HEAD)
            if b"\n" in self._buffer:  # all CR LF are consumed: lines ending in LF alone would wait for ever
                self.fail(Refusal.MALFORMED, "lines must end in CR LF")
            elif not self._head_lines and self._buffer[0] not in _LINE_START:
                self.fail(Refusal.MALFORMED, "this is no HTTP request")
        else:
            self._enter(_Phase.IDLE)

    def lineReceived(self, line: bytes) -> None:
        """A line of the request line and headers."""
        if self.closing:
            return
        self._head_size += len(line) + 2
        self._head_lines += bool(line)
        if self._head_size > self.listener.limits.max_headers or self._head_lines > _MAX_HEADER_LINES:
            self.fail(Refusal.HEADERS_TOO_LARGE, self._header_limits())
            return
        _engine.lineReceived(self, line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line longer than the cap, complete or not."""
        self.fail(Refusal.HEADERS_TOO_LARGE, self._header_limits())

    def rawDataReceived(self, data: bytes) -> None:
        """A piece of the body, or of later requests."""
        if not self.closing:
            _engine.rawDataReceived(self, data)

    def allHeadersReceived(self) -> None:
        """The headers are whole: refuse now what must not be read on."""
        headers = self.requests[-1].requestHeaders
        length: int | None = self.length
        if self._version == b"HTTP/1.1":
            if len(headers.getRawHeaders(b"Host") or ()) != 1:
                self.fail(Refusal.MALFORMED, "HTTP/1.1 needs exactly one Host header")
        elif headers.hasHeader(b"Transfer-Encoding"):
            self.fail(Refusal.MALFORMED, "HTTP/1.0 has no Transfer-Encoding")
        if length is not None and length > self.listener.limits.max_body:
            self.fail(Refusal.TOO_LARGE, f"the body has more than {self.listener.limits.max_body} bytes")
        if not self.closing:
            _engine.allHeadersReceived(self)

    def checkPersistence(self, request: http.Request, version: bytes) -> bool:
        """True when the connection stays open after this request."""
        options = b",".join(request.requestHeaders.getRawHeaders(b"Connection") or ()).lower().split(b",")
        return version == b"HTTP/1.1" and b"close" not in {option.strip() for option in options}

    def allContentReceived(self) -> None:
        """The request is whole."""
        if self.closing:
            return
        self._head_size = self._head_lines = 0
        self._enter(_Phase.BUSY)
        _engine.allContentReceived(self)

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        if header == b"Content-Length" and len(data) > _MAX_LENGTH_DIGITS:
            self.fail(Refusal.TOO_LARGE, f"the body has more than {self.listener.limits.max_body} bytes")
            return False
        if header == b"Transfer-Encoding" and data.lower() != b"chunked":
            self.fail(Refusal.MALFORMED, "the only Transfer-Encoding taken is chunked")
            return False
        return bool(_engine._maybeChooseTransferDecoder(self, header, data))

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.fail(Refusal.MALFORMED, "the request line, a header or a chunk is malformed")

    def _header_limits(self) -> str:
        limit = self.listener.limits.max_headers
        return f"the request line and headers have more than {limit} bytes or {_MAX_HEADER_LINES} lines"

    # -- answering -------------------------------------------------------------------------------------------------

    def whole(self, request: _Request, body: bytes) -> None:
        """Hand a request to the handler and its answer to the client."""
        started = self.listener.reactor.seconds()
        try:
            parsed = self._parsed(request, body)
        except ValueError as error:
            self._answer(problem(Refusal.MALFORMED, str(error)), request, started)
            return
        result = self.listener.respond(parsed)
        if isinstance(result, Deferred):
            result.addCallback(self._answer, request, started)
        else:
            self._answer(result, request, started)

    def _parsed(self, request: _Request, body: bytes) -> HttpRequest:
        """What handlers see. Raises ValueError saying what is wrong with the target."""
        target = request.uri.decode("latin-1")
        if target[:7].lower() == "http://" or target[:8].lower() == "https://":  # RFC 9112 s3.2.2: servers must take it
            slash = target.find("/", 8)
            target = target[slash:] if slash > 0 else "/"
        path, _, query = target.partition("?")
        try:
            fields = parse_qsl(
                query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS, strict_parsing=False
            )
        except UnicodeDecodeError:
            raise ValueError("the query is not UTF-8") from None
        except ValueError:
            raise ValueError(f"the query has more than {_MAX_QUERY_FIELDS} fields") from None
        headers = {
            name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        peer = getattr(self._peer, "host", "")
        address = self.listener.client(peer, headers)
        return HttpRequest(request.method.decode("ascii"), path, fields, headers, body, address)

    def _answer(self, response: HttpResponse, request: _Request, started: float) -> None:
        """Write the answer, unless the client has left meanwhile."""
        self.listener.answered(response, self.listener.reactor.seconds() - started)
        if request.channel is None:
            return
        if self.listener.stopping:
            self.persistent = False
        self._write(response, close=not self.persistent, head=request.method == b"HEAD")
        if self._waitingForTransport:
            # A client that asks and never reads would else be answered into memory, request upon request.
            self._unsent = request
            self._enter(_Phase.SENDING)
        else:
            self.requestDone(request)

    def resumeProducing(self) -> None:
        """The transport has sent what it had: go on with the next request."""
        _engine.resumeProducing(self)
        request, self._unsent = self._unsent, None
        if request is not None and not self.closing:
            if self.listener.stopping:
                self.persistent = False
            self.requestDone(request)

    def requestDone(self, request: _Request) -> None:
        """The answer is written: go on with what the client has sent meanwhile."""
        request.channel = None
        self._enter(_Phase.IDLE)
        _engine.requestDone(self, request)

    def fail(self, refusal: Refusal, detail: str) -> None:
        """Answer a fault of the protocol and give the connection up."""
        if self.closing:
            return
        response = problem(refusal, detail)
        self.listener.answered(response, 0.0)
        self._write(response, close=True, head=False)
        self._close(linger=True)

    def _write(self, response: HttpResponse, *, close: bool, head: bool) -> None:
        send_now(self.transport, self.listener.encode(response, close=close, head=head))

    # -- closing ---------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """The listener stops: close now, or after the request that is being read or answered."""
        if self._phase in (_Phase.NEW, _Phase.IDLE):
            self._close(linger=False)

    def abort(self) -> None:
        """Close without further ado."""
        self.closing = True
        self.transport.abortConnection()

    def loseConnection(self) -> None:
        """Close after what was written (called by the engine after an answer with `Connection: close`)."""
        self._close(linger=bool(self._dataBuffer))

    def _close(self, *, linger: bool) -> None:
        """Close after flushing. With `linger` the client may still be sending: closing at once would make its TCP
        throw our answer away, so only our half is closed and its bytes are ignored for a moment."""
        if self.closing:
            return
        self.closing = True
        self._buffer = b""
        self._dataBuffer = []
        self._phase = _Phase.CLOSING
        self._wait(_LINGER_S)
        self._networkProducer.unregisterProducer()
        if linger and not ISSLTransport.providedBy(self.transport):
            self.transport.resumeProducing()  # it may be paused: whoever is not read never sees the end
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()

    def readConnectionLost(self) -> None:
        """The client has sent its last byte and may still read (RFC 9112 s9.6): answer what is whole, then close."""
        if self._handlingRequest and not self.closing:
            self.persistent = False
        elif self._phase is not _Phase.CLOSING:
            self._close(linger=False)
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our half is closed: `_close` did that, and its deadline ends the rest."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client is gone; requests that run go on without it."""
        self.closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        _engine.connectionLost(self, reason)
        self.listener.closed(self)

    # -- deadlines -------------------------------------------------------------------------------------------------

    def _enter(self, phase: _Phase) -> None:
        if phase is self._phase or self.closing:
            return
        self._phase = phase
        limits = self.listener.limits
        if phase is _Phase.BUSY:
            self._deadline = None
        elif phase in (_Phase.IDLE, _Phase.SENDING):
            self._wait(limits.idle_timeout_s)
        elif phase is _Phase.BODY:
            self._wait(limits.body_timeout_s)
        else:
            self._wait(limits.header_timeout_s)

    def _wait(self, seconds: float) -> None:
        """Set the deadline; the timer is only moved when it would fire too late."""
        self._deadline = self.listener.reactor.seconds() + seconds
        if self._timer is None:
            self._timer = self.listener.reactor.callLater(seconds, self._due)
        elif self._timer.getTime() > self._deadline:
            self._timer.reset(seconds)

    def _due(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        left = self._deadline - self.listener.reactor.seconds()
        if left > 0:
            self._timer = self.listener.reactor.callLater(left, self._due)
        elif self._phase in (_Phase.CLOSING, _Phase.SENDING):
            self.abort()
        elif self._phase in (_Phase.NEW, _Phase.IDLE):
            self._close(linger=False)
        else:
            what = "headers" if self._phase is _Phase.HEAD else "body"
            self.fail(Refusal.REQUEST_TIMEOUT, f"the {what} did not arrive in time")
