"""User data headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import udh
from smsgwd.gsm.errors import MalformedUdh
from smsgwd.gsm.udh import Concatenation, InformationElement, Ports, Udh

element_lists = st.lists(st.builds(InformationElement, st.integers(0, 255), st.binary(max_size=20)), max_size=6).filter(
    lambda elements: sum(2 + len(e.data) for e in elements) <= 139
)


@given(element_lists.filter(bool), st.binary(max_size=20))
def test_round_trip_keeps_every_element(elements: list[InformationElement], body: bytes) -> None:
    wire = udh.build(elements)
    header, rest = udh.parse(wire + body)
    assert header.elements == tuple(elements)
    assert header.octets == len(wire)
    assert rest == body


@given(st.binary(max_size=60))
def test_parse_raises_only_its_own_error(data: bytes) -> None:
    try:
        header, body = udh.parse(data)
    except MalformedUdh:
        return
    assert header.octets + len(body) == len(data)
    assert header.concatenation is None or 1 <= header.concatenation.seq <= header.concatenation.total
    assert header.ports is None or header.ports.source <= 0xFFFF
    assert 0 <= header.locking <= 255
    assert 0 <= header.single <= 255


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no data"),
        (b"\x05\x00\x03", "claims 5 octets, 2 are there"),
        (b"\x01\x00", "stray"),
        (b"\x03\x00\x02\x01", "element 0x00 claims 2 octets, 1 are there"),
    ],
)
def test_lying_lengths(data: bytes, message: str) -> None:
    with pytest.raises(MalformedUdh, match=message):
        udh.parse(data)


def test_an_empty_header_is_one_octet() -> None:
    assert udh.parse(b"\x00abc") == (Udh((), 1), b"abc")


def test_concatenation_with_8_bit_reference() -> None:
    header, body = udh.parse(bytes.fromhex("050003CC0301") + b"x")
    assert header.concatenation == Concatenation(0xCC, 3, 1, 8)
    assert body == b"x"
    assert udh.build([udh.concat_8(0x1CC, 3, 1)]) == bytes.fromhex("050003CC0301")


def test_concatenation_with_16_bit_reference_behind_other_elements() -> None:
    wire = udh.build([InformationElement(0x70, b"sim"), udh.concat_16(0x12345, 5, 4), *udh.languages(6, 6)])
    header, _ = udh.parse(wire)
    assert header.concatenation == Concatenation(0x2345, 5, 4, 16)
    assert (header.locking, header.single) == (6, 6)
    assert header.find(0x70) == InformationElement(0x70, b"sim")
    assert header.find(0x71) is None


@pytest.mark.parametrize("data", [b"\x01\x03\x00", b"\x01\x03\x04", b"\x01\x00\x01", b"\x01\x02", b"\x01\x02\x01\x00"])
def test_senseless_concatenation_is_not_interpreted(data: bytes) -> None:
    header, _ = udh.parse(udh.build([InformationElement(udh.CONCAT_8, data)]))
    assert header.concatenation is None
    assert header.elements[0].data == data


def test_the_last_of_repeated_elements_counts() -> None:
    header, _ = udh.parse(udh.build([udh.concat_8(1, 2, 1), udh.concat_8(9, 2, 2)]))
    assert header.concatenation == Concatenation(9, 2, 2, 8)


def test_ports() -> None:
    assert udh.parse(udh.build([udh.ports_16(2948, 9200)]))[0].ports == Ports(2948, 9200)
    assert udh.parse(udh.build([InformationElement(udh.PORTS_8, b"\xf0\xf1")]))[0].ports == Ports(0xF0, 0xF1)
    assert udh.parse(udh.build([InformationElement(udh.PORTS_16, b"\xf0")]))[0].ports is None
    assert Udh().ports is None
    with pytest.raises(MalformedUdh):
        udh.ports_16(65536, 0)


def test_languages() -> None:
    assert udh.languages(0, 0) == []
    assert udh.build(udh.languages(1, 3)) == bytes.fromhex("06250101240103")
    assert Udh((InformationElement(udh.SINGLE_SHIFT, b""),), 3).single == 0


def test_build_refuses_what_does_not_fit() -> None:
    assert udh.build([]) == b""
    assert len(udh.build([InformationElement(1, bytes(137))])) == 140
    with pytest.raises(MalformedUdh):
        udh.build([InformationElement(1, bytes(138))])
    with pytest.raises(MalformedUdh):
        udh.build([InformationElement(256, b"")])
