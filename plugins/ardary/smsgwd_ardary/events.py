"""Ardary's callbacks: one address for all, a GET whose JSON stands in a parameter; what kind it is, its `title` says.

Taken as well: the fields as parameters of their own, a form, JSON in the body. The page writes some names in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from smsgwd.model.message import State
from smsgwd.providers import (
    Callback,
    CallbackRefused,
    CallbackRequest,
    Clicked,
    Event,
    Incoming,
    PhoneCall,
    Qualified,
    Report,
)
from smsgwd_ardary.options import ArdaryOptions

_STATES: Final = {"received": State.DELIVERED, "delivered": State.DELIVERED, "failed": State.UNDELIVERED}
_HMS: Final = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_DEEPEST: Final = 3
_LONGEST_ID: Final = 64

Fields = Mapping[str, str]


def callback(request: CallbackRequest, options: ArdaryOptions, now_ms: int) -> Callback:
    """What a callback says. Raises CallbackRefused."""
    zone = ZoneInfo(options.time_zone)
    events = [_event(fields, options, zone, now_ms) for fields in _objects(request)]
    return Callback(events, body=b"OK")


def _objects(request: CallbackRequest) -> list[Fields]:
    """The objects that a request carries, names in lower case."""
    fields = request.fields()
    flat = {name.lower(): value for name, value in fields.items()}
    if "title" in flat or ("status" in flat and "id_sms_api" in flat):
        return [flat]  # a text among them may look like JSON
    found: list[Fields] = []
    for value in fields.values():
        found += _decoded(value)
    for name, value in request.query:  # the whole query is the JSON
        found += _decoded(f"{name}={value}" if value else name)
    if request.body.lstrip()[:1] in (b"{", b"["):
        found += _flat(request.json())
    return found or [flat]


def _decoded(text: str) -> Iterator[Fields]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _flat(msgspec.json.decode(text.encode("utf-8", "replace")))
        except (msgspec.DecodeError, RecursionError):
            raise CallbackRefused("the JSON cannot be read") from None


def _flat(value: Any, depth: int = 0) -> Iterator[Fields]:
    """Objects of plain values, of lists of such and of objects that hold them under a name."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _flat(each, depth + 1)
    elif isinstance(value, dict):
        plain = {name.lower(): str(each) for name, each in value.items() if isinstance(each, str | int | float)}
        if plain:
            yield plain
        for each in value.values():
            yield from _flat(each, depth + 1)


def _event(fields: Fields, options: ArdaryOptions, zone: ZoneInfo, now_ms: int) -> Event:
    title = fields.get("title", "").strip().lower()
    if title == "incoming sms":
        return Incoming(_number(fields, "from"), fields.get("message", ""), at_ms=_at(fields.get("date", ""), zone))
    if title == "clicked link":
        name = _id(fields)
        to = _digits(fields.get("phonenumber") or fields.get("phone_number") or "")
        at = _at(fields.get("date", ""), zone)
        return Clicked(fields.get("link", ""), name, _ours(name), to, at)
    if "call" in title and "qualification" in title:
        source = "interface" if "interface" in title else "mobile"
        said = fields.get("qualification", "")
        at = _at(fields.get("date", ""), zone)
        return Qualified(_number(fields, "from"), said, "interface" if source == "interface" else "mobile", at)
    if title in ("incoming call", "outgoing call", "missed", "missed call"):
        return _call(title, fields, options, zone, now_ms)
    if not title and "status" in fields:
        name, word = _id(fields), fields["status"].strip()
        return Report(
            _STATES.get(word.lower()),
            name,
            _ours(name),
            word[:64],
            fields.get("error", "")[:64],
            _at(fields.get("date_status", ""), zone),
            _digits(fields.get("phone_number") or fields.get("phonenumber") or ""),
        )
    raise CallbackRefused("neither a status nor a title that is known")


def _call(title: str, fields: Fields, options: ArdaryOptions, zone: ZoneInfo, now_ms: int) -> PhoneCall:
    number = _number(fields, "phone_number")
    date, lasted = fields.get("call_time", "").strip(), fields.get("duration", "").strip()
    seconds = 0
    match = _HMS.match(lasted)
    if options.call_duration == "time":
        date = f"{date} {lasted}" if match else date
    elif match:
        hours, minutes, rest = match.groups()
        seconds = int(hours) * 3600 + int(minutes) * 60 + int(rest or 0)
    elif lasted.isascii() and lasted.isdigit() and len(lasted) < 7:
        seconds = int(lasted)
    at = _at(date, zone)
    if len(date) == 10 and date == datetime.fromtimestamp(now_ms / 1000, zone).date().isoformat():
        at = None  # today: when it is told is nearer than midnight
    match title.split()[0]:
        case "incoming":
            return PhoneCall("incoming", number, at, seconds)
        case "outgoing":
            return PhoneCall("outgoing", number, at, seconds)
        case _:
            return PhoneCall("missed", number, at, seconds)


def _id(fields: Fields) -> str:
    name = fields.get("id_sms_api", "").strip()
    if not 0 < len(name) <= _LONGEST_ID:
        raise CallbackRefused("id_sms_api is missing or too long")
    return name


def _ours(name: str) -> str:
    """What we sent as `id_sms_api` is the message's own id."""
    return name if _DECIMAL.match(name) else ""


def _number(fields: Fields, name: str) -> str:
    digits = _digits(fields.get(name, ""))
    if not digits:
        raise CallbackRefused(f"{name} is no number")
    return digits


def _digits(written: str) -> str:
    """A number as digits. A plus that a query turned into a blank is no part of it."""
    return "".join(each for each in written if each in "0123456789").removeprefix("00")[:20]


def _at(written: str, zone: ZoneInfo) -> int | None:
    """A date in ms since 1970, by the clocks of `zone` where it names none; None for what is none."""
    try:
        moment = datetime.fromisoformat(written.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return max(0, int((moment.astimezone(UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return None
