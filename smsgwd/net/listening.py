"""Listening sockets: one address each, as it is written."""

from __future__ import annotations

import os
import socket
from typing import Any

from twisted.internet import tcp
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IOpenSSLContextFactory, IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory

BACKLOG = 1024
"""A burst of connects must not make the next client wait for its SYN to be sent again."""


def over_tls(factory: Any, tls: IOpenSSLContextFactory | None) -> Any:
    """The factory with TLS before it; itself without."""
    return factory if tls is None else _TlsFactory(tls, False, factory)


class _TlsFactory(TLSMemoryBIOFactory):
    """Twisted's own wraps a refused peer's None too, which then fails when it is used."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """See IProtocolFactory."""
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)


class _SmallReads(tcp.Server):
    """A connection of which little is read in one turn of the reactor."""

    bufferSize = 16 * 1024


def listen_tcp(
    reactor: Any,
    host: str,
    port: int,
    factory: IProtocolFactory,
    backlog: int = BACKLOG,
    *,
    small_reads: bool = False,
) -> IListeningPort:
    """Accept connections at an address; port 0 takes a free one. Raises CannotListenError.

    With `small_reads` a connection that sends without end has 16 KiB of each turn, not 64: the less each one has, the
    sooner it is the next one's turn.
    '::' stands for IPv6 alone, so that '0.0.0.0' can be listened on beside it: Linux would else give it both.
    """
    if host != "::":
        listening: Any = reactor.listenTCP(port, factory, backlog, host)
        return _reading(listening, small_reads)
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as made:
        try:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, port))
            made.listen(backlog)
        except OSError as error:
            raise CannotListenError(host, port, error) from None  # type: ignore[no-untyped-call]
        made.setblocking(False)
        os.set_inheritable(made.fileno(), False)
        return _reading(reactor.adoptStreamPort(made.fileno(), socket.AF_INET6, factory), small_reads)


def _reading(listening: Any, small: bool) -> IListeningPort:
    """The port, with what it makes of a connection chosen; no connection was accepted yet."""
    if small:
        listening.transport = _SmallReads
    port: IListeningPort = listening
    return port
