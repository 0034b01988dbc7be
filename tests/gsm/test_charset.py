"""Default alphabets of connectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import charset
from smsgwd.gsm.errors import CodingError, UnencodableText


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("gsm", b"\x00\x1be\x05"),
        ("utf-8", "@€é".encode()),
        ("gsm-packed", bytes.fromhex("804DB900")),
    ],
)
def test_wire_form(name: charset.Charset, wire: bytes) -> None:
    assert charset.encode("@€é", name) == wire
    assert charset.decode(wire, name) == "@€é"


def test_latin1_and_ascii() -> None:
    assert charset.encode("@é", "latin1") == b"@\xe9"
    assert charset.encode("@e", "ascii") == b"@e"
    assert charset.decode(b"@\xe9", "latin1") == "@é"
    assert charset.decode(b"@\xe9", "ascii") == "@\ufffd"


@pytest.mark.parametrize(
    ("text", "name", "position"),
    [
        ("ab€", "latin1", 2),
        ("é", "ascii", 0),
        ("a\ud800", "utf-8", 1),
        ("a\0é", "ascii", 1),
        ("a\0\ud800", "utf-8", 1),
        ("ab\0", "latin1", 2),
        ("ж", "gsm", 0),
        ("aж", "gsm-packed", 1),
    ],
)
def test_the_first_unencodable_character_is_named(text: str, name: charset.Charset, position: int) -> None:
    with pytest.raises(UnencodableText) as caught:
        charset.encode(text, name)
    assert caught.value.position == position


def test_unknown_charset() -> None:
    with pytest.raises(CodingError, match="ebcdic"):
        charset.encode("a", "ebcdic")  # type: ignore[arg-type]
    with pytest.raises(CodingError, match="ebcdic"):
        charset.decode(b"a", "ebcdic")  # type: ignore[arg-type]


@given(st.binary(max_size=100), st.sampled_from(charset.CHARSETS), st.integers(0, 6))
def test_decode_never_raises(data: bytes, name: charset.Charset, fill: int) -> None:
    charset.decode(data, name, fill=fill).encode()


@given(st.text(max_size=60), st.sampled_from(charset.CHARSETS))
def test_round_trip_or_named_refusal(text: str, name: charset.Charset) -> None:
    try:
        wire = charset.encode(text, name)
    except UnencodableText as error:
        assert text[error.position] == error.char
        return
    decoded = charset.decode(wire, name)
    assert decoded == text or (name == "gsm-packed" and text == decoded + "\r")
