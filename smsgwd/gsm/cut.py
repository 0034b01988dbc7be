"""The room of a part and where each part of a text ends.

`plan` counts with it and `segment` cuts with it, so that what was priced is what is sent.
"""

from __future__ import annotations

from typing import Final

from smsgwd.gsm import alphabet, charset
from smsgwd.gsm.cluster import last_cut
from smsgwd.gsm.coding import Encoding
from smsgwd.gsm.errors import CodingError

PART_OCTETS: Final = 140
"""User data of one SMS, header included (TS 23.040 s9.2.3.24)."""
_ESC: Final = 0x1B
_LAST_LATIN_TABLE: Final = 3
"""National languages up to this one have no combining characters in their tables."""


def header_octets(languages: int, ref_bits: int = 0) -> int:
    """Return the header's size in octets with that many national language elements and a reference of that width.

    `ref_bits` is 8 or 16, or 0 for a message that is not concatenated.
    """
    elements = languages * 3 + (5 if ref_bits == 8 else 6 if ref_bits else 0)
    return elements + 1 if elements else 0


def room(encoding: Encoding, header: int) -> int:
    """Return what a part holds beside a header of that many octets: septets, octets or UTF-16 units."""
    octets = PART_OCTETS - header
    if encoding == "gsm7":
        return octets * 8 // 7
    return octets // 2 if encoding == "ucs2" else octets


def units(text: str, encoding: Encoding, locking: int = 0, single: int = 0) -> bytes:
    """Return the text in an encoding, as what `room` counts: septets one an octet, octets, or UTF-16BE.

    Errors: UnencodableText; CodingError for 'binary', which no text has.
    """
    if encoding == "gsm7":
        return alphabet.encode(text, locking=locking, single=single)
    if encoding == "ucs2":
        return charset.encode_with(text, "utf-16-be", "UCS-2")
    if encoding == "latin1":
        return charset.encode_with(text, "latin-1", "Latin-1")
    raise CodingError("a binary message is given as octets, not as text")


def ends(
    text: str, data: bytes, encoding: Encoding, size: int, locking: int = 0, single: int = 0, most: int = 255
) -> list[int]:
    """Return the index in `text` at which each part ends; `size` is a part's room, `data` the text's `units`.

    Stops soon after `most` parts, so that a text far too long costs no more than one that is too long.
    """
    if encoding == "gsm7":
        return _ends_gsm(text, data, size, locking, single, most)
    if encoding == "ucs2":
        if len(data) == 2 * len(text):
            return _ends_plain(text, size, most)
        return _ends_utf16(text, data, size, most)
    return [*range(size, len(text), size), len(text)]


def _ends_gsm(text: str, data: bytes, size: int, locking: int, single: int, most: int) -> list[int]:
    """Cut septets: never inside an escape pair, and with the tables of scripts that combine not inside a cluster."""
    combining = locking > _LAST_LATIN_TABLE or single > _LAST_LATIN_TABLE
    if len(data) == len(text):
        if not combining:
            return [*range(size, len(text), size), len(text)]
        return _ends_plain(text, size, most)
    result: list[int] = []
    start = at = 0  # in the text, in the septets
    while len(data) - at > size and len(result) <= most:
        end = at + size
        if data[end - 1] == _ESC:
            end -= 1
        index = start + (end - at) - data.count(_ESC, at, end)
        if combining and (cut := last_cut(text, start, index)) != index:
            end -= len(alphabet.encode(text[cut:index], locking=locking, single=single))
            index = cut
        result.append(index)
        start, at = index, end
    result.append(len(text))
    return result


def _ends_plain(text: str, size: int, most: int) -> list[int]:
    """Cut a text whose characters take one unit each."""
    result: list[int] = []
    start = 0
    while len(text) - start > size and len(result) <= most:
        end = start + size
        start = last_cut(text, start, end)
        result.append(start)
    result.append(len(text))
    return result


def _ends_utf16(text: str, data: bytes, size: int, most: int) -> list[int]:
    """Cut a text with characters beyond the BMP, which take two units: never inside a surrogate pair."""
    result: list[int] = []
    start = at = 0  # in the text, in the octets
    while len(data) - at > 2 * size and len(result) <= most:
        end = at + 2 * size
        if 0xDC <= data[end] <= 0xDF:
            end -= 2
        index = start + len(data[at:end].decode("utf-16-be"))
        cut = last_cut(text, start, index)
        end -= len(text[cut:index].encode("utf-16-be"))
        result.append(cut)
        start, at = cut, end
    result.append(len(text))
    return result
