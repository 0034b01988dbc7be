"""A lean HTTP/1.1 client for pushes: keep-alive, no redirects, bounded answers, no private targets unless allowed.

Made for very many small POSTs to few hosts (implements `ports.HttpClient`). One request is in flight a connection. The
deadline of a request covers everything: waiting for a connection, the name's lookup, connecting, TLS, the answer.

A request that was written on a *reused* connection which then closes without one byte of answer is sent once more, on
a new connection: servers close idle connections at any moment, and pushes carry an id by which a tenant finds a
duplicate (RFC 9110 s9.2.2 would forbid it for a POST without one). Nothing else is repeated here.

Redirects are not followed: a 3xx is an answer like another, so a target cannot lead the client elsewhere.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.net.http_client_connection import Connection, ConnectionFactory, Exchange, TlsConnectionFactory
from smsgwd.net.http_client_dns import Lookup, Resolver, SystemLookup
from smsgwd.net.http_client_tls import ClientTls
from smsgwd.net.targets import Target, parse_target, refusal_of
from smsgwd.ports.push import HttpAnswer, HttpFailure

_IDLE_S = 30.0
_MOST_IDLE = 256  # of all hosts: file descriptors are few, hosts may be many
_TICK_S = 0.25
_MOST_ADDRESSES = 4
_METHOD = re.compile(r"[A-Z]{3,10}")
_QUERY = re.compile(r"[A-Za-z0-9._~%=&+-]+")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"))


@lru_cache(maxsize=256)
def _allowed(name: str) -> bool:
    """True for a header name that a caller may set."""
    return name.lower() not in _OURS and _FIELD_NAME.fullmatch(name) is not None


_PoolKey = tuple[str, str, int]


class BadRequest(HttpFailure):
    """The request can never be made as it is: the URL or a header is malformed."""


class TargetRefused(HttpFailure):
    """The target's addresses are not public ones."""


class _Pool:
    """The connections to one scheme, host and port."""

    __slots__ = ("idle", "size", "waiting")

    def __init__(self) -> None:
        self.idle: list[Connection] = []  # the longest idle first; taken from the end
        self.size = 0  # idle, busy and being made
        self.waiting: deque[Exchange] = deque()


class LeanHttpClient:
    """`max_connections_per_host` bounds the connections to one scheme, host and port; requests above it wait in order.

    `lookup` replaces the system's resolver, `trust_root` the system's authorities (tests; private CAs).
    """

    def __init__(
        self,
        reactor: Any,
        *,
        allow_private_targets: bool = False,
        max_connections_per_host: int = 256,
        user_agent: str = "smsgwd",
        lookup: Lookup | None = None,
        trust_root: Any = None,
    ) -> None:
        self._reactor = reactor
        self._allow_private = allow_private_targets
        self._max = max_connections_per_host
        self._agent = user_agent
        self._system = SystemLookup(reactor)
        self._resolver = Resolver(reactor, lookup or self._system)
        self._tls = ClientTls(trust_root)
        self._pools: dict[_PoolKey, _Pool] = {}
        self._active: set[Exchange] = set()
        self._open: set[Connection] = set()
        self._idle: dict[Connection, bool] = {}  # all of the pools' idle ones, the longest idle first
        self._connectors: dict[Exchange, Any] = {}
        self._tick: IDelayedCall | None = None
        self._closing: Deferred[None] | None = None

    @property
    def connections(self) -> int:
        """Connections that exist now, idle ones included."""
        return len(self._open)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Deferred[HttpAnswer]:
        """POST a body; fires with the answer whatever its status, fails with HttpFailure."""
        return self.request("POST", url, headers, body, timeout_s)

    def get(self, url: str, query: str, headers: Mapping[str, str], timeout_s: float) -> Deferred[HttpAnswer]:
        """GET with an encoded query behind that of the URL, where there is one; it does not count to MAX_URL."""
        return self.request("GET", url, headers, b"", timeout_s, query)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float, query: str = ""
    ) -> Deferred[HttpAnswer]:
        """Any method but CONNECT and HEAD; `timeout_s` for everything together.

        Fails with BadRequest (malformed URL or header), TargetRefused, or HttpFailure. Cancelling gives the
        connection up.
        """
        if self._closing is not None:
            return fail(HttpFailure("the client is closed", sent=False))
        try:
            target = parse_target(url)
            wire = self._wire(method, target, headers, body, query)
        except ValueError as error:
            return fail(BadRequest(f"bad request: {error}", sent=False))
        exchange = Exchange(target, wire, self._reactor.seconds() + timeout_s, self._cancelled)
        self._active.add(exchange)
        if self._tick is None:
            self._tick = self._reactor.callLater(_TICK_S, self._on_tick)
        self._begin(exchange)
        return exchange.deferred

    def close(self) -> Deferred[None]:
        """Give up what is under way and close every connection; fires when all sockets are gone."""
        if self._closing is None:
            self._closing = Deferred()
            self._system.close()
            for exchange in list(self._active):
                self._give_up(exchange, HttpFailure("the client is closed", sent=exchange.sent))
            for connection in list(self._open):
                connection.abort()
            if self._tick is not None:
                self._tick.cancel()
                self._tick = None
            if not self._open:
                self._closing.callback(None)
        return self._closing if not self._closing.called else succeed(None)

    def _wire(self, method: str, target: Target, headers: Mapping[str, str], body: bytes, query: str) -> bytes:
        """The request as bytes. Raises ValueError."""
        if not _METHOD.fullmatch(method) or method in ("CONNECT", "HEAD"):
            raise ValueError("method not supported")
        path = target.path
        if query:
            if not _QUERY.fullmatch(query):
                raise ValueError("a character in the query that is not encoded")
            path += ("&" if "?" in path else "?") + query
        lines = [f"{method} {path} HTTP/1.1", f"host: {target.authority}", f"user-agent: {self._agent}"]
        for name, value in headers.items():
            if not _allowed(name):
                raise ValueError("header name not allowed")
            lines.append(f"{name}: {value}")
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines)
        breaks = len(lines) - 1
        if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
            raise ValueError("line break or NUL in a header")
        try:
            return head.encode("latin-1") + b"\r\n\r\n" + body
        except UnicodeEncodeError:
            raise ValueError("a header value with characters beyond Latin-1") from None

    # -- from a request to a connection

    def _begin(self, exchange: Exchange) -> None:
        target = exchange.target
        key = (target.scheme, target.host, target.port)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = _Pool()
        while pool.idle and not exchange.replayed:  # a replay needs a new connection
            connection = pool.idle.pop()
            del self._idle[connection]
            if connection.is_open:
                connection.send(exchange)
                return
        if pool.size >= self._max:
            pool.waiting.append(exchange)
            return
        pool.size += 1
        self._connect(exchange)

    def _connect(self, exchange: Exchange) -> None:
        if exchange.target.literal:
            self._resolved(exchange, [exchange.target.host])
            return
        exchange.stage = "looking up the host"
        self._resolver.addresses(exchange.target.host).addCallbacks(
            partial(self._resolved, exchange), partial(self._not_resolved, exchange)
        )

    def _not_resolved(self, exchange: Exchange, failure: Failure) -> None:
        self._not_made(exchange, HttpFailure(f"host not found: {failure.getErrorMessage()[:100]}", sent=False))

    def _resolved(self, exchange: Exchange, addresses: list[str]) -> None:
        if not self._allow_private:
            judged = [(address, refusal_of(address)) for address in addresses]
            addresses = [address for address, refusal in judged if refusal is None]
            if not addresses:
                reason = next((refusal for _, refusal in judged if refusal), "no address")
                self._not_made(exchange, TargetRefused(f"target address not allowed: {reason}", sent=False))
                return
        self._try(exchange, addresses[:_MOST_ADDRESSES])

    def _try(self, exchange: Exchange, addresses: list[str]) -> None:
        """Connect to the first of the judged addresses, and to the next ones if that fails."""
        left = exchange.deadline - self._reactor.seconds()
        if exchange.done or left <= 0:
            self._not_made(exchange, None)
            return
        target = exchange.target
        exchange.stage = "connecting"
        connection = Connection(self, exchange)
        plain = ConnectionFactory(
            connection,
            partial(self._connected, connection, exchange),
            partial(self._connect_failed, exchange, addresses[1:]),
        )
        factory: Any = plain
        if target.scheme == "https":
            factory = TlsConnectionFactory(self._tls.creator(target.host, literal=target.literal), plain)
        self._connectors[exchange] = self._reactor.connectTCP(
            addresses[0], target.port, factory, timeout=max(0.1, left / len(addresses))
        )

    def _connect_failed(self, exchange: Exchange, rest: list[str], reason: str) -> None:
        """An address did not take the connection."""
        self._connectors.pop(exchange, None)
        if rest and not exchange.done and self._closing is None:
            self._try(exchange, rest)
        else:
            self._not_made(exchange, HttpFailure(reason, sent=False))

    def _connected(self, connection: Connection, exchange: Exchange) -> None:
        """An address took the connection."""
        self._connectors.pop(exchange, None)
        self._open.add(connection)
        if exchange.done or self._closing is not None:
            connection.exchange = None  # given up meanwhile: it closes as soon as it is made
        else:
            exchange.connection = connection

    def _not_made(self, exchange: Exchange, failure: HttpFailure | None) -> None:
        """No connection came of it: its place in the pool is free."""
        if failure is not None:
            self._settle(exchange, failure)
        self._left(exchange.target)

    # -- what connections tell (http_client_connection.Owner)

    def answered(self, connection: Connection, exchange: Exchange, answer: HttpAnswer, *, reusable: bool) -> None:
        """An answer came."""
        if reusable and self._closing is None:
            self._free(connection)
        self._settle(exchange, answer)

    def broken(self, connection: Connection, exchange: Exchange, reason: str, *, unanswered: bool) -> None:
        """No answer will come on this connection."""
        exchange.connection = None
        if unanswered and not exchange.replayed and not exchange.done and self._closing is None:
            exchange.replayed = True
            self._begin(exchange)
        else:
            self._settle(exchange, HttpFailure(reason, sent=exchange.sent))

    def closed(self, connection: Connection) -> None:
        """A socket is gone."""
        self._open.discard(connection)
        target = connection.target
        pool = self._pools.get((target.scheme, target.host, target.port))
        if pool is not None and self._idle.pop(connection, False):
            pool.idle.remove(connection)
        self._left(target)
        if self._closing is not None and not self._open and not self._closing.called:
            self._closing.callback(None)

    # -- pools

    def _free(self, connection: Connection) -> None:
        target = connection.target
        pool = self._pools[target.scheme, target.host, target.port]
        while pool.waiting:
            exchange = pool.waiting.popleft()
            if not exchange.done:
                connection.send(exchange)
                return
        connection.idle_since = self._reactor.seconds()
        pool.idle.append(connection)
        self._idle[connection] = True
        if len(self._idle) > _MOST_IDLE:
            self._retire(next(iter(self._idle)))

    def _retire(self, connection: Connection) -> None:
        """Close an idle connection."""
        target = connection.target
        del self._idle[connection]
        self._pools[target.scheme, target.host, target.port].idle.remove(connection)
        connection.abort()

    def _left(self, target: Target) -> None:
        """A connection of a pool is no more: the next one waiting may have its place."""
        key = (target.scheme, target.host, target.port)
        pool = self._pools[key]
        pool.size -= 1
        while pool.waiting and pool.size < self._max:
            exchange = pool.waiting.popleft()
            if not exchange.done:
                pool.size += 1
                self._connect(exchange)
        if not pool.size and not pool.waiting:
            del self._pools[key]

    # -- ends

    def _settle(self, exchange: Exchange, result: HttpAnswer | HttpFailure) -> None:
        if exchange.done:
            return
        exchange.done = True
        self._active.discard(exchange)
        deferred = exchange.deferred
        if isinstance(result, HttpFailure):
            deferred.errback(result)
        else:
            deferred.callback(result)

    def _give_up(self, exchange: Exchange, failure: HttpFailure) -> None:
        connection, exchange.connection = exchange.connection, None
        self._settle(exchange, failure)
        connector = self._connectors.get(exchange)
        if connection is not None:
            connection.abort()
        elif connector is not None:
            connector.disconnect()

    def _cancelled(self, exchange: Exchange) -> None:
        self._give_up(exchange, HttpFailure("cancelled", sent=exchange.sent))

    def _on_tick(self) -> None:
        """Deadlines and idle connections: one timer for all."""
        now = self._reactor.seconds()
        self._tick = None
        for exchange in [exchange for exchange in self._active if exchange.deadline <= now]:
            self._give_up(exchange, HttpFailure(f"timed out {exchange.stage}", sent=exchange.sent))
        for connection in list(self._idle):
            if connection.idle_since > now - _IDLE_S:
                break
            self._retire(connection)
        if self._tick is None and self._closing is None and (self._active or self._open):
            self._tick = self._reactor.callLater(_TICK_S, self._on_tick)
