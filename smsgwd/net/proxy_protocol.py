"""The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a load balancer says of its client.

A header opens the connection, before TLS. It is believed from the networks given, and they must send it: within
5 seconds, at most 107 (v1) or 536 (v2) octets, to the letter. Afterwards nothing of this stands between the sockets and
the protocol but the address. Checksums of v2 (PP2_TYPE_CRC32C) are not looked at: TCP has one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from struct import Struct
from typing import Any

import msgspec
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import directlyProvides, providedBy

from smsgwd.net.http_address import Network, is_trusted

V1_MOST = 107  #: octets of a v1 header, CR LF included
V2_MOST = 536  #: octets of a v2 header
HEADER_S = 5.0  #: how long a proxy may take for its header

_V1 = b"PROXY "
_V1_LINE = re.compile(
    rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]{2,45}) ([0-9A-Fa-f:.]{2,45}) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})"
)
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD = Struct(">12sBBH")
_PORTS = Struct(">HH")
_LOCAL, _PROXY = 0x20, 0x21
_SIZES = {0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216, 0x32: 216}  # octets of the addresses by family and transport


class HeaderError(ValueError):
    """What a proxy sent is no PROXY header; the text says why, without the octets."""


class ProxyHeader(msgspec.Struct, frozen=True, gc=False):
    """A header. `host` is '' where the proxy speaks for itself (LOCAL) or does not know (UNKNOWN, UNSPEC, unix)."""

    host: str  #: IP address of the client
    port: int
    size: int  #: octets of the header; the client's own come after them


def parse_header(data: bytes) -> ProxyHeader | None:
    """The header at the beginning of `data`; None while it is not whole. Raises HeaderError as soon as it is none."""
    if data[:1] == b"P":
        return _parse_v1(data)
    if data[:12] == _V2[: len(data)]:
        return _parse_v2(data)
    raise HeaderError("it does not begin with a PROXY header")


def _parse_v1(data: bytes) -> ProxyHeader | None:
    if data[:6] != _V1[: len(data)]:
        raise HeaderError("it does not begin with a PROXY header")
    end = data.find(b"\r\n", 0, V1_MOST)
    if end < 0:
        if len(data) >= V1_MOST:
            raise HeaderError(f"a v1 header is longer than {V1_MOST} octets")
        return None
    size = end + 2
    line = data[:end]
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return ProxyHeader("", 0, size)
    found = _V1_LINE.fullmatch(line)
    if found is None:
        raise HeaderError("a v1 header is malformed")
    family, source, target, *ports = found.groups()
    make = ipaddress.IPv4Address if family == b"TCP4" else ipaddress.IPv6Address
    try:
        host = str(make(source.decode("ascii")))
        make(target.decode("ascii"))
    except ValueError:
        raise HeaderError("a v1 header has an address that is none of its family") from None
    if any(int(port) > 65535 for port in ports):
        raise HeaderError("a v1 header has a port above 65535")
    return ProxyHeader(host, int(ports[0]), size)


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_HEAD.size:
        return None
    _, command, family, length = _V2_HEAD.unpack_from(data)
    if command not in (_LOCAL, _PROXY):
        raise HeaderError(f"a v2 header has version and command 0x{command:02x}")
    size = _V2_HEAD.size + length
    if size > V2_MOST:
        raise HeaderError(f"a v2 header is longer than {V2_MOST} octets")
    if command == _LOCAL:  # family and addresses are to be skipped
        return ProxyHeader("", 0, size) if len(data) >= size else None
    addresses = _SIZES.get(family)
    if addresses is None:
        raise HeaderError(f"a v2 header has family and transport 0x{family:02x}")
    if length < addresses:
        raise HeaderError("a v2 header is too short for its addresses")
    if len(data) < size:
        return None
    block = data[_V2_HEAD.size : size]
    if family:
        _check_tlvs(block, addresses)
    if family == 0x11:
        return ProxyHeader(str(ipaddress.IPv4Address(block[:4])), _PORTS.unpack_from(block, 8)[0], size)
    if family == 0x21:
        return ProxyHeader(str(ipaddress.IPv6Address(block[:16])), _PORTS.unpack_from(block, 32)[0], size)
    return ProxyHeader("", 0, size)


def _check_tlvs(block: bytes, at: int) -> None:
    """What follows the addresses are TLVs (type 1, length 2 octets), which end where the header does."""
    while at < len(block):
        if at + 3 > len(block):
            raise HeaderError("a v2 header ends within a TLV")
        at += 3 + int.from_bytes(block[at + 1 : at + 3], "big")
    if at > len(block):
        raise HeaderError("a v2 header ends within a TLV")


class ProxyProtocolFactory(ServerFactory):
    """Stands before the factory `inner`, which sees the real client's address in `buildProtocol` and `getPeer`.

    Peers outside `proxies` are taken as they come. `refused` is called with why a proxy's connection was closed.
    """

    noisy = False

    def __init__(
        self,
        inner: Any,
        proxies: tuple[Network, ...],
        *,
        reactor: IReactorTime,
        refused: Callable[[str, str], None],
        most_waiting: int = 4096,
    ) -> None:
        """`refused(proxy's address, reason)`; `most_waiting` connections at most may be without their header."""
        self.inner = inner
        self.reactor = reactor
        self.refused = refused
        self.waiting: set[_BeforeHeader] = set()
        self._proxies = proxies
        self._most_waiting = most_waiting

    def doStart(self) -> None:
        """See IProtocolFactory."""
        self.inner.doStart()

    def doStop(self) -> None:
        """See IProtocolFactory: called when the port is closed; who has not shown a header never will."""
        for each in tuple(self.waiting):
            each.drop()
        self.inner.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """See IProtocolFactory."""
        host = getattr(addr, "host", "")
        if not is_trusted(host, self._proxies):
            return self.inner.buildProtocol(addr)
        if len(self.waiting) >= self._most_waiting:
            self.refused(host, "too many connections without their PROXY header")
            return None
        return _BeforeHeader(self, addr)


class _BeforeHeader(Protocol):
    """A connection of a proxy until its header is whole; afterwards it is only the transport with another address."""

    def __init__(self, factory: ProxyProtocolFactory, proxy: Any) -> None:
        self._factory = factory
        self._proxy = proxy
        self._buffer = b""
        self._timer: IDelayedCall | None = None
        self._inner: Any = None

    def connectionMade(self) -> None:
        """See IProtocol."""
        self._factory.waiting.add(self)
        self._timer = self._factory.reactor.callLater(HEADER_S, self._refuse, "no PROXY header came in time")

    def dataReceived(self, data: bytes) -> None:
        """See IProtocol."""
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        if self not in self._factory.waiting:
            return  # given up already
        self._buffer += data  # bounded: the parser ends it at V2_MOST octets
        try:
            header = parse_header(self._buffer)
        except HeaderError as error:
            self._refuse(str(error))
            return
        if header is not None:
            self._hand_over(header)

    def _hand_over(self, header: ProxyHeader) -> None:
        self._done()
        rest, self._buffer = self._buffer[header.size :], b""
        address: Any = self._proxy
        if header.host:
            kind = IPv6Address if ":" in header.host else IPv4Address
            address = kind("TCP", header.host, header.port)
        inner = self._factory.inner.buildProtocol(address)
        transport: Any = self.transport
        if inner is None:
            transport.loseConnection()
            return
        self._inner = inner
        facade = _Transport(transport, address)
        self.dataReceived = inner.dataReceived  # type: ignore[method-assign]  # nothing stands between them any more
        inner.makeConnection(facade)
        if rest and not transport.disconnecting:
            inner.dataReceived(rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See IProtocol. A proxy that looks whether we are there and says nothing is no fault."""
        self._done()
        inner, self._inner = self._inner, None
        if inner is not None:
            del self.dataReceived
            inner.connectionLost(reason)

    def drop(self) -> None:
        """Close at once."""
        self._done()
        transport: Any = self.transport
        transport.abortConnection()

    def _refuse(self, reason: str) -> None:
        self._factory.refused(getattr(self._proxy, "host", ""), reason)
        self.drop()

    def _done(self) -> None:
        self._factory.waiting.discard(self)
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()


class _Transport:
    """The proxy's connection as the client's: all of the transport but the address."""

    def __init__(self, transport: Any, peer: IAddress) -> None:
        self._transport = transport
        self._peer = peer
        self.write = transport.write  # looked up once: these are called all the time
        directlyProvides(self, providedBy(transport))

    def getPeer(self) -> IAddress:
        """See ITransport."""
        return self._peer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
