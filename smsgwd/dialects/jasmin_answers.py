"""What Jasmin says of outcomes, whichever of its APIs asked: statuses and sentences (0.11, protocols/http)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from smsgwd.dialects.commands import Funds
from smsgwd.dialects.jasmin_fields import Value, invalid
from smsgwd.model.refusals import BY_CODE, Refusal
from smsgwd.model.submission import Entry, Outcome

_MICRO: Final = 1_000_000
_ACCESS: Final = frozenset({Refusal.UNAUTHENTICATED, Refusal.TOO_MANY_FAILURES, Refusal.ADDRESS_NOT_ALLOWED})
_BUSY: Final = frozenset({Refusal.STORE_UNAVAILABLE, Refusal.SHUTTING_DOWN, Refusal.OVERLOADED, Refusal.INTERNAL})
_FILTERS: Final = {
    Refusal.SENDER_NOT_ALLOWED: "source_address",
    Refusal.INVALID_SENDER: "source_address",
    Refusal.DESTINATION_BARRED: "destination_address",
    Refusal.BLACKLISTED: "destination_address",
    Refusal.OPTED_OUT: "destination_address",
    Refusal.CONTENT_REFUSED: "content",
    Refusal.INVALID_TEXT: "content",
}
_ARGUMENTS: Final = {
    Refusal.INVALID_RECIPIENT: "to",
    Refusal.INVALID_SCHEDULE: "sdt",
    Refusal.INVALID_VALIDITY: "validity-period",
    Refusal.INVALID_DLR_URL: "dlr-url",
}
_SENTENCES: Final = {
    Refusal.NO_ROUTE: (412, "No route found"),
    Refusal.NO_CREDIT: (403, "Cannot charge submit_sm, check RouterPB log file for details"),
    Refusal.OVER_RATE: (403, "User throughput exceeded"),
}
_CANNOT_SEND: Final = "Cannot send submit_sm, check SMPPClientManagerPB log file for details"


class Ask(msgspec.Struct, gc=False):
    """One request, read."""

    endpoint: str  #: send, rate, balance, sendbatch
    given: dict[str, Value]
    user: str
    rest: bool = False
    failed: list[tuple[str, str]] = []  #: of a batch, number and sentence of what was no message
    spans: list[int] = []  #: of a batch, how many items each message is
    scheduled: int | None = None  #: of a batch, seconds until it is sent
    callbacks: tuple[str | None, str | None] = (None, None)  #: of a batch, callback_url and errback_url


class Reply(msgspec.Struct, gc=False):
    """What is answered, before it has a shape: a sentence, an id, or an object."""

    status: int
    said: Any
    well: bool = True


def uuid_of(number: int) -> str:
    """A message's or a submission's id in the form that Jasmin's have (RFC 9562, version 8): the last fifteen digits
    behind the 8 of the fourth group are its lower 60 bits, the first group the rest."""
    low = f"{number & 0xFFF_FFFF_FFFF_FFFF:015x}"
    return f"{number >> 60:08x}-0000-8000-8{low[:3]}-{low[3:]}"


def sent(outcome: Outcome, ask: Ask) -> Reply:
    """Of one message, the last of its items."""
    bad = next((entry for entry in outcome.entries if entry.error is not None), None)
    if bad is not None:
        return failed(bad, ask.user, ask.given)
    return Reply(200, uuid_of(outcome.entries[-1].id or 0))


def rate(outcome: Outcome, ask: Ask) -> Reply:
    """What a part costs, and how many there are."""
    bad = next((entry for entry in outcome.entries if entry.error is not None), None)
    if bad is not None:
        return failed(bad, ask.user, ask.given)
    parts = sum(entry.parts for entry in outcome.entries)
    price = sum(entry.price for entry in outcome.entries)
    return Reply(200, {"unit_rate": price / max(parts, 1) / _MICRO, "submit_sm_count": parts})


def balance(funds: Funds) -> Reply:
    """What can be spent; ND (not defined) where there is no limit. No quota of messages is kept."""
    left = funds.available
    return Reply(200, {"balance": "ND" if left is None else left / _MICRO, "sms_count": "ND"})


def failed(entry: Entry, user: str, given: Mapping[str, Value]) -> Reply:
    """Of a refused message."""
    error = entry.error
    refusal = BY_CODE.get(error.code, Refusal.INTERNAL) if error is not None else Refusal.INTERNAL
    return refusal_of(refusal, user, given or {"to": entry.dest})


def refusal_of(refusal: Refusal, user: str, given: Mapping[str, Value]) -> Reply:
    """Jasmin's sentence for a refusal, the nearest where it has none."""
    if refusal in _ACCESS:
        return Reply(403, f"Authentication failure for username:{user}", False)
    found = _SENTENCES.get(refusal)
    if found is not None:
        return Reply(*found, False)
    if refusal in _ARGUMENTS:
        name = _ARGUMENTS[refusal]
        return Reply(400, str(invalid(name, given.get(name, b""))), False)
    if refusal in _FILTERS:
        sentence = f"Value filter failed for user [{user}] ({_FILTERS[refusal]} filter mismatch)."
        return Reply(400, sentence, False)
    if refusal is Refusal.TOO_MANY_PARTS:
        return Reply(400, f"Authorization failed for user [{user}] (Long content not authorized).", False)
    if refusal is Refusal.OUT_OF_SCOPE:
        return Reply(400, f"Authorization failed for user [{user}] (Not allowed for this credential).", False)
    if refusal in _BUSY:
        return Reply(refusal.http, _CANNOT_SEND, False)
    return Reply(400 if refusal.http == 422 else refusal.http, refusal.title, False)
