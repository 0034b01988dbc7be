"""Ardary's error codes as verdicts.

The provider's page has #001 to #004, for contacts; the others are those of gateways that speak like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from smsgwd.providers import Bad, Park, Permanent, Stop, Temporary

TEXTS: Final[Mapping[str, str]] = {
    "#001": "Invalid phone number",
    "#002": "Empty phone number",
    "#003": "No phone number",
    "#004": "Invalid E-mail",
    "#005": "Empty message",
    "#006": "Repeated id_sms_api",
    "#007": "Invalid date",
    "#008": "Invalid url",
    "#009": "Sender not allowed",
    "#010": "Forbidden by a rule",
    "#100": "Authentication failed",
    "#101": "Malformed request",
    "#102": "Insufficient credit",
    "#103": "No route",
    "#104": "Temporarily unavailable",
}
REPEATED: Final = "#006"
_LONGEST: Final = 40


def codes_in(value: Any) -> list[str]:
    """The error codes of an answer's `errors`: a list, or one alone."""
    found: Iterable[Any] = value if isinstance(value, list) else (value,)
    return [str(code).strip()[:_LONGEST] for code in found if isinstance(code, str | int) and str(code).strip()]


def described(codes: Iterable[str]) -> str:
    """Codes with their texts, for people."""
    return ", ".join(f"{code} {TEXTS[code]}" if code in TEXTS else code for code in codes)


def refused(codes: list[str], *, whole: bool) -> Bad:
    """The verdict for error codes of one entry, or of a `whole` request. The gravest one counts."""
    text = described(codes)
    if "#100" in codes:
        return Stop(text)
    if "#102" in codes:
        return Park(text)
    lasting = [code for code in codes if code not in ("#104", REPEATED)]
    if not lasting:
        return Temporary(text or "failed without an error code")
    code = lasting[0]
    ours = code in ("#009", "#103") or (whole and code not in ("#001", "#002", "#003", "#005", "#010"))
    return Permanent(code, TEXTS.get(code, ""), "connector" if ours else "message")
