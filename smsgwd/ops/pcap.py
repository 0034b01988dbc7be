"""PDUs as a capture file that Wireshark reads (libpcap format, raw IP packets).

Addresses and the ESME's port are the real ones; the SMSC's port is always 2775, by which the dissector knows SMPP.
What is between (IP and TCP headers, sequence numbers, checksums) is made up: the octets are taken above TCP and TLS.
"""

from __future__ import annotations

from array import array
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from sys import byteorder
from typing import Final

from smsgwd.net.wiretap import Link

SMPP_PORT: Final = 2775
_MAGIC: Final = 0xA1B2C3D4  # times in microseconds
_RAW_IP: Final = 101  # LINKTYPE_RAW
_SNAP: Final = 262_144
_SEGMENT: Final = 16_384  # octets of a PDU in one packet; an IPv4 packet has 65,535 at most
_TCP: Final = 6
_PSH_ACK: Final = 0x5018  # header of five words
_FILE = Struct("<IHHiIII")
_PACKET = Struct("<IIII")
_V4 = Struct(">BBHHHBBH4s4s")
_V6 = Struct(">IHBB16s16s")
_SEGMENT_HEAD = Struct(">HHIIHHHH")
_PSEUDO_V4 = Struct(">4s4sBBH")
_PSEUDO_V6 = Struct(">16s16sII")


class Capture:
    """Builds a file: `add` each PDU in its order, then take `data`."""

    def __init__(self) -> None:
        self.data = bytearray(_FILE.pack(_MAGIC, 2, 4, 0, 0, _SNAP, _RAW_IP))
        self.packets = 0
        self._next: dict[tuple[int, bool], int] = {}  # (link, sent by us) -> sequence number

    def add(self, link: Link, sent: bool, at: float, octets: bytes) -> None:
        """One PDU; `at` is seconds since 1970."""
        client, server = (link.theirs, link.ours) if link.is_server else (link.ours, link.theirs)
        ends = (client[0], client[1]), (server[0], SMPP_PORT)
        source, target = ends if sent != link.is_server else ends[::-1]
        mine, other = (link.number, sent), (link.number, not sent)
        for start in range(0, len(octets), _SEGMENT):
            piece = octets[start : start + _SEGMENT]
            sequence = self._next.get(mine, 1)
            packet = _packet(source, target, sequence, self._next.get(other, 1), piece)
            self._next[mine] = (sequence + len(piece)) & 0xFFFFFFFF
            seconds, rest = divmod(round(at * 1_000_000), 1_000_000)
            self.data += _PACKET.pack(seconds, rest, len(packet), len(packet)) + packet
            self.packets += 1


def _packet(source: tuple[str, int], target: tuple[str, int], sequence: int, ack: int, piece: bytes) -> bytes:
    """An IP packet with one TCP segment."""
    ours, theirs = _addresses(source[0], target[0])
    length = _SEGMENT_HEAD.size + len(piece)

    def segment(checksum: int) -> bytes:
        head = (source[1], target[1], sequence, ack, _PSH_ACK, 0xFFFF, checksum, 0)
        return _SEGMENT_HEAD.pack(*head) + piece

    if len(ours) == 4:
        pseudo = _PSEUDO_V4.pack(ours, theirs, 0, _TCP, length)
        total = _V4.size + length
        head = _V4.pack(0x45, 0, total, 0, 0x4000, 64, _TCP, 0, ours, theirs)
        ip = _V4.pack(0x45, 0, total, 0, 0x4000, 64, _TCP, _checksum(head), ours, theirs)
    else:
        pseudo = _PSEUDO_V6.pack(ours, theirs, length, _TCP)
        ip = _V6.pack(6 << 28, length, _TCP, 64, ours, theirs)
    return ip + segment(_checksum(pseudo + segment(0)))


def _addresses(first: str, second: str) -> tuple[bytes, bytes]:
    """Both as octets, of one family."""
    found = [_address(first), _address(second)]
    if any(isinstance(each, IPv6Address) for each in found):
        found = [IPv6Address(f"::ffff:{each}") if isinstance(each, IPv4Address) else each for each in found]
    return found[0].packed, found[1].packed


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return IPv4Address(0)


def _checksum(octets: bytes) -> int:
    """The one's complement sum of RFC 1071."""
    words = array("H", octets + bytes(len(octets) % 2))
    if byteorder == "little":
        words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
