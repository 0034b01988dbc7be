"""What the calls of iSMS.gr mean, whether they come as a query string or as SOAP.

Errors are the sentences of the page without `Error: `; each carrier puts its own shape around them. Checked in the
order of the page's lists; what the page has no sentence for comes last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from smsgwd.dialects.callback_url import callable_url
from smsgwd.dialects.commands import MessageView, Send, StateOf
from smsgwd.model.callbacks import Callback
from smsgwd.model.calling_codes import BEGINNINGS
from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.message import State
from smsgwd.model.refusals import BY_CODE, Refusal
from smsgwd.model.submission import Entry, Item
from smsgwd.model.tenant import Tenant
from smsgwd.model.urls import url_fault
from smsgwd.timespec.strtotime import PhraseError, due

NAME: Final = "isms"
AUTHENTICATION: Final = "Authentication error."
NO_RECIPIENTS: Final = "No recipients."
INVALID_SENDER: Final = "Invalid sender identity."
NO_CREDITS: Final = "Insufficient credits."
INVALID_DATE: Final = "Invalid scheduling date."
NO_MESSAGE_ID: Final = "No message ID defined."
NO_MOBILE: Final = "No mobile defined."
NO_SUCH: Final = "No such message or recipient."
#: Ours: the page has no sentence for these.
INVALID_MESSAGE: Final = "Invalid message."
INVALID_CODING: Final = "Invalid coding."
INVALID_FLASH: Final = "Invalid flash."
INVALID_URL: Final = "Invalid dlr-url."
TOO_MANY: Final = "Too many recipients."

MOST_RECIPIENTS: Final = MAX_BLOCK - 1  #: the ids of a submission are one block
LONGEST_URL: Final = 2048

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
_written_id = re.compile(r"[0-9A-Za-z]{1,13}\Z").match
_MOST_ID: Final = 2**63
_SEPARATORS: Final = " \\-.()/\u00a0\u2009\u2010\u2011"
#: What may be a number.
_like_number = re.compile(rf"(?:\+|00)?([1-9](?:[{_SEPARATORS}]*[0-9]){{6,14}})\Z", re.ASCII).match
_separators = re.compile(f"[{_SEPARATORS}]").sub

_SENDER: Final = frozenset({Refusal.INVALID_SENDER, Refusal.SENDER_NOT_ALLOWED})
_TEXT: Final = frozenset(
    {Refusal.INVALID_TEXT, Refusal.TOO_MANY_PARTS, Refusal.CONTENT_REFUSED, Refusal.INVALID_LINK, Refusal.DUPLICATE}
)
_ACCESS: Final = frozenset(
    {Refusal.UNAUTHENTICATED, Refusal.TOO_MANY_FAILURES, Refusal.ADDRESS_NOT_ALLOWED, Refusal.OUT_OF_SCOPE}
)
_RECIPIENT: Final = frozenset(
    {
        Refusal.INVALID_RECIPIENT,
        Refusal.NO_ROUTE,
        Refusal.DESTINATION_BARRED,
        Refusal.OPTED_OUT,
        Refusal.BLACKLISTED,
        Refusal.QUIET_HOURS,
        Refusal.FLOOD,
    }
)
SENTENCES: Final[dict[Refusal, str]] = {
    **dict.fromkeys(_ACCESS, AUTHENTICATION),
    **dict.fromkeys(_RECIPIENT, NO_RECIPIENTS),
    **dict.fromkeys(_SENDER, INVALID_SENDER),
    Refusal.NO_CREDIT: NO_CREDITS,
    Refusal.INVALID_SCHEDULE: INVALID_DATE,
    **dict.fromkeys(_TEXT, INVALID_MESSAGE),
    Refusal.INVALID_DLR_URL: INVALID_URL,
}
#: The order of the page's list for `send`, ours behind it.
_ORDER: Final = {
    sentence: at
    for at, sentence in enumerate(
        (INVALID_SENDER, NO_CREDITS, INVALID_DATE, INVALID_MESSAGE, INVALID_URL, NO_RECIPIENTS)
    )
}
_ORDINARY: Final = frozenset(("", "GSM", "gsm", "UTF-8", "utf-8"))
_STATES: Final = {
    State.SCHEDULED: "Queued",
    State.WAITING: "Queued",
    State.QUEUED: "Queued",
    State.SENT: "Pending",
    State.DELIVERED: "Delivered",
}


class Problem(Exception):  # noqa: N818 -- a sentence of the page, told to the client
    """A request ends in an error of the page's; the text is its sentence, without `Error: `."""


class Call(msgspec.Struct, gc=False):
    """One call, read. A value is there when it was sent, '' too."""

    operation: str  #: send, query, credits, hlr, hlrquery, savecontact, deletecontact
    values: dict[str, str]
    broken: frozenset[str] = frozenset()  #: names of values that are no UTF-8; theirs hold U+FFFD
    recipients: Sequence[str] = ()
    late: str = ""  #: an error that is told only where the gateway has none that goes before it
    soap: int = 0  #: version of SOAP: 11 or 12; 0 = a query string
    space: str = ""  #: namespace of the operation, for its answer

    def get(self, name: str) -> str:
        """A value, '' without one."""
        return self.values.get(name, "")


@lru_cache(maxsize=4096)  # each message of a tenant, and each query of one message, says the same
def _callback(zone: str) -> Callback:
    return Callback(NAME, zone)


def write_id(number: int) -> str:
    """An id in upper-case base 36."""
    text = ""
    while number >= 36:
        number, pair = divmod(number, 1296)
        text = _PAIRS[pair] + text
    if number or not text:
        text = _DIGITS[number] + text
    return text.lstrip("0") or "0"


def read_id(written: str) -> int | None:
    """What `write_id` was given, in whatever case and with zeros before it; None for what no id of ours can be."""
    if _written_id(written) is None:
        return None
    number = int(written, 36)
    return number if number < _MOST_ID else None


def numbers_of(written: Sequence[str]) -> list[str]:
    """The recipients: each once, however it is written (a query tells them apart by their number), empty ones left out.

    Raises Problem where there is none that may be a number, or too many.
    """
    numbers = list(dict.fromkeys(filter(None, map(str.strip, written))))
    if len(numbers) > MOST_RECIPIENTS:
        raise Problem(TOO_MANY)
    if not any(map(like_number, numbers)):
        raise Problem(NO_RECIPIENTS)
    if len(numbers) > 1:
        once: dict[str, str] = {}
        for number in numbers:
            once.setdefault(_digits_of(number), number)
        numbers = list(once.values())
    return numbers


def _digits_of(written: str) -> str:
    """A number without what may be written before and between its digits; what is none, as it is."""
    found = _like_number(written)
    return written if found is None else _separators("", found[1])


def like_number(written: str) -> bool:
    """Whether this is a phone number with its country code first, as admission has it: the page tells of recipients
    before it tells of a sender, and admission the other way about."""
    return _like_number(written) is not None and _digits_of(written)[:3] in BEGINNINGS


def send(call: Call, tenant: Tenant, now: int) -> Send:
    """The messages that a `send` asks for at `now` (ms since 1970, UTC). Raises Problem.

    What is wrong with date, text, coding, flash or address is `call.late`: a dry run then finds whether the sender or
    the credits are told instead, which go before it in the page's list.
    """
    numbers = numbers_of(call.recipients)
    source = call.get("from")
    if not source.strip():
        raise Problem(INVALID_SENDER)
    schedule_at: int | None = None
    url = call.values.get("dlr-url") or None
    try:
        if call.values.get("schedule"):
            schedule_at = _due(call, tenant, now)
        flash = _wants(call)
        url = None if url is None else _called(url)
    except Problem as problem:
        call.late = str(problem)
        text = "" if "message" in call.broken else call.get("message")  # its parts decide whether the credits do
        items = [Item(source, number, text, may_be_empty=True, international=True) for number in numbers]
        return Send(items, dry=True, rehearsed=True)
    text = call.get("message")
    callback = _callback(tenant.time_zone)
    items = [
        Item(
            source,
            number,
            text,
            flash=flash,
            dlr_url=url,
            schedule_at=schedule_at,
            international=True,
            callback=callback,
            may_be_empty=True,
        )
        for number in numbers
    ]
    return Send(items, keep_refused=len(items) > 1)


def _due(call: Call, tenant: Tenant, now: int) -> int | None:
    """When to send, in ms since 1970; None is now. Raises Problem."""
    try:
        at = due(call.get("schedule"), now, ZoneInfo(tenant.time_zone))
    except (PhraseError, OverflowError):
        raise Problem(INVALID_DATE) from None
    return at if at > now else None


def _wants(call: Call) -> bool:
    """Whether it is a flash message, text and coding being as they should. Raises Problem."""
    values = call.values
    if "message" in call.broken:
        raise Problem(INVALID_MESSAGE)
    # Both codings are served by the cheapest one that holds the text: nothing is ever replaced.
    coding = values.get("coding", "")
    if coding not in _ORDINARY and coding.upper() not in ("GSM", "UTF-8", "UTF8"):
        raise Problem(INVALID_CODING)
    flash = values.get("flash", "")
    if flash not in ("", "0", "1"):
        raise Problem(INVALID_FLASH)
    return flash == "1"


@lru_cache(maxsize=1024)
def _called(url: str) -> str:
    """The address as it can be called; whether it may be is asked when it is. Raises Problem."""
    called = callable_url(url.encode("ascii")) if len(url) <= LONGEST_URL and url_fault(url) is None else None
    if called is None:
        raise Problem(INVALID_URL)
    return called


def sent(call: Call, submission: int, entries: Sequence[Entry]) -> str:
    """The id of a submission. Raises Problem where nobody got a message.

    Of several reasons it is the one that kept those from it who are numbers, the first in the order of the page.
    """
    if any(entry.error is None for entry in entries):
        if call.late:
            raise Problem(call.late)
        return write_id(submission)
    told = min(map(_sentence, entries), key=_rank, default=NO_RECIPIENTS)
    if call.late and told not in (INVALID_SENDER, NO_CREDITS, NO_RECIPIENTS):
        told = call.late
    raise Problem(told)


def _sentence(entry: Entry) -> str:
    refusal = None if entry.error is None else BY_CODE.get(entry.error.code)
    sentence = NO_RECIPIENTS if refusal is None else SENTENCES.get(refusal, NO_RECIPIENTS)
    return sentence if sentence in _ORDER else NO_RECIPIENTS


def _rank(sentence: str) -> int:
    return _ORDER[sentence]


def query(call: Call, name: str) -> StateOf:
    """The message that a query is about; `name` is what the id is called there. Raises Problem."""
    number = read_mid(call, name, NO_SUCH)
    return StateOf(number, call.get("mobile").strip())


def read_mid(call: Call, name: str, unknown: str) -> int:
    """The id of a query that names a mobile, too. Raises Problem."""
    mid = call.get(name).strip()
    if not mid:
        raise Problem(NO_MESSAGE_ID)
    if not call.get("mobile").strip():
        raise Problem(NO_MOBILE)
    number = read_id(mid)
    if number is None:
        raise Problem(unknown)
    return number


def state_of(result: MessageView | str | None) -> str:
    """Queued, Pending, Delivered or Failed, of a `StateOf`. Raises Problem."""
    if result is None:
        raise Problem(NO_SUCH)
    return "Failed" if isinstance(result, str) else _STATES.get(result.message.state, "Failed")
