"""SMSPresto's error codes as verdicts.

The page ends at 103; the codes above are those of gateways that speak like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from smsgwd.providers import Bad, Park, Permanent, Reply, Stop, Temporary

TEXTS: Final[Mapping[int, str]] = {
    1: "Authentication failed",
    10: "Invalid API key",
    11: "Invalid password",
    100: "Invalid sender",
    101: "The sender's character limit is exceeded",
    102: "Invalid recipient",
    103: "Invalid message",
    104: "Insufficient credit",
    105: "Unknown action",
    106: "Malformed request",
    107: "Temporarily unavailable",
}
_LONGEST: Final = 200


def decoded(reply: Reply) -> Any:
    """The body as JSON; None for what is none."""
    try:
        return msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def status_of(said: Any) -> int | None:
    """The `status` of an answer, which some write as text; None where there is none."""
    return whole(said.get("status")) if isinstance(said, dict) else None


def whole(value: Any) -> int | None:
    """A number from 0 up, as such or as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def bad_code(code: int, said: Mapping[str, Any]) -> Bad:
    """The verdict for an error code: nothing of the request was taken."""
    told = said.get("message")
    text = told[:_LONGEST] if isinstance(told, str) and told else TEXTS.get(code, "")
    why = f"{code} {text}".strip()
    if code in (1, 10, 11):
        return Stop(why)
    if code == 104:
        return Park(why)
    if code == 107:
        return Temporary(why)
    return Permanent(str(code), text, "message" if code in (102, 103) else "connector")
