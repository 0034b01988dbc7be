"""A lean HTTP/1.1 client for pushes: keep-alive, no redirects, bounded answers, no private targets unless allowed.

Made for very many small POSTs to few hosts (implements `ports.HttpClient`). One request is in flight a connection. The
deadline of a request covers everything: waiting for a connection, the name's lookup, connecting, TLS, the answer.

A request that was written on a *reused* connection which then closes without one byte of answer is sent once more, on
a new connection: servers close idle connections at any moment, and pushes carry an id by which a tenant finds a
duplicate (RFC 9110 s9.2.2 would forbid it for a POST without one). Nothing else is repeated here.

With `repeats=False` that is not done either: for requests that must never arrive twice. Such a client should use no
connection that was idle for long (`idle_s`), nor one whose socket has something to be read (which is its end).

Redirects are not followed: a 3xx is an answer like another, so a target cannot lead the client elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.net.http_client_answer import MAX_BODY
from smsgwd.net.http_client_connection import Connection, ConnectionFactory, Exchange, Pool, TlsConnectionFactory
from smsgwd.net.http_client_dns import Lookup, Resolver, SystemLookup
from smsgwd.net.http_client_request import PoolKey, key_of, post_target, request_of
from smsgwd.net.http_client_tls import ClientTls
from smsgwd.net.targets import parse_target, refusal_of
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.telemetry import get_logger

A = TypeVar("A")

_IDLE_S = 30.0
_MOST_IDLE = 256  # of all hosts: file descriptors are few, hosts may be many
_TICK_S = 0.25
_MOST_ADDRESSES = 4

_log = get_logger("net")


class BadRequest(HttpFailure):
    """The request can never be made as it is: the URL or a header is malformed."""


class TargetRefused(HttpFailure):
    """The target's addresses are not public ones."""


class LeanHttpClient:
    """`max_connections_per_host` bounds the connections to one scheme, host and port; requests above it wait in order.

    `lookup` replaces the system's resolver, `trust_root` the system's authorities (tests; private CAs). `repeats`: see
    above; `idle_s`: how long a connection is kept without a request; `most_body`: bytes of an answer that are read.
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
        repeats: bool = True,
        idle_s: float = _IDLE_S,
        most_body: int = MAX_BODY,
    ) -> None:
        self.most_body = most_body
        self._repeats = repeats
        self._idle_s = idle_s
        self._reactor = reactor
        self.allow_private = allow_private_targets
        self._max = max_connections_per_host
        self._agent = user_agent
        self._system = SystemLookup(reactor)
        self.resolver = Resolver(reactor, lookup or self._system)
        self._tls = ClientTls(trust_root)
        self._pools: dict[PoolKey, Pool] = {}
        self._making: set[Exchange] = set()  # without a connection yet: looking up, connecting
        self._open: set[Connection] = set()
        self._idle: dict[Connection, bool] = {}  # all of the pools' idle ones, the longest idle first
        self._connectors: dict[Exchange, Any] = {}
        self._tick: IDelayedCall | None = None
        self._closing: Deferred[None] | None = None

    def follow(self, *, allow_private_targets: bool, max_connections_per_host: int) -> None:
        """Keep to these from now on. Idle connections are closed where private targets are allowed no more: some may
        lead to one."""
        if self.allow_private and not allow_private_targets:
            for connection in list(self._idle):
                self._retire(connection)
        self.allow_private, self._max = allow_private_targets, max_connections_per_host
        for pool in list(self._pools.values()):
            self._go_on(pool)

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
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        query: str = "",
        *,
        answer_s: float | None = None,
    ) -> Deferred[HttpAnswer]:
        """Any method but CONNECT and HEAD; `timeout_s` for everything together, or with `answer_s` until the request is
        written, and then so long for the answer.

        Fails with BadRequest (malformed URL or header), TargetRefused, or HttpFailure. Cancelling gives the
        connection up.
        """
        if self._closing is not None:
            return fail(HttpFailure("the client is closed", sent=False))
        try:
            target = parse_target(url)
            wire = request_of(method, target, headers, body, query=query, agent=self._agent)
        except ValueError as error:
            return fail(BadRequest(f"bad request: {error}", sent=False))
        exchange = Exchange(target, key_of(target), wire, self._reactor.seconds() + timeout_s, _fire, None, answer_s)
        answer: Deferred[HttpAnswer] = Deferred(lambda _: self._cancelled(exchange))
        exchange.arg = answer
        self._begin(exchange)
        return answer

    def post_to(
        self,
        url: str,
        fields: bytes,
        body: bytes,
        timeout_s: float,
        then: Callable[[HttpAnswer | HttpFailure, A], None],
        arg: A,
    ) -> None:
        """POST without a Deferred (1.6 µs where `post` takes 6.5): see ports.push.HttpClient."""
        if self._closing is not None:
            then(HttpFailure("the client is closed", sent=False), arg)
            return
        try:
            known = post_target(url, self._agent)
        except ValueError as error:
            then(BadRequest(f"bad request: {error}", sent=False), arg)
            return
        wire = b"%b%bcontent-length: %d\r\n\r\n%b" % (known.head, fields, len(body), body)
        self._begin(Exchange(known.target, known.key, wire, self._reactor.seconds() + timeout_s, then, arg))

    def close(self) -> Deferred[None]:
        """Give up what is under way and close every connection; fires when all sockets are gone."""
        if self._closing is None:
            self._closing = Deferred()
            self._system.close()
            for exchange in list(self._under_way()):
                self._give_up(exchange, HttpFailure("the client is closed", sent=exchange.sent))
            for connection in list(self._open):
                connection.abort()
            if self._tick is not None:
                self._tick.cancel()
                self._tick = None
            if not self._open:
                self._closing.callback(None)
        return self._closing if not self._closing.called else succeed(None)

    # -- from a request to a connection

    def _begin(self, exchange: Exchange) -> None:
        if self._tick is None:
            self._tick = self._reactor.callLater(_TICK_S, self._on_tick)
        key = exchange.key
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(key)
        while pool.idle and not exchange.replayed:  # a replay needs a new connection
            connection = pool.idle.pop()
            del self._idle[connection]
            if connection.is_open and (self._repeats or self._is_fresh(connection)):
                connection.send(exchange)
                return
        if pool.size >= self._max:
            pool.waiting.append(exchange)
            return
        pool.size += 1
        self._connect(exchange)

    def _is_fresh(self, connection: Connection) -> bool:
        """Whether an idle connection may carry what is not repeated; one that may not is closed."""
        if connection.idle_since > self._reactor.seconds() - self._idle_s and connection.is_quiet():
            return True
        connection.abort()
        return False

    def _connect(self, exchange: Exchange) -> None:
        self._making.add(exchange)
        if exchange.target.literal:
            self._resolved(exchange, [exchange.target.host])
            return
        exchange.stage = "looking up the host"
        self.resolver.addresses(exchange.target.host).addCallbacks(
            partial(self._resolved, exchange), partial(self._not_resolved, exchange)
        )

    def _not_resolved(self, exchange: Exchange, failure: Failure) -> None:
        self._not_made(exchange, HttpFailure(f"host not found: {failure.getErrorMessage()[:100]}", sent=False))

    def _resolved(self, exchange: Exchange, addresses: list[str]) -> None:
        if not self.allow_private:
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
        self._making.discard(exchange)
        self._open.add(connection)
        if exchange.done or self._closing is not None:
            connection.exchange = None  # given up meanwhile: it closes as soon as it is made
        else:
            exchange.connection = connection

    def _not_made(self, exchange: Exchange, failure: HttpFailure | None) -> None:
        """No connection came of it: its place in the pool is free."""
        self._making.discard(exchange)
        if failure is not None:
            self._settle(exchange, failure)
        self._left(exchange.key)

    # -- what connections tell (http_client_connection.Owner)

    def answered(self, connection: Connection, exchange: Exchange, answer: HttpAnswer, *, reusable: bool) -> None:
        """An answer came."""
        if reusable and self._closing is None:
            self._free(connection)
        self._settle(exchange, answer)

    def broken(self, connection: Connection, exchange: Exchange, reason: str, *, unanswered: bool) -> None:
        """No answer will come on this connection."""
        exchange.connection = None
        if unanswered and self._repeats and not exchange.replayed and not exchange.done and self._closing is None:
            exchange.replayed = True
            self._begin(exchange)
        else:
            self._settle(exchange, HttpFailure(reason, sent=exchange.sent))

    def begun(self, exchange: Exchange) -> None:
        """The time for the answer begins."""
        assert exchange.answer_s is not None
        exchange.deadline = self._reactor.seconds() + exchange.answer_s

    def closed(self, connection: Connection) -> None:
        """A socket is gone."""
        self._open.discard(connection)
        if self._idle.pop(connection, False):
            self._pools[connection.key].idle.remove(connection)
        self._left(connection.key)
        if self._closing is not None and not self._open and not self._closing.called:
            self._closing.callback(None)

    # -- pools

    def _free(self, connection: Connection) -> None:
        pool = self._pools[connection.key]
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
        del self._idle[connection]
        self._pools[connection.key].idle.remove(connection)
        connection.abort()

    def _left(self, key: PoolKey) -> None:
        """A connection of a pool is no more: the next one waiting may have its place."""
        pool = self._pools[key]
        pool.size -= 1
        self._go_on(pool)
        if not pool.size and not pool.waiting:
            del self._pools[key]

    def _go_on(self, pool: Pool) -> None:
        while pool.waiting and pool.size < self._max:
            exchange = pool.waiting.popleft()
            if not exchange.done:
                pool.size += 1
                self._connect(exchange)

    # -- ends

    def _settle(self, exchange: Exchange, result: HttpAnswer | HttpFailure) -> None:
        if exchange.done:
            return
        exchange.done = True
        try:
            exchange.then(result, exchange.arg)
        except Exception:  # the asker's fault must not cost a connection that is fine
            _log.error("daemon.unhandled_error", exc_info=True)

    def _give_up(self, exchange: Exchange, failure: HttpFailure) -> None:
        connection, exchange.connection = exchange.connection, None
        self._making.discard(exchange)
        self._settle(exchange, failure)
        connector = self._connectors.get(exchange)
        if connection is not None:
            connection.abort()
        elif connector is not None:
            connector.disconnect()

    def _cancelled(self, exchange: Exchange) -> None:
        self._give_up(exchange, HttpFailure("cancelled", sent=exchange.sent))

    def _under_way(self) -> Iterator[Exchange]:
        """All requests without an answer. Walked over four times a second, so that no list is kept of each."""
        for connection in self._open:
            if connection.exchange is not None:
                yield connection.exchange
        yield from self._making
        for pool in self._pools.values():
            yield from pool.waiting

    def _on_tick(self) -> None:
        """Deadlines and idle connections: one timer for all."""
        now = self._reactor.seconds()
        self._tick = None
        for exchange in [exchange for exchange in self._under_way() if exchange.deadline <= now]:
            self._give_up(exchange, HttpFailure(f"timed out {exchange.stage}", sent=exchange.sent))
        for connection in list(self._idle):
            if connection.idle_since > now - self._idle_s:
                break
            self._retire(connection)
        if self._tick is None and self._closing is None and self._pools:
            self._tick = self._reactor.callLater(_TICK_S, self._on_tick)


def _fire(result: HttpAnswer | HttpFailure, answer: Deferred[HttpAnswer]) -> None:
    """The end of a request that was asked for with a Deferred."""
    if isinstance(result, HttpFailure):
        answer.errback(result)
    else:
        answer.callback(result)
