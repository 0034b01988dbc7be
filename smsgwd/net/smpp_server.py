"""Listening for SMPP: a connection in the SMSC role for each peer, inside TLS or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IListeningPort, IOpenSSLContextFactory, IReactorTCP, IReactorTime
from twisted.internet.protocol import ServerFactory

from smsgwd.net.listening import BACKLOG, listen_tcp, over_tls
from smsgwd.net.smpp import Owner, SmppConnection
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import UNTAPPED, Link, Wiretap
from smsgwd.ports.clock import Clock
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.session_table import Role


class SmppServerFactory(ServerFactory):
    """Makes a connection in the SMSC role for each peer; `owner` is asked for its owner, None = refuse the peer."""

    noisy = False

    def __init__(
        self,
        config: SessionConfig,
        owner: Callable[[IAddress | None], Owner | None],
        *,
        reactor: IReactorTime,
        clock: Clock,
        turn: Turn,
        tap: Wiretap = UNTAPPED,
        name: str = "",
    ) -> None:
        """`name` is the listener's, for those who look through `tap`."""
        self._config = config
        self._owner = owner
        self._reactor = reactor
        self._clock = clock
        self._turn = turn
        self._tap = tap
        self._name = name

    def buildProtocol(self, addr: IAddress | None) -> SmppConnection | None:
        """See IProtocolFactory."""
        owner = self._owner(addr)
        if owner is None:
            return None
        return SmppConnection(
            Role.SMSC,
            self._config,
            owner,
            reactor=self._reactor,
            clock=self._clock,
            turn=self._turn,
            tap=self._tap,
            link=Link(listener=self._name),
        )


def listen(
    reactor: IReactorTCP,
    interface: str,
    port: int,
    factory: SmppServerFactory,
    *,
    tls: IOpenSSLContextFactory | None = None,
    before: Callable[[Any], Any] | None = None,
    backlog: int = BACKLOG,
    shared: bool = False,
) -> IListeningPort:
    """Listen on an address (IPv6 too); port 0 takes a free one. Raises CannotListenError.

    `shared`: see `net.listening.listen_tcp`.

    `before` makes the factory of what stands before SMPP and its TLS (`net.proxy_protocol`) from theirs.
    """
    outer = over_tls(factory, tls)
    if before is not None:
        outer = before(outer)
    return listen_tcp(reactor, interface, port, outer, backlog, small_reads=True, shared=shared)
