"""The user data header: information elements before the text (3GPP TS 23.040 s9.2.3.24).

`parse` is strict about lengths and tolerant of elements it does not know, which are kept verbatim. Concatenation
elements that contradict themselves are kept but not interpreted, as the specification demands.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from smsgwd.gsm.errors import MalformedUdh

CONCAT_8: Final = 0x00
PORTS_8: Final = 0x04
PORTS_16: Final = 0x05
CONCAT_16: Final = 0x08
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25


class InformationElement(NamedTuple):
    """One element: its identifier (0–255) and its octets."""

    id: int
    data: bytes


class Concatenation(NamedTuple):
    """Which part of which message a body is; `seq` from 1 to `total`."""

    ref: int
    total: int
    seq: int
    ref_bits: int
    """8 or 16: width of the reference; the same number in the other width is another message."""


class Ports(NamedTuple):
    """Application port addresses."""

    destination: int
    source: int


class Udh(NamedTuple):
    """A parsed header. Of an element that occurs twice the last counts (TS 23.040 s9.2.3.24)."""

    elements: tuple[InformationElement, ...] = ()
    octets: int = 0
    """Size on the wire, the length octet included."""

    def find(self, *ids: int) -> InformationElement | None:
        """Return the last element with one of these identifiers."""
        for element in reversed(self.elements):
            if element.id in ids:
                return element
        return None

    @property
    def concatenation(self) -> Concatenation | None:
        """The concatenation, None without one or with one that makes no sense (seq 0, seq above total)."""
        for element in reversed(self.elements):
            data = element.data
            if element.id == CONCAT_8 and len(data) == 3:
                found = Concatenation(data[0], data[1], data[2], 8)
            elif element.id == CONCAT_16 and len(data) == 4:
                found = Concatenation(int.from_bytes(data[:2], "big"), data[2], data[3], 16)
            else:
                continue
            if 1 <= found.seq <= found.total:
                return found
        return None

    @property
    def ports(self) -> Ports | None:
        """The application ports, 8-bit or 16-bit, None without."""
        element = self.find(PORTS_8, PORTS_16)
        if element is None:
            return None
        half = 1 if element.id == PORTS_8 else 2
        if len(element.data) != 2 * half:
            return None
        return Ports(int.from_bytes(element.data[:half], "big"), int.from_bytes(element.data[half:], "big"))

    @property
    def locking(self) -> int:
        """National language of the locking shift table, 0 without."""
        return self._language(LOCKING_SHIFT)

    @property
    def single(self) -> int:
        """National language of the single shift table, 0 without."""
        return self._language(SINGLE_SHIFT)

    def _language(self, identifier: int) -> int:
        element = self.find(identifier)
        return element.data[0] if element is not None and len(element.data) == 1 else 0


def parse(data: bytes) -> tuple[Udh, bytes]:
    """Split user data that has the UDH indicator (esm_class 0x40) into its header and its body.

    Errors: MalformedUdh if there is no length octet, the header is longer than the data, or an element is longer than
    the header.
    """
    if not data:
        raise MalformedUdh("the user data header indicator is set but there is no data")
    end = 1 + data[0]
    if end > len(data):
        raise MalformedUdh(f"the user data header claims {data[0]} octets, {len(data) - 1} are there")
    elements = []
    at = 1
    while at < end:
        if at + 2 > end:
            raise MalformedUdh(f"one stray octet at {at} of the user data header")
        following = at + 2 + data[at + 1]
        if following > end:
            raise MalformedUdh(f"element 0x{data[at]:02X} claims {data[at + 1]} octets, {end - at - 2} are there")
        elements.append(InformationElement(data[at], data[at + 2 : following]))
        at = following
    return Udh(tuple(elements), end), data[end:]


def build(elements: tuple[InformationElement, ...] | list[InformationElement]) -> bytes:
    """Return the header on the wire, its length octet included; nothing for no elements.

    Errors: MalformedUdh if it would exceed the 140 octets of a part or an identifier its octet.
    """
    if not elements:
        return b""
    if any(not 0 <= element.id <= 0xFF for element in elements):
        raise MalformedUdh("an element identifier is outside 0–255")
    size = sum(2 + len(element.data) for element in elements)
    if size > 139:
        raise MalformedUdh(f"a user data header of {size} octets does not fit a part")
    return bytes((size,)) + b"".join(bytes((e.id, len(e.data))) + e.data for e in elements)


def concat_8(ref: int, total: int, seq: int) -> InformationElement:
    """Return a concatenation element with an 8-bit reference (the low bits of `ref`)."""
    return InformationElement(CONCAT_8, bytes((ref & 0xFF, total, seq)))


def concat_16(ref: int, total: int, seq: int) -> InformationElement:
    """Return a concatenation element with a 16-bit reference (the low bits of `ref`)."""
    return InformationElement(CONCAT_16, (ref & 0xFFFF).to_bytes(2, "big") + bytes((total, seq)))


def ports_16(destination: int, source: int) -> InformationElement:
    """Return a 16-bit application port element. Errors: MalformedUdh for a port outside 0–65535."""
    if not (0 <= destination <= 0xFFFF and 0 <= source <= 0xFFFF):
        raise MalformedUdh("an application port is outside 0–65535")
    return InformationElement(PORTS_16, destination.to_bytes(2, "big") + source.to_bytes(2, "big"))


def languages(locking: int, single: int) -> list[InformationElement]:
    """Return the national language elements a text in these tables needs; none for the default tables."""
    elements = []
    if locking:
        elements.append(InformationElement(LOCKING_SHIFT, bytes((locking,))))
    if single:
        elements.append(InformationElement(SINGLE_SHIFT, bytes((single,))))
    return elements
