"""One connection to one server: commands out, replies back in order, and an end for those that do not come in time.

The protocol is txredisapi's, with hiredis; what it converts (text, numbers) it must not convert here, and commands are
put together by hiredis too. It is imported only where the store is Redis: memory of other gateways is not spent on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hiredis import pack_command
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IAddress, IDelayedCall, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from txredisapi import HiredisProtocol, InvalidData, ResponseError

from smsgwd.net.tls import client_options
from smsgwd.store.redis.address import Login, Tls, shown
from smsgwd.store.redis.errors import Refused, Unreachable, elsewhere, from_reply

Arg: TypeAlias = bytes | str | int
Place: TypeAlias = str | tuple[str, int]  #: path of a unix socket, or host and port

_CLOSED: Final = "the server closed the connection"


class Connection(HiredisProtocol):  # type: ignore[misc]  # txredisapi ships no types
    """Replies are bytes, int, None or lists of them. `lost` is called once, when it ends, with why.

    A command without its reply after `timeout_s` ends the connection; one that is idle as long is asked for a sign of
    life. `reactor` is IReactorTime.
    """

    def __init__(self, reactor: Any, timeout_s: float, lost: Callable[[Connection, str], None]) -> None:
        super().__init__(charset=None, convertNumbers=False)
        self._reactor = reactor
        self._timeout_s = timeout_s
        self._lost = lost
        self._due: deque[float] = deque()  # when each outstanding reply is too late
        self._timer: IDelayedCall | None = None
        self.ended = ""  #: why, once it is
        self.gone: Deferred[None] = Deferred()  #: when nothing of it is left

    def send(self, *args: Arg) -> Deferred[Any]:
        """One command; fires with its reply, or fails with Unreachable or Refused."""
        if self.ended:
            return fail(Unreachable(self.ended))
        self._due.append(self._reactor.seconds() + self._timeout_s)
        reply: Deferred[Any] = self.execute_command(*args)
        return reply

    def end(self, why: str) -> None:
        """Give it up: what is outstanding fails with `why`. Also when it has ended."""
        if self.ended:
            return
        self.ended = why
        self.connected = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lost(self, why)
        while self.replyQueue.waiting:
            self.replyQueue.put(Unreachable(why, unknown=True))
        if self.transport is not None:
            self.transport.abortConnection()

    # -- what txredisapi calls --------------------------------------------------------------------------------------

    def connectionMade(self) -> Any:
        """See Protocol."""
        if isinstance(self.transport.getPeer(), IPv4Address | IPv6Address):
            self.transport.setTcpNoDelay(True)
        self._timer = self._reactor.callLater(self._timeout_s, self._tick)
        return super().connectionMade()

    def dataReceived(self, data: bytes, unpause: bool = False) -> None:
        """See Protocol."""
        try:
            super().dataReceived(data, unpause)
        except InvalidData:
            self.end("what answers does not speak Redis's protocol")

    def connectionLost(self, why: Failure) -> None:
        """See Protocol."""
        self.end(_said(why))
        super().connectionLost(why)
        self.gone.callback(None)

    def replyReceived(self, reply: object) -> None:
        """One reply, or an error in its place."""
        if self._due:
            self._due.popleft()
        if not self.ended:
            self.replyQueue.put(reply)

    def handle_reply(self, reply: object) -> object:
        """What the caller of a command gets for its reply."""
        if isinstance(reply, ResponseError):
            text = str(reply)
            if elsewhere(text):
                self.end(text)
            raise from_reply(text)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def tryConvertData(self, data: object) -> object:
        """Nothing is converted: neither text nor what looks like a number."""
        return data

    def _build_command(self, *args: Arg) -> bytes:
        packed: bytes = pack_command(args)  # type: ignore[arg-type]  # its hints mean one type for all
        return packed

    def _tick(self) -> None:
        now = self._reactor.seconds()
        if self._due and self._due[0] <= now:
            self._timer = None
            self.end(f"no answer within {self._timeout_s:g} s")
            return
        if not self._due:
            self.send("PING").addErrback(lambda _: None)
        self._timer = self._reactor.callLater(self._due[0] - now, self._tick)


class _Connections(Factory):
    """Makes one connection."""

    noisy = False

    def __init__(self, make: Callable[[], Connection]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """See Factory."""
        return self._make()


async def dial(
    reactor: Any,
    place: Place,
    timeout_s: float,
    *,
    lost: Callable[[Connection, str], None] = lambda _, __: None,
    login: Login = Login(),  # noqa: B008 -- immutable
    tls: Tls | None = None,
    make: Callable[..., Connection] = Connection,
) -> Connection:
    """A connection to the server at `place`, known to it by `login`. Raises Unreachable and Refused; TlsError (a
    ValueError) when files of `tls` cannot be used."""
    endpoint: IStreamClientEndpoint
    if isinstance(place, str):
        endpoint, name = UNIXClientEndpoint(reactor, place, timeout_s), place  # type: ignore[no-untyped-call]
    else:
        endpoint, name = HostnameEndpoint(reactor, *place, timeout=timeout_s), shown(*place)
        if tls is not None:
            options = client_options(place[0], ca=tls.ca, cert=tls.cert, key=tls.key)
            endpoint = wrapClientTLS(options, endpoint)
    try:
        connection = await _connected(endpoint, _Connections(lambda: make(reactor, timeout_s, lost)))
    except (ConnectError, DNSLookupError, OSError) as error:
        raise Unreachable(f"{name}: {error or type(error).__name__}") from None
    try:
        if login.password:
            await connection.send("AUTH", *([login.user] if login.user else []), login.password)
        else:
            await connection.send("PING")  # what TLS or the server has against us is known then
    except (Unreachable, Refused) as error:
        connection.end(str(error))
        raise type(error)(f"{name}: {error}") from None
    except BaseException:
        connection.end("given up")
        raise
    return connection


def _connected(endpoint: IStreamClientEndpoint, factory: _Connections) -> Deferred[Connection]:
    """A connection. Cancelled it is CancelledError and nothing else: endpoints say then that a name was not found, and
    whoever has another place to try would go on."""
    connecting = endpoint.connect(factory)

    def given_up(waiting: Deferred[Connection]) -> None:
        waiting.errback(CancelledError())
        connecting.cancel()

    waiting: Deferred[Connection] = Deferred(given_up)

    def made(connection: Any) -> None:
        if waiting.called:
            connection.end("given up")
        else:
            waiting.callback(connection)

    def failed(failure: Failure) -> None:
        if not waiting.called:
            waiting.errback(failure)

    connecting.addCallbacks(made, failed)
    return waiting


def _said(why: Failure) -> str:
    """Why a connection was lost, as operators read it."""
    text = str(why.value)
    return f"{_CLOSED}: {text}" if text else _CLOSED
