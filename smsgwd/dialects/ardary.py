"""The Ardary style (also inSIM): JSON that holds its own credentials; an answer for each message and each contact.

Callbacks: `ardary_events.py`. Which error is which: `ardary_errors.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from smsgwd.dialects import ardary_events as events
from smsgwd.dialects.ardary_contacts import contact_answer, contacts_of
from smsgwd.dialects.ardary_errors import (
    BAD_DATE,
    CREDIT,
    EMPTY_PHONE,
    EMPTY_TEXT,
    MALFORMED,
    NO_PHONE,
    ROUTE,
    RULE,
    entry_error,
    whole_failure,
    whole_of,
)
from smsgwd.dialects.commands import Command, PutContacts, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, Answer, Answered, Asked, Password, Push, Request
from smsgwd.model.callbacks import Callback
from smsgwd.model.links import PLACEHOLDERS
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item, Outcome
from smsgwd.model.tenant import Tenant

MOST_ENTRIES: Final = 1000  #: messages or contacts in a request; the page names no number
_SENDS: Final = ("/api/sendSms", "/api/sendSmsSolo")
_CONTACTS: Final = ("/api/contact", "/api/addcontactSolo")
#: Types of the body: the page's, and what curl and PHP say for JSON unless told otherwise.
_TYPES: Final = frozenset(("", JSON, "text/json", "text/plain", "application/x-www-form-urlencoded"))
_LONGEST_SECRET: Final = 1024
_LONGEST_ID: Final = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\Z", re.ASCII)
_DATE_LENGTH: Final = 19
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE: Final = PLACEHOLDERS[0].lower()


class _Body(msgspec.Struct, gc=False):
    header: msgspec.Raw
    messages: msgspec.Raw = msgspec.Raw(b"")
    contacts: msgspec.Raw = msgspec.Raw(b"")


class _Login(msgspec.Struct, gc=False):
    login: str | None = None
    accesskey: str | None = None
    accessKey: str | None = None  # noqa: N815 -- one of the page's two spellings
    password: str | None = None


class _SendHeader(msgspec.Struct, gc=False):
    sender_name: str | None = None
    sender_mode: str | int | None = None
    date_to_send: str | None = None
    priority: Literal[0, 1, 2] | None = None
    mode: Literal["prod", "test", ""] | None = None


class _ContactHeader(msgspec.Struct, gc=False):
    api: bool = False


class _Message(msgspec.Struct, gc=False):
    phone_number: str | msgspec.UnsetType | None = msgspec.UNSET
    phonenumber: str | msgspec.UnsetType | None = msgspec.UNSET
    message: str | None = None
    url: str | None = None
    id_sms_api: str | None = None
    date_to_send: str | None = None

    def phone(self) -> str | None:
        """The recipient as written; None where there is none."""
        written = self.phone_number
        if written is msgspec.UNSET or written is None:
            written = self.phonenumber
        return None if written is msgspec.UNSET else written


class _Form(msgspec.Struct, gc=False):
    """A request, as far as it was read: its credentials are proven before the rest is looked at."""

    login: str
    header: msgspec.Raw
    entries: msgspec.Raw
    rows: Any = None  #: of each entry what its answer repeats, and its errors


class _Row(msgspec.Struct, gc=False):
    id_sms_api: str
    phone: str
    errors: list[str]


_encode = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(_Body).decode
_login = msgspec.json.Decoder(_Login | list[_Login]).decode
_send_header = msgspec.json.Decoder(_SendHeader | list[_SendHeader]).decode
_contact_header = msgspec.json.Decoder(_ContactHeader | list[_ContactHeader]).decode
_messages = msgspec.json.Decoder(list[_Message]).decode


class Ardary:
    """Implements `dialects.dialect.Dialect`."""

    name = events.NAME
    owns = ("/api/sendsms", "/api/contact", "/api/addcontact")
    labels = ("ardary send", "ardary contact")

    def __init__(self, options: Options) -> None:
        """No option matters to this style."""

    # -- requests --------------------------------------------------------------------------------------------------

    def read(self, request: Request) -> Asked:
        """See `Dialect`."""
        sends = request.path in _SENDS
        if not sends and request.path not in _CONTACTS:
            raise Refused(Refusal.NOT_FOUND)
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
            raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE)
        body = _decoded(_body, request.body)
        header = _one(_decoded(_login, body.header))
        login, key = header.login, header.accesskey or header.accessKey or header.password
        if not login or not key or len(login) > _LONGEST_SECRET or len(key) > _LONGEST_SECRET:
            raise Refused(Refusal.UNAUTHENTICATED)
        form = _Form(login, body.header, body.messages if sends else body.contacts)
        credential = Password(login, key)
        if sends:
            return Asked(credential, "ardary send", "send", form)
        return Asked(credential, "ardary contact", "contacts", form)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """See `Dialect`."""
        form: _Form = asked.what
        if asked.scope == "send":
            return self._send(form, tenant, now)
        if not _one(_decoded(_contact_header, form.header)).api:
            raise Refused(Refusal.MALFORMED)
        form.rows, contacts = contacts_of(form.entries, MOST_ENTRIES)
        if not contacts:
            raise Answered(contact_answer(form.rows, []))
        return PutContacts(contacts)

    def _send(self, form: _Form, tenant: Tenant, now: int) -> Send:
        header: _SendHeader = _one(_decoded(_send_header, form.header))
        messages = _decoded(_messages, form.entries)
        if not 0 < len(messages) <= MOST_ENTRIES:
            raise Refused(Refusal.MALFORMED)
        sender, zone = header.sender_name or None, tenant.time_zone
        by_network = sender is not None or header.sender_mode not in (None, "")
        priority = 1 if header.priority is None else header.priority
        dlr_url, callback, asks = _status(tenant, form.login)
        form.rows = rows = []
        items: list[Item] = []
        for message in messages:
            ref, text, phone = message.id_sms_api or None, message.message or "", message.phone()
            errors: list[str] = []
            if not phone or phone.isspace():
                missing = message.phone_number is msgspec.UNSET and message.phonenumber is msgspec.UNSET
                errors.append(NO_PHONE if missing or phone is None else EMPTY_PHONE)
            if not text:
                errors.append(EMPTY_TEXT)
            elif "\0" in text:
                errors.append(RULE)
            if ref is not None and (len(ref) > _LONGEST_ID or _CONTROL.search(ref) is not None):
                errors.append(MALFORMED)
            at: int | None = None
            date = message.date_to_send or header.date_to_send
            if date:
                at = moment(date, zone) if len(date) == _DATE_LENGTH else None  # longer ones are not to be remembered
                if at is None:
                    errors.append(BAD_DATE)
                elif at <= now:
                    at = None
            rows.append(_Row(ref or "", phone or "", errors))
            if errors:
                continue
            item = Item(sender, phone or "", text)
            item.dlr_url, item.callback, item.asks = dlr_url, callback, asks
            item.client_ref, item.unique_ref = ref, ref is not None
            item.schedule_at, item.priority, item.international = at, priority, True
            if by_network:
                item.channel = "network"
            else:
                item.channel, item.failover = "device", True
            if message.url and _PLACE in text.lower():
                item.link = message.url
            items.append(item)
        if not items:
            raise Answered(_sent(rows))
        test = header.mode == "test"
        return Send(items, dry=test, rehearsed=test)

    # -- answers ---------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """See `Dialect`."""
        form: _Form = asked.what
        if isinstance(command, PutContacts):
            return contact_answer(form.rows, result)
        outcome: Outcome = result
        rows: list[_Row] = form.rows
        tried = [row for row in rows if not row.errors]
        for row, entry in zip(tried, outcome.entries, strict=True):
            if entry.error is not None:
                row.errors.append(entry_error(entry.error.code))
            elif not row.id_sms_api and entry.id is not None:
                row.id_sms_api = str(entry.id)
        for code, status in ((CREDIT, 402), (ROUTE, 400)):
            if all(row.errors == [code] for row in rows):
                return whole_failure(status, code)
        return _sent(rows)

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """See `Dialect`."""
        return whole_of(refused.refusal)

    # -- callbacks -------------------------------------------------------------------------------------------------

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """See `Dialect`."""
        return events.status_push(item, callback)

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """See `Dialect`."""
        return events.event_push(kind, data, callback, url, at)


def _status(tenant: Tenant, login: str) -> tuple[str | None, Callback | None, int]:
    """URL, style and states of its status callbacks. A tenant whose callbacks are not in this style gets the native
    receipts there, or at its `dlr_url`."""
    url = tenant.callback_url
    if url is None or tenant.callback_style != events.NAME:
        return url, None, 0
    fields = {"user": login, "parameter": events.parameter_of(tenant, events.STATUS)}
    return url, Callback(events.NAME, tenant.time_zone, fields=fields), events.told_at_all(tenant)


@lru_cache(maxsize=256)  # a campaign has few dates
def moment(written: str, zone: str) -> int | None:
    """`YYYY-MM-DD HH:MM:SS` by the clocks of a zone as ms since 1970; None for anything else. What clocks skip is as
    much later as they skip; what comes twice is the first."""
    match = _DATE.match(written)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=events.zone_called(zone))
        return (at.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def _decoded(decode: Any, data: bytes | msgspec.Raw) -> Any:
    """JSON by its types. Raises Refused(MALFORMED)."""
    try:
        return decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Refused(Refusal.MALFORMED) from None


def _one(header: Any) -> Any:
    """The header: the page has it alone and in an array. Raises Refused(MALFORMED)."""
    if not isinstance(header, list):
        return header
    if len(header) != 1:
        raise Refused(Refusal.MALFORMED)
    return header[0]


def _sent(rows: list[_Row]) -> Answer:
    said: list[dict[str, Any]] = []
    for row in rows:
        entry: dict[str, Any] = {"id_sms_api": row.id_sms_api, "phone_number": row.phone}
        if row.errors:
            entry |= {"result": "failed", "errors": row.errors}
        else:
            entry["result"] = "success"
        said.append(entry)
    return Answer(200, _encode({"data": {"sms": said}}), JSON)
