"""Ardary's error codes: the page's four for contacts, ours for what it leaves open, and which refusal is which."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.dialects.http import JSON, Answer
from smsgwd.model.refusals import BY_CODE, Refusal

BAD_PHONE, EMPTY_PHONE, NO_PHONE, BAD_EMAIL = "#001", "#002", "#003", "#004"  #: the page's
EMPTY_TEXT, REPEATED, BAD_DATE, BAD_URL, SENDER = "#005", "#006", "#007", "#008", "#009"
RULE: Final = "#010"  #: a rule forbids this message: an opt-out, a blacklist, its content, a duplicate, ...
AUTHENTICATION, MALFORMED, CREDIT, ROUTE = "#100", "#101", "#102", "#103"
LATER: Final = "#104"  #: nothing was taken; the same request may be taken later

_ENTRY: Final = {
    Refusal.INVALID_RECIPIENT: BAD_PHONE,
    Refusal.REPEATED_REF: REPEATED,
    Refusal.INVALID_SCHEDULE: BAD_DATE,
    Refusal.INVALID_VALIDITY: BAD_DATE,
    Refusal.INVALID_LINK: BAD_URL,
    Refusal.INVALID_SENDER: SENDER,
    Refusal.SENDER_NOT_ALLOWED: SENDER,
    Refusal.NO_CREDIT: CREDIT,
    Refusal.NO_ROUTE: ROUTE,
    Refusal.DESTINATION_BARRED: ROUTE,
    Refusal.UNAUTHENTICATED: AUTHENTICATION,
    Refusal.TOO_MANY_FAILURES: AUTHENTICATION,
    Refusal.ADDRESS_NOT_ALLOWED: AUTHENTICATION,
    Refusal.OUT_OF_SCOPE: AUTHENTICATION,
    Refusal.MALFORMED: MALFORMED,
    Refusal.INVALID: MALFORMED,
    Refusal.NOT_FOUND: MALFORMED,
    Refusal.METHOD_NOT_ALLOWED: MALFORMED,
    Refusal.TOO_LARGE: MALFORMED,
    Refusal.HEADERS_TOO_LARGE: MALFORMED,
    Refusal.REQUEST_TIMEOUT: MALFORMED,
    Refusal.UNSUPPORTED_MEDIA_TYPE: MALFORMED,
    Refusal.OVER_RATE: LATER,
    Refusal.STORE_UNAVAILABLE: LATER,
    Refusal.SHUTTING_DOWN: LATER,
    Refusal.OVERLOADED: LATER,
    Refusal.INTERNAL: LATER,
}
_STATUS: Final = {Refusal.NO_CREDIT: 402, Refusal.NO_ROUTE: 400}

_encode = msgspec.json.Encoder().encode


def entry_error(code: str) -> str:
    """The error of one entry that is refused with one of our codes (`model.refusals`)."""
    refusal = BY_CODE.get(code)
    return RULE if refusal is None else _ENTRY.get(refusal, RULE)


def whole_failure(status: int, *errors: str, allow: str = "") -> Answer:
    """The answer to a request that is refused as a whole."""
    body = _encode({"data": {"result": "failed", "errors": errors}})
    return Answer(status, body, JSON, (("allow", allow),) if allow else ())


def whole_of(refusal: Refusal) -> Answer:
    """The answer to a request that is refused as a whole for one of our reasons."""
    allow = "POST" if refusal is Refusal.METHOD_NOT_ALLOWED else ""
    return whole_failure(_STATUS.get(refusal, refusal.http), _ENTRY.get(refusal, RULE), allow=allow)
