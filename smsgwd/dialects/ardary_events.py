"""Ardary's callbacks: GET requests whose JSON stands in one parameter of the query (the page: 'by Callback URL')."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from smsgwd.dialects.http import Push
from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT, Callback, tell
from smsgwd.model.events import CALL, CLICKED, QUALIFIED, Call, Clicked, Qualified
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem
from smsgwd.model.tenant import DialectSettings, Tenant
from smsgwd.timespec.rfc3339 import Rfc3339Error, format_epoch_ms, parse_rfc3339

NAME: Final = "ardary"
STATUS, SMS, LINK, CALLS = "status", "sms", "link", "calls"
#: Parameters by what they tell of; the page shows a name for calls and their qualifications only, the others are ours.
PARAMETERS: Final = (STATUS, SMS, LINK, CALLS)
_PARAMETER_OF: Final = {CLICKED: LINK, CALL: CALLS, QUALIFIED: CALLS}
#: Events of `model.events` that this style has words for.
EVENTS: Final = frozenset(_PARAMETER_OF)
_CALLS: Final = {"incoming": "INCOMING CALL", "outgoing": "OUTGOING CALL", "missed": "MISSED"}
_SOURCES: Final = {"mobile": "Call qualification From Mobile", "interface": "Call qualification From Interface"}
_DATE, _TIME = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
_NO_SETTINGS: Final = DialectSettings()

_encode = msgspec.json.Encoder().encode
_clicked = msgspec.json.Decoder(Clicked).decode
_call = msgspec.json.Decoder(Call).decode
_qualified = msgspec.json.Decoder(Qualified).decode


def parameter_of(tenant: Tenant, event: str) -> str:
    """The parameter in which a tenant is told of what `PARAMETERS` names."""
    return (tenant.dialects or _NO_SETTINGS).ardary_parameters.get(event) or event


def told_at_all(tenant: Tenant) -> int:
    """The states its status callback tells of (`Message.asks`)."""
    failures = (tenant.dialects or _NO_SETTINGS).ardary_failures
    return TELL_SENT | (TELL_FINAL if failures else tell(State.DELIVERED))


def event_callback(tenant: Tenant, kind: str) -> Callback:
    """What the callback of one of `EVENTS` is written with."""
    return Callback(NAME, tenant.time_zone, fields={"parameter": parameter_of(tenant, _PARAMETER_OF[kind])})


def status_push(item: OutboxItem, callback: Callback) -> Push | None:
    """`sent` when an SMSC has taken a message, `received` when it was delivered, else `failed`."""
    if item.type == INTERMEDIATE:
        return None
    if item.type == SENT:
        status, at = "sent", item.created_at
    else:
        status = "received" if item.state is State.DELIVERED else "failed"
        at = item.created_at if item.done_at is None else item.done_at
    said = {
        "user": callback.fields.get("user", ""),
        "phone_number": item.dest,
        "status": status,
        "date_status": format_epoch_ms(at),
        "id_sms_api": item.client_ref or str(item.message_id),
    }
    return _push(item.url, callback.fields.get("parameter") or STATUS, said)


def event_push(kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
    """A click, a call, or what was said about one; None for what this style has no words for. Raises
    msgspec.DecodeError. `at`: ms since 1970, where the data have no time that can be read."""
    zone = callback.zone
    said: dict[str, Any]
    if kind == CLICKED:
        clicked = _clicked(data)
        said = {
            "title": "clicked link",
            "phonenumber": _plus(clicked.to),
            "link": clicked.link,
            "date": local(clicked.at, at, zone, _TIME),
            "id_sms_api": clicked.client_ref or clicked.message_id,
        }
    elif kind == CALL:
        call = _call(data)
        minutes, seconds = divmod(call.duration_s, 60)
        said = {
            "TITLE": _CALLS[call.direction],
            "PHONE_NUMBER": _plus(call.number or ""),
            "CALL_TIME": local(call.at, at, zone, _DATE),
            "DURATION": f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}",
        }
    elif kind == QUALIFIED:
        qualified = _qualified(data)
        said = {
            "title": _SOURCES[qualified.source],
            "from": _plus(qualified.from_),
            "qualification": qualified.qualification,
            "date": local(qualified.at, at, zone, _TIME),
        }
    else:
        return None
    return _push(url, callback.fields.get("parameter") or _PARAMETER_OF[kind], said)


def incoming_push(url: str, source: str, text: str, at: int, zone: str, parameter: str = "") -> Push:
    """A subscriber has written; `at` in ms since 1970."""
    said = {"title": "incoming sms", "from": source, "message": text, "date": local("", at, zone, _TIME)}
    return _push(url, parameter or SMS, said)


def local(written: str, at: int, zone: str, form: str) -> str:
    """A time (RFC 3339, else ms since 1970) as the clocks of a zone show it: dates of this style name none."""
    try:
        moment = parse_rfc3339(written)
    except Rfc3339Error:
        moment = datetime.fromtimestamp(at / 1000, UTC)
    try:
        return moment.astimezone(zone_called(zone)).strftime(form)
    except OverflowError:  # the first or last day there is
        return moment.strftime(form)


@lru_cache(maxsize=256)
def zone_called(name: str) -> ZoneInfo:
    """The zone of a tenant; UTC for one that the system has no rules of (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _plus(number: str) -> str:
    """The page's numbers are international, with their plus sign; short codes have none."""
    return f"+{number}" if len(number) > 6 and number.isdigit() else number


def _push(url: str, parameter: str, said: dict[str, Any]) -> Push:
    before = url.partition("#")[0]
    sign = "&" if "?" in before else "?"
    return Push("GET", f"{before}{sign}{quote(parameter, safe='')}={quote(_encode(said), safe='')}")
