"""A capture, read by another implementation of the formats."""

import io

import dpkt
import pytest

from smsgwd.net.wiretap import Link
from smsgwd.ops.pcap import Capture
from smsgwd.smpp.codec import encode
from smsgwd.smpp.pdu import EnquireLink, EnquireLinkResp, SubmitSm

LINK = Link(3, connector="sim", ours=("192.0.2.7", 40123), theirs=("198.51.100.9", 3600))
ESME = Link(4, listener="smpp", account="shop", ours=("2001:db8::1", 12775), theirs=("2001:db8::2", 50000))


def packets(capture):
    return [(at, dpkt.ip.IP(raw) if raw[0] >> 4 == 4 else dpkt.ip6.IP6(raw)) for at, raw in _reader(capture)]


def _reader(capture):
    reader = dpkt.pcap.Reader(io.BytesIO(bytes(capture.data)))
    assert reader.datalink() == 101
    return list(reader)


def right(ip):
    """Whether the checksum is the one that dpkt computes."""
    said = ip.data.sum
    ip.data.sum = 0
    if ip.v == 4:
        ip.sum = 0
    again = bytes(ip)
    return (dpkt.ip.IP(again) if ip.v == 4 else dpkt.ip6.IP6(again)).data.sum == said


def test_requests_and_answers_are_one_tcp_connection():
    capture = Capture()
    ask, answer, submit = encode(EnquireLink(sequence=1)), encode(EnquireLinkResp(sequence=1)), encode(SubmitSm())
    capture.add(LINK, True, 1_795_000_000.25, ask)
    capture.add(LINK, False, 1_795_000_000.5, answer)
    capture.add(LINK, True, 1_795_000_001.0, submit)
    (at, first), (_, second), (_, third) = packets(capture)
    assert at == pytest.approx(1_795_000_000.25) and capture.packets == 3
    assert (first.src, first.dst) == (bytes([192, 0, 2, 7]), bytes([198, 51, 100, 9]))
    assert (first.data.sport, first.data.dport) == (40123, 2775) == (second.data.dport, second.data.sport)
    assert (first.data.seq, first.data.ack) == (1, 1)
    assert (second.data.seq, second.data.ack) == (1, 1 + len(ask))
    assert (third.data.seq, third.data.ack) == (1 + len(ask), 1 + len(answer))
    assert [each.data.data for each in (first, second, third)] == [ask, answer, submit]
    assert all(each.len == len(bytes(each)) for each in (first, second, third))
    assert all(right(each) for each in (first, second, third))


def test_where_we_are_the_smsc_the_port_is_ours():
    capture = Capture()
    capture.add(ESME, False, 1.0, encode(EnquireLink(sequence=1)))
    capture.add(ESME, True, 1.1, encode(EnquireLinkResp(sequence=1)))
    (_, asked), (_, answered) = packets(capture)
    assert (asked.data.sport, asked.data.dport) == (50000, 2775) == (answered.data.dport, answered.data.sport)
    assert asked.src == answered.dst and asked.src[-1] == 2
    assert right(asked) and right(answered)


def test_a_pdu_that_is_longer_than_a_packet():
    capture = Capture()
    octets = (70_001).to_bytes(4, "big") + bytes(69_997)
    capture.add(LINK, True, 1.0, octets)
    found = [ip for _, ip in packets(capture)]
    assert b"".join(ip.data.data for ip in found) == octets and len(found) == capture.packets == 5
    assert [ip.data.seq for ip in found] == [1 + 16_384 * n for n in range(5)]


@pytest.mark.parametrize("ends", [("", "198.51.100.9"), ("::1", "198.51.100.9"), ("fe80::1%eth0", "fe80::2")])
def test_odd_addresses(ends):
    capture = Capture()
    capture.add(Link(1, connector="x", ours=(ends[0], 1), theirs=(ends[1], 2)), True, 1.0, b"1234")
    ((_, ip),) = packets(capture)
    assert ip.data.data == b"1234"


def test_connections_are_told_apart():
    capture = Capture()
    for link in (LINK, ESME, LINK):
        capture.add(link, True, 1.0, b"12345678")
    assert [ip.data.seq for _, ip in packets(capture)] == [1, 1, 9]
