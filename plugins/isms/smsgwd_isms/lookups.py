"""What a line of hlrquery.php says of a number."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.model.lookups import LookupState
from smsgwd.providers import NumberFacts

_STATES: Final = {
    "delivered": LookupState.DELIVERED,
    "undelivered": LookupState.UNDELIVERED,
    "unknown": LookupState.UNKNOWN,
    "failed": LookupState.FAILED,
}
_RUNNING: Final = frozenset(("queued", "pending"))
_COUNTRY = re.compile(r"[A-Za-z]{2}\Z", re.ASCII)
_LONGEST: Final = 100


def running(said: str) -> bool:
    """Whether it is `Queued` or `Pending`."""
    return said.lower() in _RUNNING


def facts_of(said: str) -> NumberFacts | None:
    """`Status;Country;Operator;IMSI;ServingMSC;ErrorCode`, of which fields may be missing; None for another line.

    A country that is no ISO code is left out: a name is not translated.
    """
    word, *rest = ("".join(filter(str.isprintable, part)).strip() for part in said.split(";"))
    state = _STATES.get(word.lower())
    if state is None:
        return None
    country, operator, imsi, msc, error = ([field[:_LONGEST] for field in rest] + [""] * 5)[:5]
    return NumberFacts(
        state,
        country=country.upper() if _COUNTRY.match(country) else "",
        operator=operator,
        imsi=imsi,
        msc=msc,
        error=error,
        source="isms",
    )
