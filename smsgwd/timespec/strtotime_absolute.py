"""Absolute parts of date phrases: dates, times of day, time zones, in the forms that PHP reads.

Each entry of `FORMATS` is a form and what it says to the fields. Of the forms that fit, the longest counts, and of
those the first here. Source: the PHP manual, 'Date Formats', 'Time Formats', 'Compound Formats'.
"""

from __future__ import annotations

import re
from datetime import date, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from smsgwd.timespec.strtotime_fields import Fields, PhraseError, fixed_zone
from smsgwd.timespec.strtotime_relative import MERIDIAN, Form, form, to_24
from smsgwd.timespec.strtotime_words import MONTHS, ZONES, one_of

_HOUR_12: Final = r"(?P<h>1[0-2]|0?[1-9])"
_HOUR: Final = r"(?P<h>2[0-4]|[01]?[0-9])"
_HOUR_2: Final = r"(?P<h>2[0-4]|[01][0-9])"
_MINUTE: Final = r"(?P<i>[0-5]?[0-9])"
_MINUTE_2: Final = r"(?P<i>[0-5][0-9])"
_SECOND: Final = r"(?P<s>60|[0-5]?[0-9])"
_SECOND_2: Final = r"(?P<s>60|[0-5][0-9])"
_FRACTION: Final = r"\.(?P<f>[0-9]+)"
_SUFFIX: Final = r"(?:st|nd|rd|th)?"
_DAY: Final = rf"(?P<d>3[01]|[0-2]?[0-9]){_SUFFIX}"
_DAY_2: Final = r"(?P<d>3[01]|[0-2][0-9])"
_MONTH: Final = r"(?P<m>1[0-2]|0?[0-9])"
_MONTH_2: Final = r"(?P<m>1[0-2]|0[0-9])"
_NAMES: Final = tuple(name for name in MONTHS if name.islower())
_MONTH_NAME: Final = rf"(?P<m>{one_of(_NAMES)}|(?-i:{one_of(tuple(MONTHS.keys() - set(_NAMES)))}))"
_MONTH_WORD: Final = rf"(?P<m>{one_of(_NAMES)})"
_MONTH_SHORT: Final = rf"(?P<m>{one_of(tuple(name for name in _NAMES if len(name) < 5))})"
_YEAR: Final = r"(?P<y>[0-9]{1,4})"
_YEAR_2: Final = r"(?P<y>[0-9]{2})"
_YEAR_4: Final = r"(?P<y>[0-9]{4})"
_YEAR_SIGNED: Final = r"(?P<y>[+-]?[0-9]{4})"
_GAP: Final = r"[ .\t-]*"
_OFFSET: Final = r"(?:GMT)?[+-](?:2[0-4]|[01]?[0-9]):?(?:[0-5]?[0-9])?(?::[0-5][0-9])?"
_ZONE: Final = r"(?-i:[A-Z][a-z]+(?:[_/-][A-Za-z]+)+(?:[+-][0-9]{1,2})?)|\(?[A-Za-z]{1,6}\)?"
_WEEK: Final = r"(?P<w>0[1-9]|[1-4][0-9]|5[0-3])"
_DAY_OF_YEAR: Final = r"(?P<d>00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])"
_DAY_AND_MONTH: Final = rf"{_MONTH_NAME}{_GAP}{_DAY}(?![0-9:])[,.stndrh\t ]*"


def _year(written: str) -> int:
    """A year; two digits are 1970 to 2069."""
    year = int(written)
    if len(written) < 4 and year < 100:
        year += 2000 if year < 70 else 1900
    return year


def _month(written: str) -> int:
    """A month by number or name."""
    return int(written) if written.isdigit() else MONTHS.get(written) or MONTHS[written.lower()]


def _date(fields: Fields, match: re.Match[str]) -> None:
    """A date, a lacking year or day is left as it is; a time after it."""
    named = match.groupdict()
    year, day = named.get("y"), named.get("d")
    fields.set_date(_year(year) if year else None, _month(named["m"]), int(day) if day else None)
    if named.get("h"):
        _time(fields, match)


def _month_of(fields: Fields, match: re.Match[str]) -> None:
    """Month and year: its first day."""
    fields.set_date(_year(match["y"]), _month(match["m"]), 1)


def _time(fields: Fields, match: re.Match[str]) -> None:
    """A time of day."""
    named = match.groupdict()
    hour = int(named["h"])
    meridian = named.get("ap")
    if meridian:
        hour = to_24(hour, meridian)
    micro = int((named.get("f") or "0").ljust(6, "0")[:6])
    fields.set_time(hour, int(named.get("i") or 0), int(named.get("s") or 0), micro)


def _four_digits(fields: Fields, match: re.Match[str]) -> None:
    """Hours and minutes, or a year where a time was said before."""
    if fields.has_time:
        fields.year = int(match["h"] + match["i"])
    else:
        fields.set_time(int(match["h"]), int(match["i"]))


def _only_year(fields: Fields, match: re.Match[str]) -> None:
    """A year alone: month and day are now's or said elsewhere."""
    fields.year = int(match["y"])


def _day_of_year(fields: Fields, match: re.Match[str]) -> None:
    """The nth day of a year: days of January run over."""
    fields.set_date(int(match["y"]), 1, int(match["d"]))


def _iso_week(fields: Fields, match: re.Match[str]) -> None:
    """A day of an ISO week, Monday unless it is said."""
    year, week = int(match["y"]), int(match["w"])
    weekday = int(match.groupdict().get("wd") or 1)
    try:
        fourth = date(year, 1, 4)  # is always in week 1
    except ValueError:
        raise PhraseError("outside the years 1 to 9999") from None
    fields.set_date(year, 1, 1)
    fields.move.days = 3 - fourth.isoweekday() + (week - 1) * 7 + weekday


def _timestamp(fields: Fields, match: re.Match[str]) -> None:
    """Seconds since 1970 UTC; a fraction is read and dropped downwards."""
    fields.has_date = fields.has_time = False
    fields.set_date(1970, 1, 1)
    fields.set_time(0)
    fields.has_date = fields.has_time = False
    fields.move.seconds += int(match[1])
    fields.set_zone(fixed_zone(0))


def _zone(fields: Fields, match: re.Match[str]) -> None:
    """A time zone."""
    fields.set_zone(zone_of(match[0]))


def zone_of(written: str) -> tzinfo:
    """A zone by offset (`+02:00`, `GMT+2`), abbreviation (`EST`) or name (`Europe/Athens`). Errors: PhraseError."""
    name = written.strip("()")
    offset = name[3:] if name[:3].upper() == "GMT" and name[3:4] in ("+", "-") else name
    if offset[:1] in ("+", "-"):
        return _offset(offset)
    minutes = ZONES.get(name.lower())
    if minutes is not None:
        return fixed_zone(minutes)
    key = _zone_names().get(name.lower())
    if key is None:
        raise PhraseError("no word or time zone of a date")
    return ZoneInfo(key)


def _offset(written: str) -> tzinfo:
    """`+2`, `+02`, `+0230`, `+2:30` or `+02:30:15` as a zone."""
    sign = -1 if written[0] == "-" else 1
    rest = written[1:]
    if ":" in rest:
        hours, minutes, *seconds = (int(part or 0) for part in rest.split(":"))
        return fixed_zone(sign * (hours * 60 + minutes), sign * (seconds[0] if seconds else 0))
    if len(rest) <= 2:
        return fixed_zone(sign * int(rest) * 60)
    return fixed_zone(sign * (int(rest[:-2]) * 60 + int(rest[-2:])))


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    """Names of zones by their lower case."""
    return {name.lower(): name for name in available_timezones()}


_CLOCK_24: Final = rf"t?{_HOUR}[:.]{_MINUTE}(?:[:.]{_SECOND}(?:{_FRACTION})?)?"
_TIME_12_MINUTES: Final = rf"{_HOUR_12}[:.]{_MINUTE_2}(?:[:.]{_SECOND_2})?[ \t]*(?P<ap>{MERIDIAN})"
_TIME_12: Final = rf"{_HOUR_12}(?:[:.]{_MINUTE_2}(?:[:.]{_SECOND_2})?)?[ \t]*(?P<ap>{MERIDIAN})"
_STAMP: Final = rf"{_HOUR_2}:{_MINUTE_2}:{_SECOND_2}"

FORMATS: Final[tuple[Form, ...]] = (
    form(r"@(-?[0-9]+)(?:\.[0-9]{0,6})?", _timestamp),
    form(_TIME_12, _time),
    form(_CLOCK_24, _time),
    form(rf"t{_HOUR}", _time),
    form(rf"t?{_HOUR_2}{_MINUTE_2}", _four_digits),
    form(rf"t{_HOUR_2}{_MINUTE_2}{_SECOND_2}", _time),
    form(rf"{_MONTH}/{_DAY}(?:/{_YEAR})?", _date),
    form(rf"{_YEAR_SIGNED}-{_MONTH_2}-{_DAY_2}", _date),
    form(rf"{_YEAR_4}/{_MONTH_2}/{_DAY_2}/?", _date),
    form(rf"{_YEAR_2}-{_MONTH_2}-{_DAY_2}", _date),
    form(rf"{_YEAR_4}-{_MONTH}", _month_of),
    form(rf"{_YEAR}-{_MONTH}-{_DAY}", _date),
    form(rf"{_DAY}{_GAP}{_MONTH_NAME}{_GAP}{_YEAR}", _date),
    form(rf"{_DAY}[.\t-]{_MONTH}[.-]{_YEAR_4}", _date),
    form(rf"{_DAY}[.\t]{_MONTH}\.{_YEAR_2}", _date),
    form(rf"{_MONTH_NAME}{_GAP}{_YEAR_4}", _month_of),
    form(rf"{_YEAR_4}{_GAP}{_MONTH_NAME}", _month_of),
    form(rf"{_MONTH_NAME}{_GAP}{_DAY}[,.stndrh\t ]+{_YEAR}", _date),
    form(_DAY_AND_MONTH, _date),
    form(rf"{_DAY}{_GAP}{_MONTH_NAME}", _date),
    form(rf"{_YEAR_4}{_MONTH_2}{_DAY_2}", _date),
    form(rf"{_YEAR_4}{_MONTH_2}{_DAY_2}t?{_HOUR}:?{_MINUTE_2}:?{_SECOND_2}", _date),
    form(rf"{_YEAR_4}-{_MONTH_2}-{_DAY_2}t{_STAMP}{_FRACTION}", _date),
    form(rf"{_YEAR_4}-{_MONTH}-{_DAY}t{_HOUR}:{_MINUTE}:{_SECOND}", _date),
    form(rf"{_YEAR_4}:{_MONTH_2}:{_DAY_2} {_STAMP}", _date),
    form(rf"{_YEAR_4}\.?{_DAY_OF_YEAR}", _day_of_year),
    form(rf"{_YEAR_4}-?W{_WEEK}(?:-?(?P<wd>[0-7]))?", _iso_week),
    form(rf"{_MONTH_SHORT}-{_DAY_2}-{_YEAR}", _date),
    form(rf"{_YEAR}-{_MONTH_SHORT}-{_DAY_2}", _date),
    form(rf"{_DAY}/{_MONTH_SHORT}/{_YEAR_4}:{_STAMP}", _date),
    form(_YEAR_4, _only_year),
    form(_MONTH_WORD, _date),
    form(f"{_OFFSET}|{_ZONE}", _zone),
    form(rf"{_DAY_AND_MONTH}t?{_HOUR}[:.]{_MINUTE}(?:[:.]{_SECOND})?", _date),
    form(rf"{_DAY_AND_MONTH}{_TIME_12_MINUTES}", _date),
)
