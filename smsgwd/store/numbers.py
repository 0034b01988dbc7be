"""One person's number: how it may be written."""

from __future__ import annotations

from typing import Final

#: What may stand between the digits of a number.
BETWEEN: Final = " -.()/"
_OUT: Final = str.maketrans("", "", BETWEEN)


def is_number(written: str, msisdn: str) -> bool:
    """True when an address as a tenant or an SMSC wrote it is this number (`msisdn`: digits, country code first).

    With '+', '00' or nothing before it, blanks and dashes between; a national form is not taken for it, since it may be
    somebody else's in another country.
    """
    plain = written.translate(_OUT).removeprefix("+")
    return bool(msisdn) and plain in (msisdn, f"00{msisdn}")
