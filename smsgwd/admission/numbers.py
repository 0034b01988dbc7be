"""Recipients: what a tenant wrote → digits with the country code first (ITU-T E.164).

Unique numbers never hit a cache, so this is a table look-up and not a numbering-plan library: a number is taken when it
has 7 to 15 digits and starts with an assigned country calling code. The library is asked (`plans.py`) where a tenant
writes numbers as in its own country, or wants only those that today's numbering plans have.
"""

import re

from smsgwd.admission import plans
from smsgwd.model.calling_codes import BEGINNINGS
from smsgwd.model.refusals import Refusal, Refused

_SHORTEST, _LONGEST = 7, 15
_SEPARATORS = str.maketrans("", "", " -.()/\u00a0\u2009\u2010\u2011")
_LONGEST_WRITTEN = 40
_digits = re.compile(r"[0-9]+\Z", re.ASCII).match
_plain = re.compile(r"[1-9][0-9]{6,14}\Z", re.ASCII).match


def msisdn(written: str, region: str | None = None, *, strict: bool = False, international: bool = False) -> str:
    """The digits of a recipient; raises Refused(INVALID_RECIPIENT) saying what is wrong.

    Taken: `+30 691 234 5678`, `00306912345678`, `306912345678`; with a `region` (ISO 3166 alpha-2) also what is a
    number there, such as `6912345678` or `020 7946 0000`. Without + or 00 a number of the region is taken for one, even
    where another country's code begins like it; `international` says that the country code comes first for certain
    (type of number 1 in SMPP, dialects whose page says so). `strict` takes only numbers that numbering plans have.
    """
    plus = written[:1] == "+"
    if plus or region is None or international or written[:2] == "00":
        digits = written[1:] if plus else written
        # Nearly every number: there is nothing to be taken out.
        number = digits if _plain(digits) and digits[:3] in BEGINNINGS else _international(written)
    else:
        number = _written_in(region, written)
    return plans.in_use(number) if strict else number


def _international(written: str) -> str:
    """A number whose country code comes first, after + or 00 or nothing."""
    if len(written) > _LONGEST_WRITTEN:
        raise _refused(f"a phone number of {len(written)} characters")
    digits = written.translate(_SEPARATORS)
    if digits.startswith("+"):
        digits = digits[1:]
    elif digits.startswith("00"):
        digits = digits[2:]
    if _plain(digits) is None:
        raise _refused(_fault(digits))
    if digits[:3] not in BEGINNINGS:
        raise _refused(f"no country has the calling code that {digits[:3]}... starts with")
    return digits


def _written_in(region: str, written: str) -> str:
    """A number without + or 00 of a tenant in a region: one of that region, else one whose country code comes first."""
    if len(written) > _LONGEST_WRITTEN:
        raise _refused(f"a phone number of {len(written)} characters")
    digits = written.translate(_SEPARATORS)
    if _digits(digits) is None or digits[:2] == "00":
        return _international(written)
    national = plans.national(digits, region)
    if national is None or _plain(national) is None:
        if digits[0] == "0":
            raise _refused(f"this is no number of {region}, and a number of another country starts with its code")
        return _international(digits)
    return national


def _fault(digits: str) -> str:
    """What is wrong with digits that are no number."""
    if not digits:
        return "the phone number is empty"
    if not (digits.isascii() and digits.isdigit()):
        return "a phone number has digits only, after an optional + or 00"
    if digits.startswith("0"):
        return "the phone number must start with its country code"
    return f"a phone number has {_SHORTEST} to {_LONGEST} digits, not {len(digits)}"


def _refused(detail: str) -> Refused:
    return Refused(Refusal.INVALID_RECIPIENT, detail)
