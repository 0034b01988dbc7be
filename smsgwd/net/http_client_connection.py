"""One connection of the HTTP client: one request in flight at a time, kept alive between them."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from typing import Any
from typing import Protocol as TypingProtocol

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone, TimeoutError
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    ITransport,
)
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from smsgwd.net.http_client_answer import SMALL_ANSWER, AnswerParser, BadAnswerError, whole_answer
from smsgwd.net.http_client_request import PoolKey
from smsgwd.net.http_client_tls import name_refusal
from smsgwd.net.send import send_now
from smsgwd.net.targets import Target
from smsgwd.ports.push import HttpAnswer, HttpFailure


class Exchange:
    """A request on its way to an answer. `stage` is what it waits for, in words for the error text."""

    __slots__ = (
        "answer_s",
        "arg",
        "connection",
        "deadline",
        "done",
        "key",
        "replayed",
        "sent",
        "stage",
        "target",
        "then",
        "wire",
    )

    def __init__(
        self,
        target: Target,
        key: PoolKey,
        wire: bytes,
        deadline: float,
        then: Callable[[HttpAnswer | HttpFailure, Any], None],
        arg: Any,
        answer_s: float | None = None,
    ) -> None:
        self.answer_s = answer_s  #: seconds from the first octet, where they are not those of `deadline`
        self.target = target
        self.key = key
        self.wire = wire
        self.deadline = deadline  #: monotonic seconds
        self.then = then  #: called once with the answer or the failure, and `arg`
        self.arg = arg
        self.stage = "waiting for a connection"
        self.sent = False
        self.replayed = False
        self.done = False
        self.connection: Connection | None = None


class Owner(TypingProtocol):
    """Who made a connection and is told what becomes of it."""

    most_body: int  #: bytes of an answer's body that are read

    def begun(self, exchange: Exchange) -> None:
        """An exchange with `answer_s` is being written."""

    def answered(self, connection: Connection, exchange: Exchange, answer: HttpAnswer, *, reusable: bool) -> None:
        """The exchange has its answer; the connection is free when `reusable`, else about to close."""

    def broken(self, connection: Connection, exchange: Exchange, reason: str, *, unanswered: bool) -> None:
        """No answer. `unanswered`: the peer closed a *reused* connection without one byte."""

    def closed(self, connection: Connection) -> None:
        """The socket is gone: always the last call."""


@implementer(IHandshakeListener)
class Connection(Protocol):
    """Made for its first exchange; afterwards `send` whenever it is idle."""

    def __init__(self, owner: Owner, exchange: Exchange) -> None:
        self.owner = owner
        self.target = exchange.target
        self.key = exchange.key
        self.exchange: Exchange | None = exchange
        self.idle_since = 0.0
        self.is_open = False  #: usable: connected and, with TLS, verified
        self._parser: AnswerParser | None = None  #: once the first bytes of an answer have come, and not all
        self._reused = False
        self._lost = False

    @property
    def _channel(self) -> ITransport:
        assert self.transport is not None
        return self.transport

    def connectionMade(self) -> None:
        """The socket is connected; with TLS the handshake begins."""
        if self.exchange is None:  # given up meanwhile
            self.abort()
            return
        channel: Any = self.transport
        channel.setTcpNoDelay(True)  # TLS hands it on to its own transport
        if isinstance(channel, TLSMemoryBIOProtocol):
            self.exchange.stage = "in the TLS handshake"
        else:
            self._opened()

    def handshakeCompleted(self) -> None:
        """TLS is up: nothing was sent yet, so a certificate for another host costs the tenant nothing."""
        handle = self._channel.getHandle()  # type: ignore[attr-defined]
        assert isinstance(handle, SSL.Connection)
        refusal = name_refusal(handle, self.target.host, literal=self.target.literal)
        if refusal is None:
            self._opened()
        else:
            self._break(refusal)

    def _opened(self) -> None:
        self.is_open = True
        if self.exchange is None:
            self.abort()
        else:
            self._write(self.exchange)

    def send(self, exchange: Exchange) -> None:
        """Carry another request on an idle connection."""
        self.exchange = exchange
        exchange.connection = self
        self._reused = True
        self._write(exchange)

    def _write(self, exchange: Exchange) -> None:
        exchange.stage = "waiting for the answer"
        exchange.sent = True
        if exchange.answer_s is not None:
            self.owner.begun(exchange)
        send_now(self._channel, exchange.wire)

    def dataReceived(self, data: bytes) -> None:
        """Bytes of the answer."""
        exchange = self.exchange
        if exchange is None:  # nobody asked: whatever it is must not be taken for the next answer
            self.abort()
            return
        parser = self._parser
        if parser is None:
            if len(data) <= SMALL_ANSWER:
                answer = whole_answer(data)  # the usual case: the same few bytes as before, in one read
                if answer is not None:
                    self.exchange = None
                    self.owner.answered(self, exchange, answer, reusable=True)
                    return
            parser = self._parser = AnswerParser(self.owner.most_body)
        try:
            complete = parser.feed(data)
        except BadAnswerError as error:
            self._break(f"bad answer: {error}")
            return
        if complete:
            self._finish(exchange, parser, reusable=parser.reusable)

    def _finish(self, exchange: Exchange, parser: AnswerParser, *, reusable: bool) -> None:
        self.exchange = None
        self._parser = None
        if not reusable:
            self.is_open = False
            if not self._lost:
                self.abort()
        answer = HttpAnswer(parser.status, parser.headers, parser.body)
        self.owner.answered(self, exchange, answer, reusable=reusable)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The socket is gone: the end of an answer without a length, else the end of the request."""
        opened, self.is_open = self.is_open, False
        self._lost = True
        exchange = self.exchange
        if exchange is not None:
            parser = self._parser
            if parser is not None and _clean(reason) and parser.end():
                self._finish(exchange, parser, reusable=False)
            elif not opened:
                self._break(_why(reason))
            elif parser is not None:
                self._break("closed in the middle of the answer")
            else:
                self._break("closed without an answer", unanswered=self._reused)
        self.owner.closed(self)

    def _break(self, reason: str, *, unanswered: bool = False) -> None:
        exchange, self.exchange = self.exchange, None
        self.is_open = False
        if not self._lost:
            self.abort()
        if exchange is not None:
            self.owner.broken(self, exchange, reason, unanswered=unanswered)

    def is_quiet(self) -> bool:
        """Whether an idle connection's socket has nothing to be read: else the server has closed it, or is about to,
        and we only have not looked yet."""
        channel: Any = self.transport
        if isinstance(channel, TLSMemoryBIOProtocol):
            channel = channel.transport
        try:
            channel.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except (OSError, AttributeError):  # broken; or a transport without a socket, of which nothing is known
            return False
        return False

    def abort(self) -> None:
        """Close at once, whatever is under way; the exchange is no longer ours."""
        self.exchange = None
        self.is_open = False
        if self.transport is not None:
            self._channel.abortConnection()  # type: ignore[attr-defined]


class Pool:
    """The connections to one scheme, host and port."""

    __slots__ = ("idle", "key", "size", "waiting")

    def __init__(self, key: PoolKey) -> None:
        self.key = key
        self.idle: list[Connection] = []  # the longest idle first; taken from the end
        self.size = 0  # idle, busy and being made
        self.waiting: deque[Exchange] = deque()


class ConnectionFactory(ClientFactory):
    """Hands out the one connection it was made for; `made` is called when the socket connects, `failed` when not."""

    noisy = False

    def __init__(self, connection: Connection, made: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._connection = connection
        self._made = made
        self._failed = failed

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """The connection."""
        self._made()
        return self._connection

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """The address did not take the connection, or not in time."""
        words = "timed out connecting" if isinstance(reason.value, TimeoutError) else str(reason.value)[:100]
        self._failed(words)


class TlsConnectionFactory(TLSMemoryBIOFactory):
    """The same for TLS."""

    noisy = False

    def __init__(self, creator: IOpenSSLClientConnectionCreator, factory: ConnectionFactory) -> None:
        super().__init__(creator, True, factory)


def _clean(reason: Failure) -> bool:
    """True when the peer closed in order: an answer without a length ends only so."""
    return isinstance(reason.value, ConnectionDone)


def _why(reason: Failure) -> str:
    """An error in few words, without addresses."""
    error = reason.value
    if isinstance(error, SSL.Error):
        words = error.args[0][0][-1] if error.args and error.args[0] else "closed"
        return f"TLS: {words}"
    return "closed in the TLS handshake"
