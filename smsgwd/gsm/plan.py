"""What a text costs: its encoding, data_coding and number of parts, before anything is cut.

`plan` is on the path of every submission: 1 µs for a plain one-part text (CPython 3.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from smsgwd.gsm import alphabet, cut
from smsgwd.gsm.coding import FLASH, Encoding, data_coding
from smsgwd.gsm.errors import CodingError, TooManyParts, UnencodableText
from smsgwd.gsm.tables import LANGUAGES, LOCKING

MAX_PARTS: Final = 255
"""TS 23.040 s9.2.3.24.1: the part number is one octet."""
CODINGS: Final = ("auto", "gsm", "latin1", "ucs2", "binary")
_ENCODING: Final[dict[str, Encoding]] = {
    "gsm": "gsm7",
    "gsm7": "gsm7",
    "latin1": "latin1",
    "ucs2": "ucs2",
    "binary": "binary",
}
_MOST_CHARACTERS: Final = 153  # no multi-part encoding holds more characters in a part


class Plan(NamedTuple):
    """How a text will travel."""

    encoding: Encoding
    data_coding: int
    parts: int
    units: int
    """Septets, octets or UTF-16 units of the whole text, headers not counted."""
    locking: int = 0
    """National language of the locking shift table, 0 the default."""
    single: int = 0
    """National language of the single shift table, 0 the default."""
    ref_bits: int = 8
    """Width of the concatenation reference the parts were counted for, 8 or 16."""


def plan(
    text: str | bytes,
    coding: str = "auto",
    *,
    flash: bool = False,
    max_parts: int = MAX_PARTS,
    ref_bits: int = 8,
    national: Iterable[int | str] = (),
    latin1: bool = False,
    replace: str | None = None,
) -> Plan:
    """Choose the encoding and count the parts.

    Args:
        text: the text; octets for a binary message.
        coding: 'auto' (the cheapest that fits), 'gsm', 'latin1', 'ucs2' or 'binary'.
        flash: shown at once, not stored.
        max_parts: 1–255.
        ref_bits: width of the concatenation reference, 8 or 16.
        national: languages (identifiers or names of TS 23.038 s6.2.1.2.4) whose shift tables may be used with 'auto'
            and 'gsm'; those are used only if the default alphabet does not do.
        latin1: whether 'auto' may choose Latin-1, where that takes fewer parts.
        replace: with 'gsm', what stands for a character that does not fit; None refuses it.

    Errors: UnencodableText, TooManyParts, CodingError.
    """
    if ref_bits not in (8, 16):
        raise CodingError(f"a reference has 8 or 16 bits, not {ref_bits}")
    if (
        len(text) <= 160
        and (coding == "auto" or coding == "gsm")
        and not flash
        and isinstance(text, str)
        and alphabet.plain(text)
    ):
        return Plan("gsm7", 0, 1, len(text), 0, 0, ref_bits)
    if not 1 <= max_parts <= MAX_PARTS:
        raise CodingError(f"max_parts is between 1 and {MAX_PARTS}, not {max_parts}")
    if len(text) > max(160, max_parts * _MOST_CHARACTERS):
        raise TooManyParts(-(-len(text) // _MOST_CHARACTERS), max_parts)
    wanted = _wanted(text, coding)
    if isinstance(text, bytes):
        return _checked(_octets_plan(len(text), flash, ref_bits), max_parts)
    if wanted is None:
        found = _cheapest(text, flash, max_parts, ref_bits, national, latin1)
    elif wanted == "gsm7":
        if replace is not None:
            text = alphabet.fitted(text, replace)
        found = _gsm_plan(text, flash, max_parts, ref_bits, national)
    else:
        found = _counted(text, wanted, flash, max_parts, ref_bits)
    return _checked(found, max_parts)


def _wanted(text: str | bytes, coding: str) -> Encoding | None:
    """Return the encoding a coding name demands, None for 'auto'. Errors: CodingError."""
    if coding == "auto":
        return "binary" if isinstance(text, bytes) else None
    encoding = _ENCODING.get(coding)
    if encoding is None:
        raise CodingError(f"unknown coding {coding!r}; known: {', '.join(CODINGS)}")
    if (encoding == "binary") != isinstance(text, bytes):
        raise CodingError(
            "a binary message is given as octets, not as text"
            if encoding == "binary"
            else f"octets are no {coding} text"
        )
    return encoding


def _checked(found: Plan, max_parts: int) -> Plan:
    """Return the plan. Errors: TooManyParts."""
    if found.parts > max_parts:
        raise TooManyParts(found.parts, max_parts)
    return found


def _octets_plan(octets: int, flash: bool, ref_bits: int) -> Plan:
    """Plan a binary message: octets may be cut anywhere."""
    one, many = cut.room("binary", 0), cut.room("binary", cut.header_octets(0, ref_bits))
    parts = 1 if octets <= one else -(-octets // many)
    return Plan("binary", data_coding("binary", flash=flash), parts, octets, 0, 0, ref_bits)


def _counted(
    text: str, encoding: Encoding, flash: bool, max_parts: int, ref_bits: int, locking: int = 0, single: int = 0
) -> Plan:
    """Plan a text in one encoding. Errors: UnencodableText; CodingError for flash Latin-1."""
    value = FLASH[encoding] if flash and encoding in FLASH else data_coding(encoding, flash=flash)
    data = cut.units(text, encoding, locking, single)
    units = len(data) // 2 if encoding == "ucs2" else len(data)
    languages = bool(locking) + bool(single)
    parts = 1
    if units > cut.room(encoding, cut.header_octets(languages)):
        size = cut.room(encoding, cut.header_octets(languages, ref_bits))
        parts = len(cut.ends(text, data, encoding, size, locking, single, max_parts))
    return Plan(encoding, value, parts, units, locking, single, ref_bits)


def _gsm_plan(text: str, flash: bool, max_parts: int, ref_bits: int, national: Iterable[int | str]) -> Plan:
    """Plan a text in the default alphabet or else the cheapest enabled national one. Errors: UnencodableText."""
    try:
        return _counted(text, "gsm7", flash, max_parts, ref_bits)
    except UnencodableText:
        found = _national_plan(text, flash, max_parts, ref_bits, national)
        if found is None:
            raise
        return found


def _national_plan(text: str, flash: bool, max_parts: int, ref_bits: int, national: Iterable[int | str]) -> Plan | None:
    """Return the cheapest plan that shifts to one of the enabled languages, None if none fits."""
    plans = []
    for language in national:
        identifier = LANGUAGES.get(language) if isinstance(language, str) else language
        if identifier is None or identifier not in LANGUAGES.values():
            raise CodingError(f"unknown national language {language!r}")
        locking = identifier if identifier in LOCKING else 0
        for pair in {(0, identifier), (locking, 0), (locking, identifier)} - {(0, 0)}:
            try:
                plans.append(_counted(text, "gsm7", flash, max_parts, ref_bits, *pair))
            except UnencodableText:
                continue
    return min(plans, key=lambda p: (p.parts, bool(p.locking) + bool(p.single), p.units, p), default=None)


def _cheapest(
    text: str, flash: bool, max_parts: int, ref_bits: int, national: Iterable[int | str], latin1: bool
) -> Plan:
    """Choose for 'auto': the default alphabet if it fits, else what takes fewest parts; ties go to UCS-2.

    Latin-1, if allowed, also beats a default alphabet that needs more parts because of its escapes.
    """
    if alphabet.foreign(text):
        found = _counted(text, "ucs2", flash, max_parts, ref_bits)  # refuses what is no text at all
        other = _national_plan(text, flash, max_parts, ref_bits, national)
        if other is not None and other.parts < found.parts:
            found = other
    else:
        found = _counted(text, "gsm7", flash, max_parts, ref_bits)
    if latin1 and found.parts > 1 and not flash:
        try:
            other = _counted(text, "latin1", flash, max_parts, ref_bits)
        except UnencodableText:
            return found
        if other.parts < found.parts:
            return other
    return found
