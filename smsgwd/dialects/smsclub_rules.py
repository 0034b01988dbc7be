"""What SMS Club's gateways have in common: states, ids, lists, limits, and the sentences two of them answer with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

from smsgwd.dialects.commands import Command, MessageView, Send, States
from smsgwd.dialects.http import Answer
from smsgwd.model.message import State
from smsgwd.model.refusals import BY_CODE, Refusal
from smsgwd.model.submission import Entry, Item
from smsgwd.model.tenant import Tenant

MOST_ASCII: Final = 1071  #: characters of a text of printable ASCII (and line ends): seven parts
MOST_OTHER: Final = 469  #: characters of any other text: seven parts of UCS-2
MOST_LISTED: Final = 1000  #: recipients or ids of one request where the page has no limit

STATES: Final[Mapping[State, str]] = {
    State.SCHEDULED: "ENROUTE",
    State.WAITING: "ENROUTE",
    State.QUEUED: "ENROUTE",
    State.SENT: "ENROUTE",
    State.DELIVERED: "DELIVRD",
    State.UNDELIVERED: "UNDELIV",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTD",
    State.CANCELLED: "REJECTD",
    State.UNKNOWN: "UNDELIV",
}

# In the order in which they are checked: of several that hold, the first is told.
AUTHENTICATION: Final = "Authentication error"
INVALID_SENDER: Final = "Invalid sender"
INVALID_RECIPIENTS: Final = "Invalid recipients"
TOO_LONG: Final = "Text is too long"
INVALID_TEXT: Final = "Invalid text"
INVALID_LIFETIME: Final = "Invalid lifetime"
REJECTED: Final = "Message rejected"
DUPLICATE: Final = "Duplicate message"
NO_FUNDS: Final = "Insufficient funds"
_ORDER: Final = (
    INVALID_SENDER,
    INVALID_RECIPIENTS,
    TOO_LONG,
    INVALID_TEXT,
    INVALID_LIFETIME,
    REJECTED,
    DUPLICATE,
    NO_FUNDS,
)
INVALID_IDS: Final = "Invalid ids"

_SENTENCES: Final[Mapping[str, str]] = {
    Refusal.UNAUTHENTICATED.code: AUTHENTICATION,
    Refusal.OUT_OF_SCOPE.code: "Access denied",
    Refusal.ADDRESS_NOT_ALLOWED.code: "Access denied",
    Refusal.INVALID_SENDER.code: INVALID_SENDER,
    Refusal.SENDER_NOT_ALLOWED.code: INVALID_SENDER,
    Refusal.INVALID_RECIPIENT.code: INVALID_RECIPIENTS,
    Refusal.DESTINATION_BARRED.code: INVALID_RECIPIENTS,
    Refusal.OPTED_OUT.code: INVALID_RECIPIENTS,
    Refusal.BLACKLISTED.code: INVALID_RECIPIENTS,
    Refusal.NO_ROUTE.code: INVALID_RECIPIENTS,
    Refusal.TOO_MANY_PARTS.code: TOO_LONG,
    Refusal.INVALID_TEXT.code: INVALID_TEXT,
    Refusal.CONTENT_REFUSED.code: INVALID_TEXT,
    Refusal.INVALID_VALIDITY.code: INVALID_LIFETIME,
    Refusal.DUPLICATE.code: DUPLICATE,
    Refusal.NO_CREDIT.code: NO_FUNDS,
    Refusal.OVER_RATE.code: "Too many requests",
    Refusal.TOO_MANY_FAILURES.code: "Too many requests",
    Refusal.NOT_FOUND.code: "Not found",
    Refusal.METHOD_NOT_ALLOWED.code: "Method not allowed",
    Refusal.TOO_LARGE.code: "Request is too large",
    Refusal.HEADERS_TOO_LARGE.code: "Request is too large",
    Refusal.REQUEST_TIMEOUT.code: "Request did not arrive in time",
    Refusal.MALFORMED.code: "Malformed request",
    Refusal.INVALID.code: "Malformed request",
    Refusal.UNSUPPORTED_MEDIA_TYPE.code: "Malformed request",
}
_UNAVAILABLE: Final = "Service is temporarily unavailable"

_is_id = re.compile(r"[0-9]{1,19}\Z", re.ASCII).match
_is_ascii = re.compile(r"[\x20-\x7e\r\n]*\Z", re.ASCII).match
_MINUTES = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_LARGEST_ID: Final = (1 << 63) - 1
_LONGEST_SHOWN: Final = 40


class Act(Protocol):
    """What one request is about, in two steps; see `Dialect.command` and `Dialect.answer`."""

    def command(self, tenant: Tenant) -> Command:
        """What it comes to for a tenant."""
        ...

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """What its sender is told."""
        ...


class Complaint(Exception):  # noqa: N818 -- an answer of the HTTP and XML gateways, not an error of ours
    """Raised where a request of the HTTP or the XML gateway ends in a sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Planned(msgspec.Struct, frozen=True, gc=False):
    """What to ask of the gateway for a request of the HTTP or the XML gateway.

    With a `fault` nothing is to be sent: the command is a rehearsal that only finds out whether sender or recipients
    are to be complained of first.
    """

    send: Send
    fault: str = ""


def sentence_of(code: str) -> str:
    """What the HTTP and XML gateways say for the code of a refusal."""
    found = _SENTENCES.get(code)
    if found is not None:
        return found
    refusal = BY_CODE.get(code)
    return _UNAVAILABLE if refusal is not None and refusal.http >= 500 else REJECTED


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a sentence: 200, but where HTTP itself is at fault, or we are."""
    return refusal.http if refusal.http in (404, 405, 408, 413, 431) or refusal.http >= 500 else 200


def too_long(text: str) -> bool:
    """True for more characters than the page allows."""
    if len(text) <= MOST_OTHER:
        return False
    return len(text) > MOST_ASCII or _is_ascii(text) is None


def listed(written: str) -> list[str]:
    """The entries of a list: the page's separator is ';', some published clients write ','. One behind the last entry
    counts for nothing. Of more than `MOST_LISTED` the rest comes as one: they are too many whatever they are."""
    entries = [entry.strip() for entry in written.replace(",", ";").split(";", MOST_LISTED + 1)]
    if not entries[-1]:
        entries.pop()
    return entries


def id_of(written: str) -> int | None:
    """The message id in a text, or None where it can be none of ours."""
    if _is_id(written) is None:
        return None
    found = int(written)
    return found if found <= _LARGEST_ID else None


def ask_states(written: Iterable[str]) -> States:
    """The command for these ids; those that can be none are unknown ones, as others are."""
    ids = dict.fromkeys(found for each in written if (found := id_of(each)) is not None)
    return States(tuple(ids))


def told_states(written: Iterable[str], found: Mapping[int, MessageView]) -> dict[str, str]:
    """The state of each id that is known, by the id as written."""
    told: dict[str, str] = {}
    for each in written:
        number = id_of(each)
        view = None if number is None else found.get(number)
        if view is not None:
            told[each] = STATES[view.message.state]
    return told


def ids_of(written: str | None) -> list[str]:
    """The ids of a state request. Raises Complaint."""
    ids = listed(written or "")
    if not ids or len(ids) > MOST_LISTED:
        raise Complaint(INVALID_IDS)
    return ids


def planned(source: str, messages: list[tuple[str, str | None]], lifetime: str) -> Planned:
    """What to ask for (recipient, text) pairs; a text is None where it could not be read, `lifetime` is in minutes, ''
    = ours. Raises Complaint."""
    if not source:
        raise Complaint(INVALID_SENDER)
    if not messages or len(messages) > MOST_LISTED:
        raise Complaint(INVALID_RECIPIENTS)
    fault = ""
    validity_s: int | None = None
    if any(text is not None and too_long(text) for _, text in messages):
        fault = TOO_LONG
    elif not all(text for _, text in messages):
        fault = INVALID_TEXT
    elif lifetime:
        if _MINUTES.match(lifetime) is None or lifetime.strip("0") == "":
            fault = INVALID_LIFETIME
        else:
            validity_s = int(lifetime) * 60
    if fault:
        return Planned(
            Send([Item(source, dest, ".", international=True) for dest, _ in messages], dry=True, rehearsed=True), fault
        )
    items = [Item(source, dest, text or "", validity_s=validity_s, international=True) for dest, text in messages]
    return Planned(Send(items))


def complaint_of(plan: Planned, entries: list[Entry]) -> str:
    """The sentence that a send ends in; '' where something was taken. Where several recipients were refused for
    several reasons, it is what the one that came furthest was refused for."""
    told = [entry.error and sentence_of(entry.error.code) for entry in entries]
    if plan.fault:
        before = _ORDER[:2]  # sender and recipients
        if all(each in before for each in told):
            return INVALID_SENDER if INVALID_SENDER in told else INVALID_RECIPIENTS
        return plan.fault
    if not all(told):
        return ""
    return max((each for each in told if each), key=lambda each: _ORDER.index(each) if each in _ORDER else 0)


def shown(written: str) -> str:
    """A recipient as written, fit to be shown: one line, not too long."""
    return "".join(char if char.isprintable() else "?" for char in written[:_LONGEST_SHOWN])
