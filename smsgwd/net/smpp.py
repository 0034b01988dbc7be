"""The Twisted shell around `smpp.Session`: sockets and timers outside, the protocol inside. One class for both roles.

Promises: an owner is told of a connection's end exactly once, with every unanswered request; a transport gets at most
one write a reactor turn; a session has one timer, whatever it waits for; what a peer does not read is bounded: requests
by the window, answers by not reading on. Cost: no Deferred and no closure a PDU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLClientConnectionCreator,
    IPushProducer,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from smsgwd.net.send import send_now
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import UNTAPPED, Link, Wiretap
from smsgwd.ports.clock import Clock
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import VERSION_3_4
from smsgwd.smpp.events import Closed, Event
from smsgwd.smpp.pdu import Bind, Outbind, Pdu
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role
from smsgwd.smpp.tlv import Tlvs

_LEAST_S = 0.001  # a deadline that rounding puts a hair before what is due must not make the reactor spin
_LINGER_S = 5.0  # how long a closed connection may take to write what it holds
_UNREAD_S = 60.0  # how long a peer may read nothing, where the session sets no time to answer
_MAX_READ_WHILE_BLOCKED = 1 << 17  # octets read from a peer that does not read our answers to them

_BY_OWNER = 1
_BY_PEER = 2


class Owner(Protocol):
    """Who a connection reports to: plain calls, on the reactor's thread.

    An owner that has a method `writable(connection)` is told there when a peer that did not read reads again.
    """

    def connected(self, connection: SmppConnection) -> None:
        """The transport is there (with TLS: before its handshake). An ESME binds now."""
        ...

    def received(self, connection: SmppConnection, events: list[Event]) -> None:
        """What one read, or one tick of the timer, brought. Never empty."""
        ...

    def disconnected(self, connection: SmppConnection, events: list[Event], reason: str) -> None:
        """The transport is gone: once, the last call. `events` ends with a Lost that has the unanswered requests."""
        ...


@implementer(IPushProducer)
class SmppConnection(TwistedProtocol):
    """One connection with its session. `session` may be looked at; what changes it goes through the methods here."""

    session: Session  #: from `connected` on

    def __init__(
        self,
        role: Role,
        config: SessionConfig,
        owner: Owner,
        *,
        reactor: IReactorTime,
        clock: Clock,
        turn: Turn,
        tap: Wiretap = UNTAPPED,
        link: Link | None = None,
    ) -> None:
        """`link` says to those who look through `tap` which connection this is."""
        self.peer = ""  #: 'host:port' for logs
        self.link = link or Link()
        self._tap = tap
        self._on_writable: Callable[[SmppConnection], None] | None = getattr(owner, "writable", None)
        self._role = role
        self._config = config
        self._owner = owner
        self._reactor = reactor
        self._monotonic = clock.monotonic
        self._turn = turn
        self._timer: IDelayedCall | None = None
        self._timer_at = 0.0
        self._flushing = False
        self._blocked = False  # the transport holds all it wants to
        self._blocked_at = 0.0
        self._read_while_blocked = 0
        self._not_reading = 0
        self._closing = False
        self._lost = False
        self._why = ""

    # ------------------------------------------------------------------ what the owner calls
    def request(self, pdu: Pdu, context: Any = None) -> int:
        """Send a request, at the end of the turn; see `Session.request`. Raises NotBound, WindowFull, EncodeError."""
        sequence = self.session.request(pdu, self._monotonic(), context)
        if not self._flushing:
            self._flush_soon()
        return sequence

    def request_many(self, pdus: Sequence[Pdu], contexts: Sequence[Any]) -> None:
        """Send requests of one kind, all or none; see `Session.request_many`. Raises as `request`."""
        self.session.request_many(pdus, self._monotonic(), contexts)
        if not self._flushing:
            self._flush_soon()

    def respond(self, pdu: Pdu) -> bool:
        """Answer a request, at the end of the turn; see `Session.respond`. Raises EncodeError."""
        alive = self.session.respond(pdu, self._monotonic())
        if not self._flushing:
            self._flush_soon()
        return alive

    def respond_many(self, command_id: int, answers: Sequence[tuple[int, int, bytes]], tlvs: Tlvs = ()) -> bool:
        """Answer several requests of one kind, (sequence, status, message_id) each; see `Session.respond_many`."""
        alive = self.session.respond_many(command_id, answers, self._monotonic(), tlvs)
        if not self._flushing:
            self._flush_soon()
        return alive

    def bind(self, pdu: Bind) -> None:
        """ESME role: bind. Raises NotBound when out of order."""
        self.session.bind(pdu, self._monotonic())
        self._flush_soon()

    def accept_bind(
        self, pdu: Bind, system_id: bytes = b"", *, version: int = VERSION_3_4, window: int = 0
    ) -> list[Event]:
        """SMSC role: accept a BindRequest; [Bound], or [] when the session is over. See `Session.accept_bind`."""
        events = self.session.accept_bind(pdu, self._monotonic(), system_id, version, window)
        self._flush_soon()
        return events

    def reject_bind(self, pdu: Bind, status: int) -> None:
        """SMSC role: refuse a BindRequest and close."""
        self._finish(self.session.reject_bind(pdu, status, self._monotonic()))
        self._flush_soon()

    def outbind(self, pdu: Outbind) -> None:
        """SMSC role: ask the ESME to bind. Raises NotBound when out of order."""
        self.session.outbind(pdu, self._monotonic())
        self._flush_soon()

    def unbind(self, drain: float | None = None) -> None:
        """Leave in order: no new requests, answers are waited for, unbind, then close. See `Session.unbind`."""
        self.session.unbind(self._monotonic(), drain)
        self._flush_soon()

    def close(self, reason: str) -> None:
        """Write what is waiting, then close; a peer that does not take it is cut off after 5 s."""
        if self._closing or self._lost:
            return
        self._closing = True
        self._why = self._why or reason
        self._blocked = False  # the transport takes it, and the linger time bounds how long it keeps it
        self._flush()
        transport = self._transport
        transport.unregisterProducer()
        transport.loseConnection()
        self._stop_timer()
        self._timer = self._reactor.callLater(_LINGER_S, self.abort, reason)

    def abort(self, reason: str) -> None:
        """Close at once, whatever is waiting to be written."""
        if self._lost:
            return
        self._closing = True
        self._why = self._why or reason
        self._stop_timer()
        self._transport.abortConnection()

    def set_window(self, limit: int) -> None:
        """Another limit of unanswered requests, from now on; see `Session.set_window`."""
        self.session.set_window(limit)

    def pause_reading(self) -> None:
        """Read nothing more until `resume_reading`: the owner has enough to do."""
        self._stop_reading(_BY_OWNER)

    def resume_reading(self) -> None:
        """Read again."""
        self._start_reading(_BY_OWNER)

    @property
    def writable(self) -> bool:
        """False while the peer does not read what was written: new requests would only wait here."""
        return not (self._blocked or self._closing or self._lost)

    def unread(self) -> bytes:
        """Octets of a PDU of the peer's that is not whole yet."""
        return self.session.unread

    # ------------------------------------------------------------------ what the transport calls
    def connectionMade(self) -> None:
        """See IProtocol."""
        transport = self._transport
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        address = transport.getPeer()
        if isinstance(address, IPv4Address | IPv6Address):
            self.peer = f"{address.host}:{address.port}"
            self.link.theirs = (address.host, address.port)
        own = transport.getHost()
        if isinstance(own, IPv4Address | IPv6Address):
            self.link.ours = (own.host, own.port)
        self.session = Session(self._role, self._config, self._monotonic())
        transport.registerProducer(self, True)
        self._owner.connected(self)
        self._flush_soon()

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        if self._closing:
            return
        if self._blocked:
            self._read_while_blocked += len(data)
            if self._read_while_blocked > _MAX_READ_WHILE_BLOCKED:
                self._stop_reading(_BY_PEER)
        if self._tap.on:
            self._tap.read(self, data)
        session = self.session
        self._report(session.receive(data, self._monotonic()))
        if not self._flushing and session.stirred:  # nothing to write and no timer to set: nearly all answers (2 us)
            self._flush_soon()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See IProtocol."""
        if self._lost:
            return
        self._lost = self._closing = True
        self._stop_timer()
        self._tap.gone(self)
        self._owner.disconnected(self, self.session.connection_lost(self._monotonic()), self._why or why(reason))

    def pauseProducing(self) -> None:
        """See IPushProducer: the transport's buffer is full."""
        self._blocked = True
        self._blocked_at = self._monotonic()
        self._read_while_blocked = 0

    def resumeProducing(self) -> None:
        """See IPushProducer: the peer has read."""
        self._blocked = False
        self._start_reading(_BY_PEER)
        self._flush_soon()
        if self._on_writable is not None:
            self._on_writable(self)

    def stopProducing(self) -> None:
        """See IPushProducer: connectionLost follows."""
        self._blocked = True

    # ------------------------------------------------------------------ inside
    @property
    def _transport(self) -> Any:  # TCP or TLS: an ITCPTransport that is an IConsumer and an IPushProducer too
        return self.transport

    def _report(self, events: list[Event]) -> None:
        if events:
            self._owner.received(self, events)
            self._finish(events)

    def _finish(self, events: list[Event]) -> None:
        """Close the transport when the session is over."""
        if events:
            last = events[-1]
            if isinstance(last, Closed):
                if last.abort:
                    self.abort(last.reason)
                else:
                    self.close(last.reason)

    def _flush_soon(self) -> None:
        if not self._flushing and not self._lost:
            self._flushing = True
            self._turn.add(self._flush)

    def _flush(self) -> None:
        """Write what the session has, once, unless the peer does not read; see to the timer."""
        self._flushing = False
        if self._lost:
            return
        if not self._blocked:
            data = self.session.data_to_send(self._monotonic())
            if data:
                if self._tap.on:
                    self._tap.wrote(self, data)
                send_now(self._transport, data)
        if not self._closing:
            self._set_timer()

    def _set_timer(self) -> None:
        """Be awake when the session wants it. A timer that is too early finds nothing to do and is set anew."""
        at = self.session.wake_at()
        if at is None:
            return
        if self._timer is None:
            self._timer_at = at
            self._timer = self._reactor.callLater(max(_LEAST_S, at - self._monotonic()), self._tick)
        elif at < self._timer_at:
            self._timer_at = at
            self._timer.reset(max(_LEAST_S, at - self._monotonic()))

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _tick(self) -> None:
        self._timer = None
        now = self._monotonic()
        if self._blocked and now - self._blocked_at >= (self._config.response or _UNREAD_S):
            # Whatever it sends, it takes nothing: what waits here for it would wait for ever.
            self.abort("the peer does not read")
            return
        if self._not_reading:
            self.session.deaf(now)
        self._report(self.session.tick(now))
        self._flush_soon()

    def _stop_reading(self, cause: int) -> None:
        if not self._not_reading and not self._lost:
            self._transport.pauseProducing()
        self._not_reading |= cause

    def _start_reading(self, cause: int) -> None:
        if self._not_reading & cause:
            self._not_reading &= ~cause
            if not self._not_reading and not self._lost:
                self.session.deaf(self._monotonic())
                self._transport.resumeProducing()


def why(reason: Failure) -> str:
    """A connection's end in words for operators, without a traceback."""
    error = reason.value
    if isinstance(error, ConnectionDone):
        return "closed by the peer"
    if isinstance(error, ConnectionLost):
        return "connection lost"
    if isinstance(error, SSL.Error):
        details = [str(part[-1]) for part in error.args[0] if part] if error.args and error.args[0] else []
        return "TLS: " + (", ".join(details) or "the connection was cut off")
    if isinstance(error, VerificationError):
        return "TLS: the certificate is for another name"
    return str(error) or type(error).__name__


def connect(
    reactor: IReactorTCP,
    host: str,
    port: int,
    connection: SmppConnection,
    *,
    tls: IOpenSSLClientConnectionCreator | None = None,
    timeout: float = 10.0,
) -> Deferred[object]:
    """Connect to a name or an address; `timeout` seconds for resolving and TCP together.

    Fails when there is no connection; cancelling gives up, then `connection` hears nothing. What happens after that,
    TLS included, is told to the connection's owner.
    """
    endpoint: Any = HostnameEndpoint(reactor, host, port, timeout)
    if tls is not None:
        endpoint = wrapClientTLS(tls, endpoint)
    attempt: Deferred[object] = endpoint.connect(Factory.forProtocol(lambda: connection))
    return attempt.addTimeout(timeout, cast("IReactorTime", reactor))
