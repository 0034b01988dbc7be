"""Numbering plans, as the phonenumbers library has them: numbers as people of a country write them, numbers in use.

The library takes 20 to 40 us a number and some megabytes, so it is imported by who needs it, and for a number that can
only be an international one a pattern says so first.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from smsgwd.model.refusals import Refusal, Refused

_TOO_SHORT: Final = "it has too few digits for its country"
_TOO_LONG: Final = "it has too many digits for its country"


def national(digits: str, region: str) -> str | None:
    """What digits written in a region (ISO 3166 alpha-2) mean, its code first; None when they are no number there.

    What is in the region's numbering plan is its number. What only has the length of one is where it begins with 0, as
    nothing international does, or where no country has the number.
    """
    fits = _fitting(region)
    if fits is None or fits.match(digits) is None:
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        if not phonenumbers.is_possible_number(number):
            return None
        if digits[0] != "0" and _reason("+" + digits) is None:
            return None
    return _digits_of(number)


def in_use(msisdn: str) -> str:
    """The number (digits, country code first) as its country's plan has it.

    Raises Refused(INVALID_RECIPIENT) saying why it is none. A trunk 0 behind the country code ('+44 (0)20...') is left
    out.
    """
    reason = _reason("+" + msisdn)
    if reason is not None:
        raise Refused(Refusal.INVALID_RECIPIENT, f"no numbering plan has this number: {reason}")
    import phonenumbers

    return _digits_of(phonenumbers.parse("+" + msisdn))


@cache
def _fitting(region: str) -> re.Pattern[str] | None:
    """What a number written in a region may look like: a number of it, perhaps behind a trunk prefix, or a call abroad.

    None for a region that there is not. Few regions exist, so this is bounded.
    """
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(region)
    if found is None or found.general_desc is None or found.general_desc.national_number_pattern is None:
        return None
    pattern = found.general_desc.national_number_pattern
    begins = [each for each in (found.national_prefix_for_parsing, found.international_prefix) if each]
    code = found.country_code
    trunk = "|".join(f"(?:{each})" for each in begins)
    return re.compile(f"(?:{pattern})\\Z|(?!{code})(?:{trunk})[0-9]" if trunk else f"(?:{pattern})\\Z", re.ASCII)


def _reason(written: str) -> str | None:
    """Why a number with + is none of today's; None when it is one."""
    import phonenumbers
    from phonenumbers import ValidationResult

    try:
        number = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return "no country has its calling code"
    if phonenumbers.is_valid_number(number):
        return None
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT:
            return _TOO_SHORT
        case ValidationResult.TOO_LONG:
            return _TOO_LONG
        case ValidationResult.INVALID_LENGTH:
            return "its country has no numbers of this length"
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "the area code is missing"
        case _:
            return "its country has no such range"


def _digits_of(number: object) -> str:
    """E.164 without its +."""
    import phonenumbers

    assert isinstance(number, phonenumbers.PhoneNumber)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
