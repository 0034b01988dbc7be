"""The style of iSMS.gr: GET (or form) calls below /api/http/ answered in one line of text; SOAP is `isms_soap`.

What a call means is in `isms_calls`. A client of the original reads the body and not the status: errors of the page
have status 200; what no sentence of the page tells (no such path, too busy, ...) has its own HTTP status.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from smsgwd.dialects import form, isms_calls, multipart
from smsgwd.dialects.commands import Command, DropContact, Funds, LookedUp, LookUp, Money, PutContacts
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import TEXT, Answer, Answered, Asked, Password, Push, Request
from smsgwd.dialects.isms_calls import AUTHENTICATION, NO_RECIPIENTS, NO_SUCH, SENTENCES, Call, Problem
from smsgwd.dialects.kannel_escapes import escape_values, fill, has_escapes
from smsgwd.model.callbacks import Callback
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem
from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant

if TYPE_CHECKING:
    from smsgwd.dialects.isms_soap import Soap

_HTTP: Final = "/api/http/"
_SOAP: Final = "/api/soap"
_FAILED: Final = "FAILED"
_EMPTY_MOBILE: Final = "Mobile number is empty."
_INVALID_MOBILE: Final = "Invalid mobile number."
_NO_LOOKUP: Final = "No such message ID or mobile."
_OPERATIONS: Final = {
    "send": "send",
    "query": "read",
    "credits": "money",
    "hlr": "lookups",
    "hlrquery": "lookups",
    "savecontact": "contacts",
    "deletecontact": "contacts",
}
#: Operation by path; the page's own example of deletecontact has the path twice.
_PATHS: Final = {f"{_HTTP}{name}.php": name for name in _OPERATIONS} | {
    "/api/http/api/http/deletecontact.php": "deletecontact"
}
_LABELS: Final = {name: f"isms {name}" for name in _OPERATIONS}
_CONTACTS: Final = ("isms savecontact", "isms deletecontact")
#: What must be said of a contact, and its most characters: those of the address book.
_PERSON: Final = {"surname": 100, "name": 100, "comments": 1000}
_ALLOW: Final = (("Allow", "GET, POST"),)
_ONE_CENT: Final = 10_000  # micro-units
_separators = re.compile(r"[;\r\n]").sub


class Isms:
    """iSMS.gr; one object serves all requests."""

    def __init__(self, options: Options) -> None:
        self._soap_address = options.public_url.rstrip("/") + _SOAP + "/"

    @cached_property
    def _soap(self) -> Soap:
        """Made when it is first asked for: lxml takes megabytes that a gateway without XML need not have."""
        from smsgwd.dialects.isms_soap import Soap

        return Soap(self._soap_address)

    @property
    def name(self) -> str:
        """isms."""
        return isms_calls.NAME

    @property
    def owns(self) -> tuple[str, ...]:
        """/api/http/ and /api/soap."""
        return (_HTTP, _SOAP)

    @property
    def labels(self) -> tuple[str, ...]:
        """One a call; SOAP has its own."""
        return (*_LABELS.values(), *self._soap.labels)

    def read(self, request: Request) -> Asked:
        """A call with the user name and the password in it. Raises Answered, or Refused for what is none."""
        operation = _PATHS.get(request.path)
        if operation is None:
            if request.path.lower().startswith(_SOAP):
                return self._soap.read(request)
            raise Refused(Refusal.NOT_FOUND)
        values, broken = _values(request)
        name, secret = values.get("username"), values.get("password")
        if not name or not secret or "username" in broken or "password" in broken:
            raise Answered(_error(AUTHENTICATION))
        call = Call(operation, values, broken)
        return Asked(Password(name, secret), _LABELS[operation], _OPERATIONS[operation], call)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """What the call asks for. Raises Answered for errors of the page."""
        call: Call = asked.what
        if call.soap:
            return self._soap.command(call, tenant, now)
        try:
            return _command(call, tenant, now)
        except Problem as problem:
            raise Answered(_error(str(problem))) from None

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """The line that the page has for this."""
        call: Call = asked.what
        if call.soap:
            return self._soap.answer(call, result)
        try:
            return _line(_told(call, result))
        except Problem as problem:
            return _error(str(problem))

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """An error in one line, or a SOAP fault."""
        if request.path.lower().startswith(_SOAP):
            return self._soap.refused(request, asked, refused.refusal)
        refusal = refused.refusal
        label = "" if asked is None else asked.label
        sentence = SENTENCES.get(refusal)
        if sentence == AUTHENTICATION:
            pass
        elif label in _CONTACTS:
            if refusal is not Refusal.INVALID_RECIPIENT:
                return _line(_FAILED, _status(refusal))
            sentence = _INVALID_MOBILE
        elif sentence == NO_RECIPIENTS and label in ("isms query", "isms hlrquery"):
            sentence = NO_SUCH if label == "isms query" else _NO_LOOKUP
        answer = _error(sentence or refusal.title + ".", _status(refusal))
        return replace(answer, headers=_ALLOW) if refusal is Refusal.METHOD_NOT_ALLOWED else answer

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """The GET that tells of a receipt: the escapes of its URL filled in, or parameters added."""
        if item.type in (SENT, INTERMEDIATE):
            return None
        if has_escapes(item.url):
            values = escape_values(item, callback)
            values["I"] = isms_calls.write_id(item.submission)
            return Push("GET", fill(item.url, values))
        at = item.created_at if item.done_at is None else item.done_at
        told = {
            "mid": isms_calls.write_id(item.submission),
            "mobile": item.dest,
            "status": "Delivered" if item.state is State.DELIVERED else "Failed",
            "date": datetime.fromtimestamp(at // 1000, _zone(callback.zone)).strftime("%Y-%m-%d %H:%M:%S"),
            "err": "" if item.error is None else item.error.code,
        }
        url = fill(item.url, {})  # a percent sign by itself is none in a URL
        return Push("GET", url + ("&" if "?" in url else "?") + urlencode(told))

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """None: iSMS tells of nothing else."""
        return None


def _values(request: Request) -> tuple[dict[str, str], frozenset[str]]:
    """The parameters as text, the last one of a name, and the names of those that are no UTF-8. Raises Refused."""
    data = request.raw_query.encode("latin-1", "replace")
    kind = request.headers.get("content-type", "")
    parts: dict[str, list[bytes]] = {}
    try:
        if request.method == "POST" and request.body:
            if multipart.is_multipart(kind):  # as PHP's curl sends arrays
                parts = multipart.parse(kind, request.body).values
            elif form.is_form(request):
                data += b"&" + request.body
            else:
                raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE)
        elif request.method not in ("GET", "POST"):
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        fields = form.parse(form.mended(data)).values | parts
    except form.FormError:
        raise Refused(Refusal.MALFORMED) from None
    values: dict[str, str] = {}
    broken = []
    for name, repeats in fields.items():
        try:
            values[name] = repeats[-1].decode()
        except UnicodeDecodeError:
            values[name] = repeats[-1].decode("utf-8", "replace")
            broken.append(name)
    return values, frozenset(broken) if broken else _NONE


_NONE: Final[frozenset[str]] = frozenset()


def _command(call: Call, tenant: Tenant, now: int) -> Command:
    """What a call asks for. Raises Problem, or Answered where it says FAILED."""
    match call.operation:
        case "send":
            call.recipients = call.get("to").split(",")
            return isms_calls.send(call, tenant, now)
        case "query":
            return isms_calls.query(call, "mid")
        case "credits":
            return Money()
        case "hlr":
            return LookUp(tuple(isms_calls.numbers_of(call.get("mobiles").split(","))))
        case "hlrquery":
            return LookedUp(isms_calls.read_mid(call, "mid", _NO_LOOKUP), call.get("mobile").strip())
    mobile = call.get("mobile").strip()
    if not mobile:
        raise Problem(_EMPTY_MOBILE)
    if not isms_calls.like_number(mobile):
        raise Problem(_INVALID_MOBILE)
    if call.operation == "deletecontact":
        return DropContact(mobile)
    if not all(_fits(call, name, longest) for name, longest in _PERSON.items()):
        raise Answered(_line(_FAILED))
    person = Contact(mobile, first_name=call.get("name"), last_name=call.get("surname"), comments=call.get("comments"))
    return PutContacts((person,))


def _fits(call: Call, name: str, longest: int) -> bool:
    """Whether a field of a contact was sent, and can be kept."""
    value = call.values.get(name)
    return value is not None and name not in call.broken and len(value) <= longest and "\0" not in value


def _told(call: Call, result: Any) -> str:
    """The line for the result of a command. Raises Problem."""
    match call.operation:
        case "send":
            return "ID:" + isms_calls.sent(call, result.id, result.entries)
        case "query":
            return "Status: " + isms_calls.state_of(result)
        case "credits":
            return _credits(result)
        case "hlr":
            return "ID:" + isms_calls.write_id(result[0].request).lower()  # as the page's own
        case "hlrquery":
            return _found(result)
        case "savecontact":
            (fault,) = result
            if fault is None:
                return "OK"
            if fault.refusal is Refusal.INVALID_RECIPIENT:
                raise Problem(_INVALID_MOBILE)
            return _FAILED
    return "OK" if result else _FAILED


def _credits(funds: Funds) -> str:
    """What can be spent, never more than there is; of who pays later without limit what is owed, below nothing."""
    left = funds.balance if funds.available is None else funds.available
    cents = left // _ONE_CENT
    sign = "-" if cents < 0 else ""
    return f"Credits:{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _found(lookup: Lookup | None) -> str:
    """What a lookup says: a word while it runs, six fields when it is done. Raises Problem."""
    if lookup is None:
        raise Problem(_NO_LOOKUP)
    facts = lookup.facts
    if not facts.state.final:
        return facts.state.public
    fields = (facts.country, facts.operator, facts.imsi, facts.msc, facts.error)
    return ";".join((facts.state.public, *(_separators(" ", field) for field in fields)))


def _line(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), TEXT)


def _error(sentence: str, status: int = 200) -> Answer:
    return _line("Error: " + sentence, status)


def _status(refusal: Refusal) -> int:
    """The HTTP status of an error: 200 where the page has a sentence for it, save that it is no use to come back."""
    if refusal is Refusal.TOO_MANY_FAILURES:
        return refusal.http
    return 200 if refusal in SENTENCES or refusal.http == Refusal.INVALID.http else refusal.http


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
