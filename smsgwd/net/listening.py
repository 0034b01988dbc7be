"""Listening sockets: one address each, as it is written."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp, unix
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IDelayedCall, IListeningPort, IOpenSSLContextFactory, IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from smsgwd.net.inherited import handed_over, tcp_address

BACKLOG = 1024
"""A burst of connects must not make the next client wait for its SYN to be sent again."""

_YIELD_S = 0.005
_AFTER_A_YIELD = 8


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
    shared: bool = False,
) -> IListeningPort:
    """Accept connections at an address; port 0 takes a free one. Raises CannotListenError.

    `shared`: other processes of the same user may listen there, too, if they say so as well (SO_REUSEPORT).

    With `small_reads` a connection that sends without end has 16 KiB of each turn, not 64: the less each one has, the
    sooner it is the next one's turn.
    A socket that the service manager handed over for the address is taken instead of a new one (`net.inherited`).
    '::' stands for IPv6 alone, so that '0.0.0.0' can be listened on beside it: Linux would else give it both.
    """
    there = handed_over(tcp_address(host, port))
    if there is not None:
        with there:
            there.listen(backlog)
            return _reading(reactor.adoptStreamPort(there.fileno(), there.family, factory), small_reads)
    if host != "::" and not shared:
        listening: Any = reactor.listenTCP(port, factory, backlog, host)
        return _reading(listening, small_reads)
    with open_socket(host, port, backlog, shared=shared) as made:
        return _reading(reactor.adoptStreamPort(made.fileno(), made.family, factory), small_reads)


def open_socket(host: str, port: int, backlog: int = BACKLOG, *, shared: bool = False) -> socket.socket:
    """A listening socket that nobody accepts on yet, as `listen_tcp` would have it. Raises CannotListenError."""
    there = handed_over(tcp_address(host, port))
    if there is not None:
        there.listen(backlog)
        return there
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if host == "::":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
        made.listen(backlog)
    except OSError as error:
        made.close()
        raise CannotListenError(host, port, error) from None  # type: ignore[no-untyped-call]  # Twisted's
    made.setblocking(False)
    return made


class _SharedPort(tcp.Port):
    """A port on a socket that other processes accept on too: takes one connection a turn, and lets others go first.

    Twisted takes up to 100 in one go, which is all of a burst for the process that wakes up first.
    """

    yields: Callable[[], bool]
    reactor: Any
    _pause: IDelayedCall | None = None
    _free = 0  # how many we take without asking: whoever should have taken them stands still

    @property
    def numberAccepts(self) -> int:
        """How many in one go."""
        return 1

    @numberAccepts.setter
    def numberAccepts(self, number: int) -> None:
        """Twisted's own measuring is passed over."""

    def doRead(self) -> None:
        """Somebody connects. Whoever should take it may be busy: after a moment we do."""
        if not self._free and self.yields():
            self.stopReading()  # type: ignore[no-untyped-call]  # Twisted's is not annotated
            self._free = _AFTER_A_YIELD
            self._pause = self.reactor.callLater(_YIELD_S, self._go_on)
            return
        self._free = max(0, self._free - 1)
        super().doRead()  # type: ignore[no-untyped-call]  # Twisted's is not annotated

    def connectionLost(self, reason: Failure) -> None:
        """The port is closed."""
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's is not annotated

    def _go_on(self) -> None:
        self._pause = None
        self.startReading()  # type: ignore[no-untyped-call]  # Twisted's is not annotated


def adopt_tcp(
    reactor: Any, descriptor: int, family: int, factory: IProtocolFactory, yields: Callable[[], bool]
) -> IListeningPort:
    """Accept on a listening socket that other processes accept on too. The descriptor is duplicated.

    `yields` says, when somebody connects, whether another process should go first.
    """
    kind: Any = _SharedPort
    port: Any = kind._fromListeningDescriptor(reactor, descriptor, family, factory)
    port.yields = yields
    port.startListening()
    listening: IListeningPort = port
    return listening


def _reading(listening: Any, small: bool) -> IListeningPort:
    """The port, with what it makes of a connection chosen; no connection was accepted yet."""
    if small:
        listening.transport = _SmallReads
    port: IListeningPort = listening
    return port


def listen_unix(reactor: Any, path: str, factory: IProtocolFactory, mode: int) -> IListeningPort:
    """Accept connections at a path, which `mode` says who may use. Raises CannotListenError.

    A socket that the service manager handed over for the path is taken instead; who may use it is the manager's to say,
    and it stays there when we end.
    """
    there = handed_over(path)
    if there is None:
        made: IListeningPort = reactor.listenUNIX(path, factory, backlog=BACKLOG, mode=mode, wantPID=False)
        return made
    kind: Any = unix.Port
    with there:
        port: Any = kind._fromListeningDescriptor(reactor, there.fileno(), factory)
    # Twisted would set a mode of its own, and at the end remove the path, but not of a name without a file.
    port._bindPath = "\0" + path
    port._shouldShutdown = False  # it goes on listening, for the next process
    port.startListening()
    listening: IListeningPort = port
    return listening
