"""An HTTP/1.1 server for handlers that know no engine: `HttpRequest` in, `HttpResponse` or a Deferred of one out.

Promises: caps and deadlines of `HttpLimits` hold for every connection; every fault is answered with a problem document
where an answer is possible; a handler's exception is a 500 with an incident id that is in the log too, never a
traceback on the wire; a client that leaves stops nothing that runs.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IListeningPort
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from smsgwd.model.refusals import Refusal
from smsgwd.net.http_address import Network, client_address, is_trusted, network_of
from smsgwd.net.http_channel import HttpChannel
from smsgwd.net.http_message import Handler, HttpRequest, HttpResponse, Later, Observer, Refuser, problem
from smsgwd.net.listening import adopt_tcp, listen_tcp, over_tls
from smsgwd.net.unix_peer import UnixPeer

_log = Logger()
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


@lru_cache(maxsize=512)  # composing one takes 2 us; the answers of a second are alike but for their bodies
def _head(status: int, headers: tuple[tuple[str, str], ...], length: int, close: bool, date: str) -> bytes:
    """Status line and headers of an answer, with the empty line after them; `length` -1 is not told."""
    lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} Unknown"]
    # A line break in a value would be an answer of the attacker's making.
    lines += [f"{name}: {value}".replace("\r", " ").replace("\n", " ") for name, value in headers]
    lines.append(f"Date: {date}")
    if status not in _BODILESS and length >= 0:
        lines.append(f"Content-Length: {length}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


class HttpLimits(msgspec.Struct, frozen=True):
    """What one client may take. Sizes in bytes, times in seconds."""

    max_body: int = 1024 * 1024
    max_headers: int = 16 * 1024  #: request line and headers together
    header_timeout_s: float = 10.0  #: from the first byte of a request (or the connect) to the end of its headers
    body_timeout_s: float = 30.0
    idle_timeout_s: float = 60.0  #: between requests of a kept-alive connection
    #: A quarter of them at most for one address, which else could keep everybody out. Of a unix socket a quarter for
    #: one user and half for all together, but for root and the user of this process.
    max_connections: int = 4096


class HttpListener(ServerFactory):
    """A server on any number of addresses, with one handler."""

    noisy = False

    def __init__(
        self,
        reactor: Any,
        handler: Handler,
        limits: HttpLimits | None = None,
        *,
        trusted_proxies: tuple[Network, ...] = (),
        observer: Observer | None = None,
        tls: Any = None,
        refuse: Refuser | None = None,
        max_body_of: Callable[[UnixPeer | None], int] | None = None,
    ) -> None:
        """`tls` = a context factory (net.tls.server_options) or None; `trusted_proxies` see `http_address`; `refuse`
        tells what the engine refuses, where problem documents are not understood; `max_body_of` is asked about who
        connects to a unix socket, and takes the place of the limit."""
        self.reactor = reactor
        self.limits = limits or HttpLimits()
        self.stopping = False
        self._handler = handler
        self._trusted = trusted_proxies
        self._observer = observer
        self._tls = tls
        self._refuse = refuse
        self._max_body_of = max_body_of
        self._ports: list[IListeningPort] = []
        self._channels: set[HttpChannel] = set()
        self._by_address: Counter[str] = Counter()
        self._users: dict[HttpChannel, int] = {}  # who may be kept out, by connection
        self._emptied: Deferred[None] | None = None
        self._second, self._date = -1, ""

    # -- life ------------------------------------------------------------------------------------------------------

    def listen(self, host: str, port: int, *, shared: bool = False) -> int:
        """Accept connections at an address; returns the port (the one chosen when `port` is 0). `shared`: see
        `net.listening.listen_tcp`.

        Raises twisted.internet.error.CannotListenError.
        """
        listening = listen_tcp(self.reactor, host, port, over_tls(self, self._tls), shared=shared)
        self._ports.append(listening)
        return int(getattr(listening.getHost(), "port", port))

    def adopt(self, fd: int, family: int, yields: Callable[[], bool] = lambda: False) -> None:
        """Accept connections at a socket that listens already, on which other processes may accept too.

        `fd` (not blocking) is duplicated: the caller closes its own. `family`: socket.AF_INET or AF_INET6. `yields`
        says, when somebody connects, whether another process should go first. Raises OSError when it is no socket.
        """
        self._ports.append(adopt_tcp(self.reactor, fd, family, over_tls(self, self._tls), yields))

    def stop(self, limit_s: float = 10.0) -> Deferred[None]:
        """Accept nothing more, answer what was taken, close what is idle. Fires when all are closed.

        Connections still open after `limit_s` seconds are aborted.
        """
        self.stopping = True
        waits: list[Deferred[Any]] = [maybeDeferred(port.stopListening) for port in self._ports]
        self._ports = []
        if self._channels:
            emptied: Deferred[None] = Deferred()
            self._emptied = emptied
            waits.append(emptied)
            late: IDelayedCall = self.reactor.callLater(limit_s, self._abort_all)
            emptied.addBoth(lambda _: late.cancel() if late.active() else None)
            for channel in tuple(self._channels):
                channel.drain()
        return DeferredList(waits).addCallback(lambda _: None)

    def _abort_all(self) -> None:
        for channel in tuple(self._channels):
            channel.abort()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._channels)

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """A connection, or None (closed at once) when there are too many, of all or of this address."""
        if self.stopping or len(self._channels) >= self.limits.max_connections:
            return None
        network = network_of(getattr(addr, "host", ""))
        if self._by_address[network] >= max(1, self.limits.max_connections // 4) and not self._is_proxy(addr):
            return None
        return HttpChannel(self, network)

    def _is_proxy(self, addr: IAddress | None) -> bool:
        """True for those who bring the connections of many: trusted proxies, and whoever may use a unix socket."""
        host = getattr(addr, "host", None)
        return host is None or is_trusted(host, self._trusted)

    def opened(self, channel: HttpChannel, user: UnixPeer | None = None) -> bool:
        """A connection was made, by a user where that is known; False where there are too many of him."""
        self._channels.add(channel)
        self._by_address[channel.network] += 1
        if user is None or user.uid in (0, os.geteuid()):
            return True
        self._users[channel] = user.uid
        most, his = self.limits.max_connections, sum(uid == user.uid for uid in self._users.values())
        return his <= max(1, most // 4) and len(self._users) <= max(1, most // 2)

    def max_body_of(self, user: UnixPeer | None) -> int:
        """The largest body of a request over a unix socket."""
        return self.limits.max_body if self._max_body_of is None else self._max_body_of(user)

    def closed(self, channel: HttpChannel) -> None:
        """A connection is gone."""
        if channel in self._channels:
            self._channels.remove(channel)
            self._users.pop(channel, None)
            self._by_address[channel.network] -= 1
            if not self._by_address[channel.network]:
                del self._by_address[channel.network]
        if not self._channels and self._emptied is not None:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    # -- requests --------------------------------------------------------------------------------------------------

    def client(self, peer: str, headers: Mapping[str, str]) -> str:
        """The client's address, by the peer's and what trusted proxies say."""
        if not self._trusted:
            return peer
        return client_address(peer, headers.get("x-forwarded-for", ""), self._trusted)

    def respond(self, request: HttpRequest) -> HttpResponse | Later | Deferred[HttpResponse]:
        """The handler's answer; a failure of the handler becomes a 500 with an incident id."""
        try:
            result = self._handler(request)
        except Exception:
            return self._internal(Failure(), request)  # type: ignore[no-untyped-call]
        if isinstance(result, Deferred):
            result.addErrback(self._internal, request)
        return result

    def refusal(self, seen: tuple[str, str, Mapping[str, str]] | None, refusal: Refusal, detail: str) -> HttpResponse:
        """The answer to what the engine refuses; `seen`: method, path and headers, where they were read."""
        if seen is not None and self._refuse is not None:
            told = self._refuse(*seen, refusal, detail)
            if told is not None:
                return told
        return problem(refusal, detail)

    def answered(self, response: HttpResponse, seconds: float) -> None:
        """Tell the observer."""
        if self._observer is not None:
            self._observer(response.route, response.status, seconds)

    def encode(self, response: HttpResponse, *, close: bool, head: bool, whole: bool = True) -> bytes:
        """The bytes of an answer; `head` leaves out the body but not its length (RFC 9110 s9.3.2). One that is not
        `whole` has no length: the end of the connection ends it (RFC 9112 s6.3)."""
        second = int(time.time())  # the reactor's seconds need not be the wall clock's
        if second != self._second:
            self._second, self._date = second, formatdate(second, usegmt=True)
        body = response.body
        top = _head(response.status, response.headers, len(body) if whole else -1, close, self._date)
        return top if head or response.status in _BODILESS else top + body

    def _internal(self, failure: Failure, request: HttpRequest) -> HttpResponse:
        incident = secrets.token_hex(8)
        _log.failure(
            "request failed: {method} {path} incident {incident}",
            failure,
            method=request.method,
            path=request.path,
            incident=incident,
        )
        return problem(Refusal.INTERNAL, f"incident {incident}", incident=incident)
