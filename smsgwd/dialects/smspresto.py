"""The SMSPresto style: one path, an action a request, JSON answers that are always HTTP 200; no callbacks."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from smsgwd.dialects.commands import Command, Count, Counts, History, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, TEXT, Answer, Answered, Asked, Password, Push, Request, Unproven
from smsgwd.dialects.smspresto_form import Wanted, read
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome
from smsgwd.model.tally import Numbered
from smsgwd.model.tenant import Tenant

MOST_RECIPIENTS: Final = 1000  #: of a request (ours)
MOST_ROWS: Final = 1000  #: of a history page (ours)
ROWS: Final = 50  #: of a history page that does not say how many (ours)
NO_LIMIT: Final = 2_147_483_647  #: what get-stock says where nothing limits the messages (ours)

#: The page's codes, and ours from 104 up.
TEXTS: Final = {
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
_AUTHENTICATION, _KEY, _PASSWORD, _SENDER, _TOO_LONG, _RECIPIENT, _MESSAGE = 1, 10, 11, 100, 101, 102, 103
_CREDIT, _ACTION, _MALFORMED, _UNAVAILABLE = 104, 105, 106, 107

_CODES: Final = {
    Refusal.UNAUTHENTICATED: _AUTHENTICATION,
    Refusal.ADDRESS_NOT_ALLOWED: _AUTHENTICATION,
    Refusal.OUT_OF_SCOPE: _AUTHENTICATION,
    Refusal.INVALID_SENDER: _SENDER,
    Refusal.SENDER_NOT_ALLOWED: _SENDER,
    Refusal.INVALID_RECIPIENT: _RECIPIENT,
    Refusal.NO_ROUTE: _RECIPIENT,
    Refusal.DESTINATION_BARRED: _RECIPIENT,
    Refusal.OPTED_OUT: _RECIPIENT,
    Refusal.BLACKLISTED: _RECIPIENT,
    Refusal.INVALID_TEXT: _MESSAGE,
    Refusal.TOO_MANY_PARTS: _MESSAGE,
    Refusal.CONTENT_REFUSED: _MESSAGE,
    Refusal.DUPLICATE: _MESSAGE,
    Refusal.NO_CREDIT: _CREDIT,
    Refusal.NOT_FOUND: _ACTION,
    Refusal.UNSUPPORTED: _ACTION,
    Refusal.TOO_MANY_FAILURES: _UNAVAILABLE,
    Refusal.QUIET_HOURS: _UNAVAILABLE,
    Refusal.FLOOD: _UNAVAILABLE,
    Refusal.OVER_RATE: _UNAVAILABLE,
    Refusal.STORE_UNAVAILABLE: _UNAVAILABLE,
    Refusal.SHUTTING_DOWN: _UNAVAILABLE,
    Refusal.OVERLOADED: _UNAVAILABLE,
    Refusal.INTERNAL: _UNAVAILABLE,
    Refusal.REQUEST_TIMEOUT: _UNAVAILABLE,
}

#: What a credential must be good for, by action.
_SCOPES: Final = {
    "sendsms": "send",
    "list-archive": "read",
    "get-stock": "money",
    "get-send": "read",
    "get-success": "read",
    "get-failed": "read",
    "get-contact-total": "contacts",
    "get-group-total": "contacts",
    "get-order-total": "money",
    "get-bill-total": "money",
    "get-scheduled-total": "read",
    "get-predefined-total": "templates",
}
_SEND, _ACCOUNT, _HISTORY, _OTHER = "smspresto send", "smspresto account", "smspresto history", "smspresto other"
_LABELS: Final = dict.fromkeys(_SCOPES, _ACCOUNT) | {"sendsms": _SEND, "list-archive": _HISTORY}

_PATHS: Final = ("/console/api/", "/console/api")
_NUMERIC: Final = re.compile(r"\+?[0-9]+\Z", re.ASCII)
_DAY: Final = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_ROW: Final = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.encode


class _Sent(msgspec.Struct, rename={"count": "message-count"}, omit_defaults=True, gc=False):
    status: int = msgspec.field()
    message: str = msgspec.field()
    count: int = msgspec.field()
    ids: list[str] = msgspec.field()
    refused: list[dict[str, Any]] = []


class SmsPresto:
    """The dialect."""

    name = "smspresto"
    owns = ("/console/api",)
    labels = (_SEND, _ACCOUNT, _HISTORY, _OTHER)

    def __init__(self, options: Options) -> None:
        self._tell_which = options.tell_which

    def read(self, request: Request) -> Asked:
        """Who asks for which action."""
        if request.path not in _PATHS:
            raise Refused(Refusal.NOT_FOUND, "there is nothing at this path")
        if request.method not in ("GET", "POST"):
            raise Refused(Refusal.METHOD_NOT_ALLOWED, "GET or POST is taken here")
        wanted = read(request)
        if not wanted.user:
            raise Unproven(False)
        label = _LABELS.get(wanted.action, _OTHER)
        return Asked(Password(wanted.user, wanted.secret), label, _SCOPES.get(wanted.action, ""), wanted)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """What the action comes to."""
        wanted: Wanted = asked.what
        if asked.label == _OTHER:
            raise Answered(_error(_ACTION))
        if wanted.fault:
            raise Answered(_error(_MALFORMED, wanted.fault))
        if asked.label == _SEND:
            return _send(wanted)
        return _history(wanted, tenant) if asked.label == _HISTORY else Count()

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """The number, the rows, or how many messages were accepted."""
        if asked.label == _SEND:
            return _sent(result)
        if asked.label == _HISTORY:
            zone = ZoneInfo(tenant.time_zone)
            return Answer(200, _encode([_row(each, name, tenant.id, zone) for each, name in result]), JSON)
        return _counted(asked.what.action, result)

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """The error of a whole request."""
        if isinstance(refused, Unproven) and self._tell_which:
            return _error(_PASSWORD if refused.name_known else _KEY)
        code = _CODES.get(refused.refusal, _MALFORMED)
        detail = refused.detail if refused.detail != refused.refusal.title else ""
        return _error(code, detail if code > _CREDIT else "")

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """SMSPresto has no callbacks."""
        return None

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """SMSPresto has no callbacks."""
        return None


def _error(code: int, detail: str = "") -> Answer:
    text = f"{TEXTS[code]}: {detail}" if detail else TEXTS[code]
    return Answer(200, _encode({"status": code, "message": text}), JSON)


def _send(wanted: Wanted) -> Send:
    """The messages of sendsms; the errors are told in the order of the page's list."""
    sender = wanted.sender
    if not sender.strip() or not sender.isascii() or not sender.isprintable():
        raise Answered(_error(_SENDER))
    if len(sender) > 11 and (_NUMERIC.match(sender) is None or len(sender.lstrip("+")) > 15):
        raise Answered(_error(_TOO_LONG))
    if not wanted.to:
        raise Answered(_error(_RECIPIENT))
    if len(wanted.to) > MOST_RECIPIENTS:
        raise Answered(_error(_MALFORMED, f"at most {MOST_RECIPIENTS} recipients a request"))
    return Send([Item(sender, number, text, international=True) for number, text in wanted.to])


def _sent(outcome: Outcome) -> Answer:
    accepted = [str(entry.id) for entry in outcome.entries if entry.error is None]
    refused = [entry for entry in outcome.entries if entry.error is not None]
    if not accepted:
        return _error(min(map(_code, refused), default=_RECIPIENT))
    told = [{"recipient": each.dest, "status": _code(each), "message": TEXTS[_code(each)]} for each in refused]
    return Answer(200, _encode(_Sent(0, "Message sent successfully.", len(accepted), accepted, told)), JSON)


def _code(entry: Entry) -> int:
    """The code of a refused recipient."""
    refusal = None if entry.error is None else BY_CODE.get(entry.error.code)
    return _RECIPIENT if refusal is None else _CODES.get(refusal, _MALFORMED)


def _counted(action: str, counts: Counts) -> Answer:
    tally = counts.tally
    match action:
        case "get-stock":
            return _number(_stock(counts))
        case "get-send":
            return _number(max(0, tally.accepted - tally.scheduled - tally.cancelled))
        case "get-success":
            return _number(tally.delivered)
        case "get-failed":
            return _number(tally.failed)
        case "get-contact-total":
            return _total(tally.contacts)
        case "get-group-total":
            return _total(tally.groups)
        case "get-order-total":
            return _total(tally.orders)
        case "get-bill-total":
            return _total(counts.bills)
        case "get-scheduled-total":
            return _total(tally.scheduled)
        case _:
            return _total(tally.templates)


def _stock(counts: Counts) -> int:
    available = counts.funds.available
    if available is None or counts.part_price <= 0:
        return NO_LIMIT
    return min(NO_LIMIT, max(0, available // counts.part_price))


def _number(count: int) -> Answer:
    return Answer(200, str(count).encode(), TEXT)


def _total(count: int) -> Answer:
    return Answer(200, _encode({"TOTAL": str(count)}), JSON)


def _history(wanted: Wanted, tenant: Tenant) -> History:
    zone = ZoneInfo(tenant.time_zone)
    begin = _day(wanted.date_from, "dateFrom")
    end = _day(wanted.date_to, "dateTo")
    offset = _at(wanted.offset, "from", 0)
    limit = _at(wanted.end, "to", offset + ROWS) - offset
    if end < begin or limit <= 0:
        raise Answered(Answer(200, b"[]", JSON))
    return History(_midnight(begin, zone), _midnight(end + timedelta(days=1), zone), offset, min(limit, MOST_ROWS))


def _day(written: str, field: str) -> date:
    try:
        if _DAY.match(written) is None:
            raise ValueError
        return date.fromisoformat(written)
    except ValueError:
        raise Answered(_error(_MALFORMED, f"{field} must be a date such as 2017-04-27")) from None


def _at(written: str, field: str, default: int) -> int:
    if not written:
        return default
    if _ROW.match(written) is None:
        raise Answered(_error(_MALFORMED, f"{field} must be a number from 0 up"))
    return int(written)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins, in ms since 1970 (where clocks go forward at midnight: when they do)."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return max(0, (begin - _EPOCH) // timedelta(milliseconds=1))


def _row(numbered: Numbered, name: str, account: str, zone: ZoneInfo) -> dict[str, str]:
    view = numbered.view
    message = view.message
    created = _written(message.submitted_at, zone)
    return {
        "IDHISTORIQUE": str(numbered.number),
        "HIS_DESTINATAIRE": "+" + message.msisdn,
        "HIS_MESSAGE": message.text,
        "HIS_STATUT": _status(message.state),
        "HIS_NOMBRESMS": str(message.parts),
        "HIS_DATEHEURECREA": created,
        "HIS_DATEHEUREENVOI": "" if view.sent_at is None else _written(view.sent_at, zone),
        "IDDATEHEURE": created,
        "CPT_REF": account,
        "IDSMSFILATTENTE": str(message.id),
        "HIS_EXPEDITEUR": message.source,
        "NOMCONTACT": name,
    }


def _status(state: State) -> str:
    if state in (State.SENT, State.DELIVERED):
        return "1"
    return "2" if state.final else "0"


def _written(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at // 1000, zone).isoformat(" ")[:19]
