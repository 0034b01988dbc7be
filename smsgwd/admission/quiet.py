"""Quiet hours: the first moment from which on a recipient may be written to, by their local time of day.

A window belongs to the day on which it begins: `days` (5,) with 21:00-08:00 is the night from Friday to Saturday. A
window whose end is its beginning is a whole day. Where a number's prefix is in several zones (toll-free and mobile
numbers of large countries), it must be allowed in every one of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import QuietHours

_PREFIX: Final = 7  # digits that tell the zone: cities have fewer
_REMEMBERED: Final = 4096
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000
_LONGEST_MS: Final = 9 * _DAY_MS  # every weekday and one day more
_STEPS: Final = 200  # ends of windows and changes of the clock met on the way, at most


def next_allowed(quiet: QuietHours, msisdn: str, at_ms: int, fallback: str = "UTC") -> int:
    """`at_ms` when the recipient (digits) may be written to then, else the first moment after it at which they may.

    Times are milliseconds since 1970, UTC. `fallback` is the zone of a number of no country. Raises
    Refused(QUIET_HOURS) where no moment is ever allowed, ValueError for a zone that there is not.
    """
    zones = (_zone(quiet.zone),) if quiet.zone else zones_of(msisdn) or (_zone(fallback),)
    found = _in_all(quiet, zones, at_ms)
    if found is None:
        found = _in_all(quiet, zones[:1], at_ms)
    if found is None:
        raise Refused(Refusal.QUIET_HOURS, "the quiet hours of this tenant never end")
    return found


def zones_of(msisdn: str) -> tuple[ZoneInfo, ...]:
    """The time zones of a number (digits), by what it begins with; none for what is in no country."""
    return _zones(msisdn[:_PREFIX])


@lru_cache(_REMEMBERED)
def _zones(beginning: str) -> tuple[ZoneInfo, ...]:
    # Imported by who needs it: it costs memory.
    from phonenumbers import PhoneNumber
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_geographical_number

    # Where it is split does not matter: the library looks for the longest beginning of code and number in one piece.
    number = PhoneNumber(country_code=int(beginning[:1] or 0), national_number=int(beginning[1:] or 0))
    zeros = len(beginning[1:]) - len(beginning[1:].lstrip("0"))
    if zeros:
        number.italian_leading_zero, number.number_of_leading_zeros = True, zeros
    found = []
    for name in time_zones_for_geographical_number(number):
        if name == UNKNOWN_TIMEZONE:
            continue
        try:
            found.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):  # older zone files than the library's
            continue
    return tuple(found)


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name[:60]}' is not a time zone such as Europe/Athens") from None


def _in_all(quiet: QuietHours, zones: tuple[ZoneInfo, ...], at_ms: int) -> int | None:
    """The first moment allowed in all these zones; None when there is none within the days of a week."""
    moment, agreed, place = at_ms, 0, 0
    for _ in range(_STEPS):
        zone = zones[place % len(zones)]
        place += 1
        left = _left_ms(quiet, zone, moment)
        if left == 0:
            agreed += 1
            if agreed == len(zones):
                return moment
            continue
        agreed = 0
        moment = _after(zone, moment, left)
        if moment > at_ms + _LONGEST_MS:
            return None
        place -= 1  # the same zone again: its clock may have been changed on the way
    return None


def _left_ms(quiet: QuietHours, zone: ZoneInfo, moment: int) -> int:
    """How long the window still lasts by the clock on the wall; 0 when `moment` is in none."""
    local = datetime.fromtimestamp(moment // 1000, zone)
    past = ((local.hour * 60 + local.minute) * 60 + local.second) * 1000 + moment % 1000
    begin, end = quiet.begin * _MINUTE_MS, quiet.end * _MINUTE_MS
    today = not quiet.days or local.isoweekday() in quiet.days
    if begin < end:
        return end - past if today and begin <= past < end else 0
    if today and past >= begin:
        return _DAY_MS - past + end
    yesterday = not quiet.days or (local - timedelta(days=1)).isoweekday() in quiet.days
    return end - past if yesterday and past < end else 0


def _after(zone: ZoneInfo, moment: int, left: int) -> int:
    """The moment `left` milliseconds later, or the first at which the zone's clock is changed before that."""
    then = moment + left
    offset = _offset(zone, moment)
    if _offset(zone, then) == offset:
        return then
    low, high = moment // 1000, -(-then // 1000)  # the change is after `low`, at `high` at the latest; in seconds
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle * 1000) == offset:
            low = middle
        else:
            high = middle
    return high * 1000


def _offset(zone: ZoneInfo, moment: int) -> timedelta | None:
    return datetime.fromtimestamp(moment // 1000, zone).utcoffset()
