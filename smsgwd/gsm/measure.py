"""How full the last part of a text is, and which characters make it cost more: for people who type."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from smsgwd.gsm import alphabet, cut
from smsgwd.gsm.coding import Encoding
from smsgwd.gsm.plan import MAX_PARTS, plan


class Measure(NamedTuple):
    """A text as it will travel. Units are septets, octets or UTF-16 units: what a part's room is counted in."""

    encoding: Encoding
    parts: int
    characters: int
    """Of the whole text; of a binary message its octets."""
    units: int
    last: int
    """Units in the last part."""
    left: int
    """Units that the last part has room for still."""
    room: int
    """Units that a part holds, of a message with so many parts."""


def measure(text: str | bytes, coding: str = "auto", *, flash: bool = False) -> Measure:
    """Count a text as `plan` plans it.

    Errors: as `plan` has them; TooManyParts beyond what SMS can join (255), whatever a gateway's own limit is.
    """
    found = plan(text, coding, flash=flash, max_parts=MAX_PARTS)
    encoding, parts, units = found.encoding, found.parts, found.units
    room = cut.room(encoding, cut.header_octets(0, found.ref_bits if parts > 1 else 0))
    if parts == 1:
        last = units
    elif isinstance(text, bytes):
        last = units - (parts - 1) * room
    else:
        data = cut.units(text, encoding)
        begin = cut.ends(text, data, encoding, room)[-2]
        last = len(cut.units(text[begin:], encoding)) // (2 if encoding == "ucs2" else 1)
    return Measure(encoding, parts, len(text), units, last, room - last, room)


def costly(text: str, most: int = 50) -> dict[str, int]:
    """The characters that the GSM alphabet lacks, as often as they occur, in the order of the text: `most` at most.

    One of them is enough to make a text UCS-2.
    """
    if alphabet.foreign(text) is None:
        return {}
    counted = Counter(text)
    lacking = (char for char in counted if alphabet.foreign(char) is not None)
    return {char: counted[char] for char, _ in zip(lacking, range(most), strict=False)}
