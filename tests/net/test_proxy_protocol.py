"""PROXY headers: the parser, to the letter and under random octets; the factory that stands before another."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from smsgwd.net.http_address import networks
from smsgwd.net.proxy_protocol import HeaderError, ProxyProtocolFactory, parse_header
from tests.net.fake_wire import FakeTransport

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def v2(command=0x21, family=0x11, block=b"", length=None):
    return SIGNATURE + struct.pack(">BBH", command, family, len(block) if length is None else length) + block


def tcp4(source="192.0.2.7", target="198.51.100.1", ports=(4711, 2775), tlvs=b""):
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    return addresses + struct.pack(">HH", *ports) + tlvs


GOOD = [
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 2775\r\n", ("192.0.2.7", 4711)),
    (b"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", ("255.255.255.255", 65535)),
    (b"PROXY TCP6 2001:db8::7 2001:DB8::1 4711 2775\r\n", ("2001:db8::7", 4711)),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", ("ffff:" * 7 + "ffff", 65535)),
    (b"PROXY UNKNOWN\r\n", ("", 0)),
    (b"PROXY UNKNOWN whatever it says 1 2\r\n", ("", 0)),
    (v2(block=tcp4()), ("192.0.2.7", 4711)),
    (v2(block=tcp4(tlvs=b"\x04\x00\x03abc\x05\x00\x00")), ("192.0.2.7", 4711)),
    (v2(family=0x21, block=tcp4("2001:db8::7", "2001:db8::1")), ("2001:db8::7", 4711)),
    (v2(block=tcp4(tlvs=b"\x04" + struct.pack(">H", 520 - 15) + b"x" * (520 - 15))), ("192.0.2.7", 4711)),
    (v2(command=0x20, family=0), ("", 0)),
    (v2(command=0x20, family=0x99, block=b"what LOCAL brings is skipped"), ("", 0)),
    (v2(family=0), ("", 0)),
    (v2(family=0x31, block=bytes(216)), ("", 0)),
]

BAD = [
    b"GET / HTTP/1.1\r\n",
    b"\x00\x00\x00\x2f\x00\x00\x00\x09",  # a bind without a header
    b"PROXY",  # followed by nothing of its own, see below
    b"proxy TCP4 192.0.2.7 198.51.100.1 4711 2775\r\n",
    b"PROXY  TCP4 192.0.2.7 198.51.100.1 4711 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 2775 \r\n",
    b"PROXY TCP4 192.0.2.7\t198.51.100.1 4711 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 2775\n\r\n",
    b"PROXY TCP4 192.0.2.07 198.51.100.1 4711 2775\r\n",
    b"PROXY TCP4 192.0.2.256 198.51.100.1 4711 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 04711 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 99999\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 2775\r\n",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 2775\r\n",
    b"PROXY TCP6 192.0.2.7 198.51.100.1 4711 2775\r\n",
    b"PROXY TCP6 fe80::1%eth0 fe80::2 4711 2775\r\n",
    b"PROXY UDP4 192.0.2.7 198.51.100.1 4711 2775\r\n",
    b"PROXY UNKNOWNS\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4 " + b"1" * 200,
    b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    v2(command=0x22, block=tcp4()),
    v2(command=0x11, block=tcp4()),
    v2(family=0x12, block=tcp4()),
    v2(family=0x10, block=tcp4()),
    v2(block=tcp4()[:-1]),
    v2(family=0x21, block=tcp4()),
    v2(length=521),
    v2(length=0xFFFF),
    v2(block=tcp4(tlvs=b"\x04\x00")),
    v2(block=tcp4(tlvs=b"\x04\x00\x02x")),
    SIGNATURE[:11] + b"!",
]


@pytest.mark.parametrize(("octets", "expected"), GOOD)
def test_good_headers(octets, expected):
    for rest in (b"", b"\x00\x00\x00\x10", b"PROXY TCP4"):
        header = parse_header(octets + rest)
        assert (header.host, header.port) == expected and header.size == len(octets)


@pytest.mark.parametrize(("octets", "expected"), GOOD)
def test_a_header_comes_octet_by_octet(octets, expected):
    for size in range(len(octets)):
        assert parse_header(octets[:size]) is None
    assert parse_header(octets) is not None


@pytest.mark.parametrize("octets", BAD)
def test_bad_headers(octets):
    with pytest.raises(HeaderError):
        parse_header(octets + (b"!" if octets == b"PROXY" else b""))


def test_the_longest_lines():
    assert parse_header(b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n").size == 107
    assert parse_header(b"PROXY UNKNOWN " + b"x" * 92) is None  # 106 octets, and CR LF would be too late: seen at 107
    with pytest.raises(HeaderError, match="longer than 107"):
        parse_header(b"PROXY UNKNOWN " + b"x" * 93)


@given(st.binary(max_size=600), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ", SIGNATURE]))
def test_random_octets_are_a_header_unfinished_or_refused_and_bounded(tail, head):
    try:
        header = parse_header(head + tail)
    except HeaderError as error:
        assert str(error)
        return
    if header is None:
        assert len(head + tail) < 536
    else:
        assert header.size <= min(len(head + tail), 536)
        assert not header.host or ipaddress.ip_address(header.host)


@given(st.sampled_from(GOOD), st.data())
def test_mutated_headers_never_name_what_is_no_address(good, data):
    octets = bytearray(good[0])
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = parse_header(bytes(octets))
    except HeaderError:
        return
    if header is not None and header.host:
        assert str(ipaddress.ip_address(header.host)) == header.host and 0 <= header.port <= 65535


@given(st.ip_addresses(), st.integers(0, 65535), st.binary(max_size=64), st.booleans())
def test_what_is_written_is_read(address, port, rest, first):
    if first:
        line = f"PROXY TCP{address.version} {address} {address} {port} 2775\r\n".encode()
    else:
        family = 0x11 if address.version == 4 else 0x21
        line = v2(family=family, block=tcp4(str(address), str(address), (port, 1)))
    header = parse_header(line + rest)
    assert (header.host, header.port, header.size) == (str(address), port, len(line))


class Inner(Protocol):
    def __init__(self):
        self.data = b""
        self.lost = 0
        self.peer = None

    def connectionMade(self):
        self.peer = self.transport.getPeer()
        self.transport.write(b"hello")

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost += 1


class InnerFactory(Factory):
    def __init__(self):
        self.asked = []
        self.made = []
        self.refuse = False

    def buildProtocol(self, addr):
        self.asked.append(addr)
        if self.refuse:
            return None
        self.made.append(Inner())
        return self.made[-1]


class Proxied:
    def __init__(self, proxies=("192.0.2.0/24",), **options):
        self.reactor = Clock()
        self.inner = InnerFactory()
        self.refused = []
        self.factory = ProxyProtocolFactory(
            self.inner,
            networks(proxies),
            reactor=self.reactor,
            refused=lambda address, reason: self.refused.append((address, reason)),
            **options,
        )

    def connect(self, host="192.0.2.1"):
        kind = IPv6Address if ":" in host else IPv4Address
        protocol = self.factory.buildProtocol(kind("TCP", host, 1234))
        if protocol is None:
            return None
        transport = FakeTransport()
        transport.getPeer = lambda: kind("TCP", host, 1234)
        transport.attach(protocol)
        return transport


HEADER = b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 2775\r\n"


def test_the_real_address_is_what_the_protocol_sees_and_no_octet_is_lost():
    stand = Proxied()
    transport = stand.connect()
    assert stand.inner.asked == []
    transport.protocol.dataReceived(HEADER[:20])
    transport.protocol.dataReceived(HEADER[20:] + b"first")
    transport.protocol.dataReceived(b" and more")
    [inner] = stand.inner.made
    assert inner.data == b"first and more" and transport.writes == [b"hello"]
    assert (inner.peer.host, inner.peer.port) == ("203.0.113.9", 4711)
    assert stand.inner.asked[0].host == "203.0.113.9"
    transport.end()
    assert inner.lost == 1
    stand.reactor.advance(60)
    assert stand.refused == [] and not stand.reactor.getDelayedCalls()


def test_what_is_no_client_of_the_proxy_keeps_the_proxys_address():
    for header in (b"PROXY UNKNOWN\r\n", v2(command=0x20, family=0)):
        stand = Proxied()
        stand.connect().protocol.dataReceived(header)
        assert stand.inner.made[0].peer.host == "192.0.2.1"


def test_others_are_taken_as_they_come():
    stand = Proxied()
    transport = stand.connect("198.51.100.9")
    transport.protocol.dataReceived(HEADER)  # and what they say of themselves is not believed
    [inner] = stand.inner.made
    assert inner.data == HEADER and inner.peer.host == "198.51.100.9" and transport.protocol is inner


def test_a_proxy_on_a_dual_stack_listener():
    stand = Proxied()
    stand.connect("::ffff:192.0.2.1").protocol.dataReceived(HEADER)
    assert stand.inner.made[0].peer.host == "203.0.113.9"


def test_a_proxy_without_a_header_is_closed():
    stand = Proxied()
    transport = stand.connect()
    transport.protocol.dataReceived(b"\x00\x00\x00\x10")
    assert transport.aborted and stand.inner.made == []
    transport.protocol.dataReceived(HEADER)
    assert stand.inner.made == [] and stand.refused == [("192.0.2.1", "it does not begin with a PROXY header")]


def test_a_slow_proxy_is_closed():
    stand = Proxied()
    transport = stand.connect()
    for octet in HEADER[:9]:
        stand.reactor.advance(0.5)
        transport.protocol.dataReceived(bytes([octet]))
    assert not transport.aborted
    stand.reactor.advance(0.6)
    assert transport.aborted and stand.refused == [("192.0.2.1", "no PROXY header came in time")]


def test_a_probe_that_says_nothing_is_no_fault():
    stand = Proxied()
    stand.connect().end()
    stand.reactor.advance(10)
    assert stand.refused == [] and not stand.factory.waiting


def test_a_client_that_is_refused_is_closed():
    stand = Proxied()
    stand.inner.refuse = True
    transport = stand.connect()
    transport.protocol.dataReceived(HEADER + b"data")
    assert transport.disconnecting
    transport.protocol.dataReceived(b"more")
    transport.end()
    assert not stand.reactor.getDelayedCalls()


def test_how_many_may_wait_is_bounded_and_a_closed_port_drops_them():
    stand = Proxied(most_waiting=2)
    waiting = [stand.connect(), stand.connect()]
    assert stand.connect() is None and len(stand.refused) == 1
    stand.factory.doStop()
    assert all(transport.aborted for transport in waiting) and not stand.reactor.getDelayedCalls()


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=12))
def test_random_reads_never_raise(reads):
    stand = Proxied()
    transport = stand.connect()
    for read in reads:
        if not transport.disconnected:
            transport.protocol.dataReceived(read)
    stand.reactor.advance(6)
    assert transport.disconnected or stand.inner.made
