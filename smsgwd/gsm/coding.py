"""data_coding: what a value means and which value to send (SMPP 3.4 s5.2.19; 3GPP TS 23.038 s4).

0x00–0x0F have SMPP's own meanings; from 0x10 up a value is a GSM data coding scheme. Reserved values count as the
default alphabet, as TS 23.038 s4 demands.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from smsgwd.gsm import charset as _charset
from smsgwd.gsm.alphabet import fill_bits
from smsgwd.gsm.charset import Charset
from smsgwd.gsm.errors import CodingError

Encoding = Literal["gsm7", "latin1", "ucs2", "binary"]
"""What we send in."""

GSM7: Final = 0x00
BINARY: Final = 0x04
LATIN1: Final = 0x03
UCS2: Final = 0x08

DATA_CODING: Final[dict[Encoding, int]] = {"gsm7": GSM7, "latin1": LATIN1, "ucs2": UCS2, "binary": BINARY}
FLASH: Final[dict[Encoding, int]] = {"gsm7": 0xF0, "ucs2": 0x18, "binary": 0xF4}
"""Message class 0: shown at once, not stored. ISO 8859-1 has no such value."""

_DEFAULT: Final = "default"
_OCTETS: Final = "octets"
_UTF16: Final = "utf-16-be"
_CODECS: Final[dict[int, str]] = {
    0: _DEFAULT,
    1: "ascii",  # IA5
    2: _OCTETS,
    3: "latin-1",
    4: _OCTETS,
    5: "shift_jis",  # JIS X 0208: sent as Shift JIS, or as ISO-2022-JP, which its escapes betray
    6: "iso8859-5",
    7: "iso8859-8",
    8: _UTF16,
    9: "cp932",  # pictograms: vendor characters among Shift JIS
    10: "iso2022_jp_2",  # music codes
    13: "euc_jp",  # JIS X 0212, which Shift JIS lacks
    14: "euc_kr",  # KS C 5601
}
_GROUP_ALPHABET: Final = (_DEFAULT, _OCTETS, _UTF16, _DEFAULT)  # TS 23.038 s4, bits 3..2 of the general groups


class DataCoding(NamedTuple):
    """What a data_coding value says."""

    codec: str
    """'default' (the SMSC's default alphabet), 'octets' (no text) or the name of a Python codec."""
    message_class: int | None = None
    """0 flash, 1 handset, 2 SIM, 3 terminal equipment; None if the value says nothing."""
    compressed: bool = False
    """Compressed text (TS 23.042); kept as octets."""
    waiting: Literal["discard", "store"] | None = None
    """Message waiting indication, and whether the text is to be kept."""

    @property
    def text(self) -> bool:
        """Whether the octets are text that can be decoded."""
        return self.codec != _OCTETS


def describe(data_coding: int) -> DataCoding:
    """Return what a data_coding value (its low eight bits) means. Never raises."""
    value = data_coding & 0xFF
    if value < 0x10:
        return DataCoding(_CODECS.get(value, _DEFAULT))
    group = value >> 4
    if group < 0x8:  # general, and marked for automatic deletion: 0xCC 00ccaa
        message_class = value & 3 if value & 0x10 else None
        if value & 0x20:
            return DataCoding(_OCTETS, message_class, compressed=True)
        return DataCoding(_GROUP_ALPHABET[value >> 2 & 3], message_class)
    if group < 0xC:
        return DataCoding(_DEFAULT)
    if group == 0xC:
        return DataCoding(_DEFAULT, waiting="discard")
    if group == 0xD:
        return DataCoding(_DEFAULT, waiting="store")
    if group == 0xE:
        return DataCoding(_UTF16, waiting="store")
    return DataCoding(_OCTETS if value & 4 else _DEFAULT, value & 3)


def data_coding(encoding: Encoding, *, flash: bool = False) -> int:
    """Return the value to send for an encoding.

    Errors: CodingError for flash Latin-1, which no value expresses, and for an unknown encoding.
    """
    try:
        return (FLASH if flash else DATA_CODING)[encoding]
    except KeyError:
        raise CodingError(
            "a flash message cannot be sent in Latin-1" if encoding == "latin1" else f"unknown encoding {encoding!r}"
        ) from None


def is_flash(value: int) -> bool:
    """Return whether a data_coding value asks for immediate display (message class 0)."""
    return describe(value).message_class == 0


def decode_text(
    value: int, data: bytes, *, default: Charset = "gsm", locking: int = 0, single: int = 0, udh_octets: int = 0
) -> str | None:
    """Return the text of a body received with data_coding `value`, None if it is not text (8-bit, compressed).

    `data` is the body without its user data header, which took `udh_octets` (that decides the fill bits of packed
    septets); `locking` and `single` come from that header. Octets without a character become U+FFFD. Never raises for
    any value and octets; unknown national tables count as the default (TS 23.038 s6.2.1.2.1).
    """
    codec = describe(value).codec
    if codec == _OCTETS:
        return None
    if codec == _DEFAULT:
        fill = fill_bits(udh_octets)
        try:
            return _charset.decode(data, default, locking=locking, single=single, fill=fill)
        except CodingError:
            return _charset.decode(data, default, fill=fill)
    if codec == _UTF16:
        return _utf16(data)
    if codec == "shift_jis" and b"\x1b" in data:
        codec = "iso2022_jp_2"
    return data.decode(codec, "replace")


def _utf16(data: bytes) -> str:
    """Decode UCS-2 as UTF-16BE, tolerating a byte order mark of either order, lone surrogates and an odd last octet."""
    codec = _UTF16
    if data.startswith(b"\xfe\xff"):
        data = data[2:]
    elif data.startswith(b"\xff\xfe"):
        data, codec = data[2:], "utf-16-le"
    return data.decode(codec, "replace")
