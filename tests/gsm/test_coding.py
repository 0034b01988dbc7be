"""data_coding both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import alphabet
from smsgwd.gsm.charset import CHARSETS, Charset
from smsgwd.gsm.coding import DATA_CODING, FLASH, data_coding, decode_text, describe, is_flash
from smsgwd.gsm.errors import CodingError


@pytest.mark.parametrize(
    ("value", "codec", "message_class", "waiting"),
    [
        (0x00, "default", None, None),
        (0x01, "ascii", None, None),
        (0x02, "octets", None, None),
        (0x04, "octets", None, None),
        (0x0F, "default", None, None),
        (0x10, "default", 0, None),
        (0x11, "default", 1, None),
        (0x14, "octets", 0, None),
        (0x18, "utf-16-be", 0, None),
        (0x1C, "default", 0, None),
        (0x40, "default", None, None),
        (0x48, "utf-16-be", None, None),
        (0x58, "utf-16-be", 0, None),
        (0x80, "default", None, None),
        (0xBF, "default", None, None),
        (0xC8, "default", None, "discard"),
        (0xD8, "default", None, "store"),
        (0xE8, "utf-16-be", None, "store"),
        (0xF0, "default", 0, None),
        (0xF2, "default", 2, None),
        (0xF4, "octets", 0, None),
        (0xF7, "octets", 3, None),
        (0x1F0, "default", 0, None),
    ],
)
def test_meaning(value: int, codec: str, message_class: int | None, waiting: str | None) -> None:
    meaning = describe(value)
    assert (meaning.codec, meaning.message_class, meaning.waiting) == (codec, message_class, waiting)
    assert meaning.text == (codec != "octets")


@pytest.mark.parametrize("value", [0x20, 0x38, 0x60, 0x7F])
def test_compressed_text_is_octets(value: int) -> None:
    assert describe(value).compressed
    assert decode_text(value, b"abc") is None


@pytest.mark.parametrize(
    ("value", "data", "text"),
    [
        (0, b"\x00\x1be", "@€"),
        (1, b"@[a]", "@[a]"),
        (1, b"\xe9", "\ufffd"),
        (2, b"abc", None),
        (3, b"\xe9", "é"),
        (4, b"abc", None),
        (5, "日本".encode("shift_jis"), "日本"),
        (5, "日本".encode("iso2022_jp"), "日本"),
        (6, "привет".encode("iso8859-5"), "привет"),
        (7, "שלום".encode("iso8859-8"), "שלום"),
        (8, "Γειά 😀".encode("utf-16-be"), "Γειά 😀"),
        (9, "日本".encode("shift_jis"), "日本"),
        (10, "日本".encode("iso2022_jp"), "日本"),
        (13, "日本".encode("euc_jp"), "日本"),
        (14, "한국".encode("euc_kr"), "한국"),
        (0x18, "ж".encode("utf-16-be"), "ж"),
        (0xE0, "ж".encode("utf-16-be"), "ж"),
        (0xC8, b"\x05", "é"),
        (0xF0, b"\x05", "é"),
        (0xF5, b"\x05", None),
    ],
)
def test_decoding(value: int, data: bytes, text: str | None) -> None:
    assert decode_text(value, data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xfe\xff\x00a", "a"),
        (b"\xff\xfea\x00", "a"),
        (b"\x00a\x00", "a\ufffd"),
        (b"\xd8\x3d\x00a", "\ufffda"),
        (b"\xde\x00\x00a", "\ufffda"),
        (b"\x00a\xd8\x3d", "a\ufffd"),
        (b"", ""),
    ],
)
def test_ucs2_is_tolerated(data: bytes, text: str) -> None:
    assert decode_text(8, data) == text


@given(
    st.integers(-1, 0x1FF), st.binary(max_size=160), st.sampled_from(CHARSETS), st.integers(0, 255), st.integers(0, 255)
)
def test_decoding_never_raises(value: int, data: bytes, default: Charset, locking: int, single: int) -> None:
    text = decode_text(value, data, default=default, locking=locking, single=single, udh_octets=len(data) % 20)
    assert text is None or text.encode() is not None


@given(st.integers(0, 255))
def test_meaning_is_total(value: int) -> None:
    meaning = describe(value)
    assert meaning.message_class in (None, 0, 1, 2, 3)
    assert is_flash(value) == (meaning.message_class == 0)


def test_default_alphabet_of_the_connector_decides() -> None:
    assert decode_text(0, b"\xe9", default="latin1") == "é"
    assert decode_text(0, "é".encode(), default="utf-8") == "é"
    packed = alphabet.pack(alphabet.encode("hello"), alphabet.fill_bits(6))
    assert decode_text(0, packed, default="gsm-packed", udh_octets=6) == "hello"
    assert decode_text(0xF0, packed, default="gsm-packed", udh_octets=6) == "hello"


def test_national_tables() -> None:
    assert decode_text(0, b"\x1bS", single=1) == "Ş"
    assert decode_text(0, b"\x01", locking=6) == "\u0902"
    assert decode_text(0, b"\x1be", locking=200, single=200) == "€"


@pytest.mark.parametrize("encoding", sorted(DATA_CODING))
def test_values_sent_mean_what_was_meant(encoding: str) -> None:
    codecs = {"gsm7": "default", "latin1": "latin-1", "ucs2": "utf-16-be", "binary": "octets"}
    assert describe(DATA_CODING[encoding]).codec == codecs[encoding]  # type: ignore[index]
    if encoding == "latin1":
        with pytest.raises(CodingError, match="flash"):
            data_coding("latin1", flash=True)
    else:
        value = data_coding(encoding, flash=True)  # type: ignore[arg-type]
        assert value == FLASH[encoding]  # type: ignore[index]
        assert describe(value).codec == codecs[encoding]
        assert is_flash(value)
        assert not is_flash(data_coding(encoding))  # type: ignore[arg-type]


def test_unknown_encoding() -> None:
    with pytest.raises(CodingError, match="ebcdic"):
        data_coding("ebcdic")  # type: ignore[arg-type]
