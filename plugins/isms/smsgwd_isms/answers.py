"""What the lines say that iSMS answers with: one line of text, mostly with status 200, errors too."""

from __future__ import annotations

import math
import re
from typing import Final

from smsgwd.model.message import State
from smsgwd.providers import (
    Balance,
    Halt,
    NoAnswer,
    Park,
    Permanent,
    Reply,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
)

Refusal = Temporary | Permanent | Unknown | SlowDown | Park | Stop

AUTHENTICATION: Final = "Authentication error"
NO_RECIPIENTS: Final = "No recipients"
NO_CREDITS: Final = "Insufficient credits"
#: What query.php and hlrquery.php say of what they do not know.
NO_SUCH: Final = frozenset(("No such message or recipient", "No such message ID or mobile"))

_ID = re.compile(r"ID:\s*([0-9A-Za-z]{1,40})\Z", re.ASCII)
_ERROR = re.compile(r"Error:\s*(\S.*)\Z", re.DOTALL)
_STATUS = re.compile(r"Status:\s*([A-Za-z]+)\Z", re.ASCII)
_CREDITS = re.compile(r"Credits:\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,10})?)\Z", re.ASCII)
_NUMBER = re.compile(r"[0-9]{5,}")
_LONGEST: Final = 100
#: Greek letters that look like Latin ones: the page's own OK is written with them.
_LATIN: Final = str.maketrans("ΟΚοκ", "OKok")

#: None = on its way (Queued, Pending).
STATES: Final[dict[str, State | None]] = {
    "queued": None,
    "pending": None,
    "delivered": State.DELIVERED,
    "failed": State.UNDELIVERED,
}


def line(reply: Reply) -> str:
    """The answer without what may be around it: white space, a byte order mark."""
    return reply.text().strip().removeprefix("\ufeff").strip()


def submission_of(said: str) -> str | None:
    """The id of `ID:I7I5R4HTAA`, as written; None for another line."""
    found = _ID.match(said)
    return None if found is None else found[1]


def error_of(said: str) -> str | None:
    """The sentence of `Error: Authentication error.`, without its full stop; None for another line."""
    found = _ERROR.match(said)
    return None if found is None else found[1].strip().rstrip(".")


def state_word(said: str) -> str | None:
    """`Delivered` of `Status: Delivered`; None for another line."""
    found = _STATUS.match(said)
    return None if found is None else found[1]


def is_ok(said: str) -> bool:
    """Whether it is OK, in Latin letters or in the page's Greek ones."""
    return said.translate(_LATIN).upper() == "OK"


def balance_of(said: str) -> Balance:
    """What `Credits:3948.47` has. Raises NoAnswer for another line."""
    found = _CREDITS.match(said)
    amount = math.nan if found is None else float(found[1])
    if not math.isfinite(amount):
        raise NoAnswer("credits.php answered with something else than credits")
    return Balance(amount)


def refused(reply: Reply, said: str) -> Refusal | None:
    """What is not done, and why; None for an answer that may be a success: status 200, or 2xx, and no error.

    A sentence that the page does not have is taken as final for this account: the error says that nothing was sent.
    """
    status = reply.status
    if status == 504:
        # A proxy that waited in vain: what stands behind it may have the message.
        return Unknown("answered 504")
    if status >= 500:
        return Temporary(f"answered {status}", reply.retry_after_s)
    if status == 429:
        return SlowDown("answered 429", reply.retry_after_s)
    error = error_of(said)
    if error is not None:
        return _by_sentence(error)
    if status == 401:
        return Stop("answered 401")
    if status in (400, 403, 413, 414, 431):
        # One message can be at fault here (a long address, a filter before the provider): no reason to stop for it.
        return Permanent(str(status), f"answered {status}", scope="connector")
    if status >= 300:
        return Temporary(f"answered {status}" + (": is 'base_url' right?" if status < 400 or status == 404 else ""))
    return None


def _by_sentence(error: str) -> Refusal:
    match error.lower():
        case "authentication error":
            return Stop(AUTHENTICATION)
        case "insufficient credits":
            return Park(NO_CREDITS)
        case "no recipients":
            return Permanent(NO_RECIPIENTS)
        case _:
            return Permanent(shown(error), scope="connector")


def shown(text: str) -> str:
    """A stranger's words, fit for people and logs: one short line without numbers that may be somebody's."""
    kept = "".join(char if char.isprintable() else " " for char in text[: 4 * _LONGEST])
    return _NUMBER.sub("*", " ".join(kept.split()))[:_LONGEST] or "error"


def checked(reply: Reply, what: str) -> str:
    """The line of an answer that is no error. Raises Halt for errors of account and provider, NoAnswer for a status
    that says nothing."""
    said = line(reply)
    refusal = refused(reply, said)
    if isinstance(refusal, Unknown):
        raise NoAnswer(f"{what} {refusal.reason}")
    if isinstance(refusal, Permanent) and error_of(said) is None:
        raise Halt(Temporary(f"{what} {refusal.reason}"))
    if refusal is not None and not isinstance(refusal, Permanent):
        raise Halt(refusal)
    return said
