"""RFC 3339 times: strict on the way in (an offset is required), UTC with milliseconds and 'Z' on the way out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_PATTERN: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
).fullmatch
_NO_OFFSET: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?", re.ASCII).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Rfc3339Error(ValueError):
    """The text is no RFC 3339 time; the message says why."""


def parse_rfc3339(text: str) -> datetime:
    """Return the moment in UTC; digits beyond microseconds are dropped, a leap second counts as the next second.

    Errors: Rfc3339Error.
    """
    match = _PATTERN(text)
    if match is None:
        if _NO_OFFSET(text):
            raise Rfc3339Error("the time lacks an offset: end it in 'Z' or like '+02:00'")
        raise Rfc3339Error("not an RFC 3339 time like 2026-11-21T15:04:05Z")
    year, month, day, hour, minute, second = (int(field) for field in match.groups()[:6])
    fraction, _, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta()
    if sign:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise Rfc3339Error(f"offset {sign}{offset_hours}:{offset_minutes} is out of range")
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        if sign == "-":
            offset = -offset
    leap = second == 60
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, micros, UTC) - offset
        if leap:
            if (moment.hour, moment.minute) != (23, 59):
                raise Rfc3339Error("a leap second is only at 23:59:60 UTC")
            moment += timedelta(seconds=1)
    except Rfc3339Error:
        raise
    except (ValueError, OverflowError) as error:
        raise Rfc3339Error(f"no such time: {error}") from None
    return moment


def format_utc(moment: datetime) -> str:
    """Return an aware moment in UTC with milliseconds, rounded down: `2026-11-21T15:04:05.123Z`.

    Errors: ValueError for a naive one.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be written")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat("T", "milliseconds") + "Z"


def format_epoch_ms(milliseconds: int) -> str:
    """Return milliseconds since 1970 UTC as `format_utc` does. Errors: OverflowError beyond the years 1–9999."""
    return format_utc(_EPOCH + timedelta(milliseconds=milliseconds))


def to_epoch_ms(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970 UTC, rounded down. Errors: ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone has no place on the time line")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
