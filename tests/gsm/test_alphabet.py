"""Septets and their packing."""

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import alphabet
from smsgwd.gsm.errors import CodingError, UnencodableText
from smsgwd.gsm.tables import LOCKING, SINGLE

_CHARS = sorted((set(LOCKING[0]) - {"\x1b"}) | set(SINGLE[0].values()))
gsm_text = st.text(st.sampled_from(_CHARS), max_size=200)
septets = st.binary(max_size=200).map(lambda data: bytes(octet & 0x7F for octet in data))
_ORACLE = gsm0338.Codec()


@given(gsm_text)
def test_encode_agrees_with_an_independent_codec(text: str) -> None:
    assert alphabet.encode(text) == _ORACLE.encode(text)[0]


@given(septets.filter(lambda data: b"\x1b" not in data))
def test_decode_agrees_with_an_independent_codec(data: bytes) -> None:
    assert alphabet.decode(data) == _ORACLE.decode(data)[0]


@given(gsm_text)
def test_round_trip(text: str) -> None:
    assert alphabet.decode(alphabet.encode(text)) == text


@given(st.binary(max_size=200), st.sampled_from(sorted(LOCKING)), st.sampled_from(sorted(SINGLE)))
def test_decode_never_raises(data: bytes, locking: int, single: int) -> None:
    text = alphabet.decode(data, locking=locking, single=single)
    assert "\x1b" not in text
    assert "\ufffe" not in text


@given(st.text(max_size=60))
def test_plain_texts_are_those_with_equal_codes(text: str) -> None:
    if alphabet.plain(text):
        assert alphabet.encode(text, locking=0, single=1) == text.encode("ascii")
        assert alphabet.decode(text.encode("ascii")) == text


def test_plain_matches_exactly_the_shared_codes() -> None:
    shared = {chr(code) for code in range(128) if code != 0x1B and LOCKING[0][code] == chr(code)}
    assert {chr(code) for code in range(0x300) if alphabet.plain(chr(code))} == shared


@given(st.text(max_size=60) | gsm_text)
def test_foreign_finds_what_encode_refuses(text: str) -> None:
    found = alphabet.foreign(text)
    try:
        alphabet.encode(text)
    except UnencodableText as error:
        assert found is not None
        assert found.start() == error.position
    else:
        assert found is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1be", "€"),
        (b"\x1b\x41", "A"),  # the extension has nothing there
        (b"\x1b\x1b", " "),
        (b"a\x1b", "a "),
        (b"\x1b\x1be", " e"),
        (b"\x80", "\ufffd"),
        (b"\x00", "@"),
        (b"\x1b\xff", "\ufffd"),
    ],
)
def test_decoding_of_odd_octets(data: bytes, text: str) -> None:
    assert alphabet.decode(data) == text


def test_void_positions_are_replaced() -> None:
    assert alphabet.decode(b"\x0c", locking=4) == "\ufffd"
    assert alphabet.decode(b"\x1b\x0d", locking=0, single=6) == "\r"
    assert alphabet.decode(b"\x1b\x30", locking=6, single=5) == "0"


@pytest.mark.parametrize(
    ("text", "position"), [("abcç", 3), ("ж", 0), ("a\ud800b", 1), ("ab\0", 2), ("€€😀", 2), ("\x1b", 0)]
)
def test_the_first_unencodable_character_is_named(text: str, position: int) -> None:
    with pytest.raises(UnencodableText) as caught:
        alphabet.encode(text)
    assert caught.value.position == position
    assert caught.value.char == text[position]
    assert f"at position {position}" in str(caught.value)
    assert f"U+{ord(text[position]):04X}" in str(caught.value) or text[position] == "\0"


def test_unknown_tables_are_refused() -> None:
    with pytest.raises(CodingError, match="locking"):
        alphabet.encode("x", locking=2)
    with pytest.raises(CodingError, match="single"):
        alphabet.decode(b"x", single=14)


def test_fitted_replaces_what_does_not_fit() -> None:
    assert alphabet.fitted("aжb\0\ud800€") == "a?b??€"
    assert alphabet.fitted("aж", "") == "a"
    assert alphabet.fitted("ç", single=2) == "ç"
    with pytest.raises(UnencodableText):
        alphabet.fitted("a", "ж")


def test_count() -> None:
    assert alphabet.count("a€") == 3
    assert alphabet.count("ж") is None
    assert alphabet.count("क", locking=6) == 1


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("hellohello", "E8329BFD4697D9EC37"),
        ("test", "F4F29C0E"),
        ("a", "61"),
        ("", ""),
        ("1234567", "31D98C56B3DD1A"),  # 7 spare bits hold a CR
        ("12345678", "31D98C56B3DD70"),
    ],
)
def test_packing_known_values(text: str, packed: str) -> None:
    assert alphabet.pack(alphabet.encode(text)).hex().upper() == packed
    assert alphabet.decode(alphabet.unpack(bytes.fromhex(packed))) == text


@given(septets, st.integers(0, 6))
def test_packing_round_trip(data: bytes, fill: int) -> None:
    packed = alphabet.pack(data, fill)
    assert len(packed) == (len(data) * 7 + fill + 7) // 8
    assert alphabet.unpack(packed, fill, len(data)) == data
    on_boundary = (len(data) * 7 + fill) % 8 == 0
    expected = data[:-1] if on_boundary and data.endswith(b"\r") else data
    assert alphabet.unpack(packed, fill) == expected


@given(septets, st.integers(0, 6))
def test_packing_is_the_bit_string(data: bytes, fill: int) -> None:
    bits = "0" * fill + "".join(f"{septet:07b}"[::-1] for septet in data)
    if len(bits) % 8 == 1:
        bits += f"{0x0D:07b}"[::-1]
    bits += "0" * (-len(bits) % 8)
    expected = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    assert alphabet.pack(data, fill) == expected


@given(st.binary(max_size=160), st.integers(0, 6), st.none() | st.integers(0, 300))
def test_unpack_never_raises(data: bytes, fill: int, count: int | None) -> None:
    assert all(septet < 128 for septet in alphabet.unpack(data, fill, count))


def test_packing_refuses_octets_that_are_no_septets() -> None:
    with pytest.raises(CodingError):
        alphabet.pack(b"\x80")


@pytest.mark.parametrize(("octets", "fill"), [(0, 0), (6, 1), (7, 0), (4, 3), (9, 5), (14, 0)])
def test_fill_bits(octets: int, fill: int) -> None:
    assert alphabet.fill_bits(octets) == fill
    assert (octets * 8 + fill) % 7 == 0
