"""What every part of the sending side needs of the world around it, passed in once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IReactorTCP, IReactorTime

from smsgwd.net import names
from smsgwd.net.smpp import SmppConnection
from smsgwd.net.smpp import connect as _connect
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import UNTAPPED, Wiretap
from smsgwd.ports.claims import ALWAYS, Claims, Lease
from smsgwd.ports.clock import Clock


class Connect(Protocol):
    """Opens a transport for a connection; see `net.smpp.connect`, which is it outside of tests."""

    def __call__(
        self,
        host: str,
        port: int,
        connection: SmppConnection,
        *,
        tls: IOpenSSLClientConnectionCreator | None,
        timeout: float,
    ) -> Deferred[object]:
        """Fails when there is no connection; may be cancelled. `timeout` is seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """Timers, times, chance and connections. `random` gives 0 ≤ x < 1."""

    reactor: IReactorTime
    clock: Clock
    turn: Turn
    random: Callable[[], float]
    connect: Connect
    tap: Wiretap = UNTAPPED  #: sees what goes over the connections
    lease: Lease = ALWAYS  #: asked before messages are written
    claims: Claims | None = None  #: where other nodes may send the same messages


def connector_over(reactor: IReactorTCP) -> Connect:
    """Real connections; names are resolved off the reactor's threads from now on."""
    names.install(reactor)

    def connect(
        host: str,
        port: int,
        connection: SmppConnection,
        *,
        tls: IOpenSSLClientConnectionCreator | None,
        timeout: float,
    ) -> Deferred[object]:
        return _connect(reactor, host, port, connection, tls=tls, timeout=timeout)

    return connect
