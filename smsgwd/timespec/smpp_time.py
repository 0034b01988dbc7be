"""schedule_delivery_time and validity_period (SMPP 3.4 s7.1.1): `YYMMDDhhmmsstnnp` and `YYMMDDhhmmss000R`.

Absolute: local time, tenth of a second, distance to UTC in quarter hours, '+' if local time is ahead of UTC, '-' if
behind. Relative: years, months, days, hours, minutes and seconds from now.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_LENGTH: Final = 16
_QUARTER: Final = timedelta(minutes=15)
_MOST_QUARTERS: Final = 48


class SmppTimeError(ValueError):
    """The text is no SMPP time, or a time cannot be written as one; the message says why."""


def parse_smpp_time(value: bytes | str, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """Return the moment in UTC, None for the empty text (immediately, or the default validity).

    Args:
        value: the field without its NUL.
        now: the current time, aware; relative times start there, and a two-digit year is the one nearest to it.
        zone: where given, the 12-digit `YYMMDDhhmmss` that some ESMEs send is read as local time of that zone.

    Relative years and months are calendar ones in UTC, the day clamped to the month's last.
    Errors: SmppTimeError names the field at fault; ValueError if `now` is naive.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    if not value:
        return None
    text = _ascii(value)
    if len(text) == 12 and zone is not None:
        return _absolute(_numbers(text), 0, zone, now)
    if len(text) != _LENGTH:
        raise SmppTimeError(f"an SMPP time has 0 or {_LENGTH} characters, not {len(text)}")
    sign = text[15]
    if sign not in "+-R":
        raise SmppTimeError("an SMPP time ends in '+', '-' or 'R'")
    numbers = _numbers(text[:12])
    if not _digits(text[12:15]):
        raise SmppTimeError("tenths and quarter hours must be digits")
    if sign == "R":
        if text[12:15] != "000":
            raise SmppTimeError("a relative time ends in 000R")
        return _relative(numbers, now)
    quarters = int(text[13:15])
    if quarters > _MOST_QUARTERS:
        raise SmppTimeError(f"the distance to UTC is at most {_MOST_QUARTERS} quarter hours, not {quarters}")
    offset = quarters * _QUARTER
    moment = _absolute(numbers, int(text[12]), UTC, now)
    try:
        return moment - offset if sign == "+" else moment + offset
    except OverflowError:
        raise SmppTimeError("the time is out of range") from None


def compose_absolute(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return an aware moment as `YYMMDDhhmmsstnnp` in a zone, tenths rounded down.

    Errors: SmppTimeError if the moment is naive or the zone's offset is no multiple of 15 minutes within 12 hours
    (then UTC does).
    """
    if moment.tzinfo is None:
        raise SmppTimeError("a time without zone cannot be sent")
    local = moment.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    quarters, rest = divmod(abs(offset), _QUARTER)
    if rest or quarters > _MOST_QUARTERS:
        raise SmppTimeError(f"an offset of {offset} cannot be sent")
    sign = "-" if offset < timedelta() else "+"
    return f"{local:%y%m%d%H%M%S}{local.microsecond // 100_000}{quarters:02d}{sign}"


def compose_relative(span: timedelta) -> str:
    """Return a span as `0000DDhhmmss000R`, rounded up to a second.

    Days stay days, since SMSCs differ in how long a month is. Errors: SmppTimeError for a span that is negative or
    above 31 days (send an absolute time then).
    """
    if span < timedelta():
        raise SmppTimeError("a relative time cannot be negative")
    seconds = span.days * 86_400 + span.seconds + (1 if span.microseconds else 0)
    days, seconds = divmod(seconds, 86_400)
    if days > 31:
        raise SmppTimeError("a relative time has at most 31 days")
    return f"0000{days:02d}{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}000R"


def _ascii(value: bytes | str) -> str:
    """Return the value as ASCII text. Errors: SmppTimeError."""
    try:
        return value.decode("ascii") if isinstance(value, bytes) else value.encode("ascii").decode("ascii")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise SmppTimeError("an SMPP time is digits and one sign") from None


def _digits(text: str) -> bool:
    """Return whether the text is only ASCII digits."""
    return text.isascii() and text.isdigit()


def _numbers(text: str) -> tuple[int, ...]:
    """Return the six two-digit fields. Errors: SmppTimeError."""
    if not _digits(text):
        raise SmppTimeError("the first twelve characters must be digits (YYMMDDhhmmss)")
    return tuple(int(text[at : at + 2]) for at in range(0, 12, 2))


def _absolute(numbers: tuple[int, ...], tenth: int, zone: tzinfo, now: datetime) -> datetime:
    """Return the fields as a moment in UTC. Errors: SmppTimeError naming the field out of range."""
    short, month, day, hour, minute, second = numbers
    year = now.year + (short - now.year + 50) % 100 - 50
    limits = (("month", month, 1, 12), ("hour", hour, 0, 23), ("minute", minute, 0, 59), ("second", second, 0, 59))
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise SmppTimeError(f"{name} {value:02d} is not between {low:02d} and {high:02d}")
    try:
        last = monthrange(year, month)[1]
        if not 1 <= day <= last:
            raise SmppTimeError(f"day {day:02d} is not between 01 and {last:02d}")
        return datetime(year, month, day, hour, minute, second, tenth * 100_000, zone).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        if isinstance(error, SmppTimeError):
            raise
        raise SmppTimeError("the time is out of range") from None


def _relative(numbers: tuple[int, ...], now: datetime) -> datetime:
    """Return now plus the fields, in UTC. Errors: SmppTimeError if that is out of range."""
    years, months, days, hours, minutes, seconds = numbers
    start = now.astimezone(UTC)
    month = start.month - 1 + months
    year = start.year + years + month // 12
    month = month % 12 + 1
    try:
        day = min(start.day, monthrange(year, month)[1])
        moved = start.replace(year=year, month=month, day=day)
        return moved + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError):
        raise SmppTimeError("the time is out of range") from None
