"""Relative parts of date phrases: `+1 week 2 days`, `next Thursday`, `first day of next month`, `3 days ago`.

Each entry of `FORMATS` is a form and what it says to the fields. Source: the PHP manual, 'Relative Formats'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from smsgwd.timespec.strtotime_fields import Fields, PhraseError
from smsgwd.timespec.strtotime_words import COUNTS, RELATIVE_COUNTS, UNITS, WEEKDAYS, one_of

Form = tuple[re.Pattern[str], Callable[[Fields, re.Match[str]], None]]
_SPACE: Final = r"[ \t]+"
_DAY_NAMES: Final = tuple(WEEKDAYS)
_UNIT: Final = one_of((*UNITS, *_DAY_NAMES))
_TEXT_UNIT: Final = one_of(tuple(unit for unit in (*UNITS, *_DAY_NAMES) if unit != "week"))


def form(pattern: str, say: Callable[[Fields, re.Match[str]], None]) -> Form:
    """A form of a part of a phrase: its pattern, case does not count, and what it says."""
    return re.compile(pattern, re.IGNORECASE | re.ASCII), say


def _now(fields: Fields, match: re.Match[str]) -> None:
    """'now' says nothing: what is not said is now's."""


def _midnight(fields: Fields, match: re.Match[str]) -> None:
    """The day begins."""
    fields.at_midnight()


def _noon(fields: Fields, match: re.Match[str]) -> None:
    """12:00, whatever was said before."""
    fields.at_midnight()
    fields.set_time(12)


def _other_day(days: int) -> Callable[[Fields, re.Match[str]], None]:
    """00:00 of the day that is `days` on."""

    def say(fields: Fields, match: re.Match[str]) -> None:
        fields.at_midnight()
        fields.move.days = days

    return say


def _quarter(fields: Fields, match: re.Match[str]) -> None:
    """'back of' an hour is its quarter past, 'front of' the quarter to it."""
    front = match[1].lower() == "front"
    hour = int(match[2]) - front
    if match[3]:
        hour = to_24(hour or 12, match[3])  # after the quarter is taken off, as in PHP: before 12pm is 23:45
    fields.at_midnight()
    fields.set_time(hour, 45 if front else 15)


def _month_edge(fields: Fields, match: re.Match[str]) -> None:
    """The first or last day of the month that the rest names; the time of day stays."""
    fields.edge = match[1].lower()


def _weekday_of(fields: Fields, match: re.Match[str]) -> None:
    """'first monday of' the month that the rest names."""
    count, weekday = COUNTS[match[1].lower()], WEEKDAYS[match[2].lower()]
    fields.at_midnight()
    fields.move.weekdays = None
    if count > 0:
        fields.of_month = "first"
        _weekdays(fields, weekday, count, 1)
    else:
        fields.of_month = "last"
        _weekdays(fields, weekday, count, 1 if count == 0 else 0)


def _weekdays(fields: Fields, weekday: int, count: int, mode: int) -> None:
    """Go to the `count`th such weekday."""
    fields.move.days += (count - 1 if count > 0 else count) * 7
    fields.go_to_weekday(weekday, mode)


def _weekday(fields: Fields, match: re.Match[str]) -> None:
    """A weekday alone is the coming one, today included."""
    fields.at_midnight()
    fields.go_to_weekday(WEEKDAYS[match[0].lower()], 2 if fields.weekday_mode == 2 else 1)


def _counted_week(fields: Fields, match: re.Match[str]) -> None:
    """'next week' is its Monday, at the same time of day; with a weekday beside it, that day of it."""
    fields.move.days += COUNTS[match[1].lower()] * 7
    fields.go_to_weekday(1 if fields.weekday is None else fields.weekday, 2)


def _counted_text(fields: Fields, match: re.Match[str]) -> None:
    """'next month', 'third monday', 'this friday'."""
    word = match[1].lower()
    unit, count = match[2].lower(), COUNTS[word]
    if unit in WEEKDAYS:
        fields.at_midnight()
        _weekdays(fields, WEEKDAYS[unit], count, 1 if word == "this" else 0)
        return
    if unit in ("weekday", "weekdays"):
        fields.at_midnight()
    name, size = UNITS[unit]
    fields.go(name, count * size)


def _counted(fields: Fields, match: re.Match[str]) -> None:
    """'+2 days', '-1 monday': the time of day stays."""
    count = int(match[2])
    if match[1].count("-") % 2:
        count = -count
    unit = match[3].lower()
    if unit in WEEKDAYS:
        _weekdays(fields, WEEKDAYS[unit], count, 1)
        return
    name, size = UNITS[unit]
    fields.go(name, count * size)


def _ago(fields: Fields, match: re.Match[str]) -> None:
    """All moves said before it go back."""
    fields.turn()


def to_24(hour: int, meridian: str) -> int:
    """An hour of the 12-hour clock as one of the 24-hour clock. Errors: PhraseError unless it is 1 to 12."""
    if not 1 <= hour <= 12:
        raise PhraseError("no hour of the 12-hour clock")
    return hour % 12 + (12 if meridian[0] in "pP" else 0)


#: A meridian ends a word.
MERIDIAN: Final = r"([ap]\.?m\.?)(?=[\t ]|$)"

FORMATS: Final[tuple[Form, ...]] = (
    form("yesterday", _other_day(-1)),
    form("now", _now),
    form("noon", _noon),
    form("midnight|today", _midnight),
    form("tomorrow", _other_day(1)),
    form(r"(first|last) day of", _month_edge),
    form(rf"(back|front) of (2[0-4]|[01]?[0-9])(?:[ \t]*{MERIDIAN})?", _quarter),
    form(rf"({one_of(COUNTS)}){_SPACE}({one_of(_DAY_NAMES)}){_SPACE}of", _weekday_of),
    form("ago", _ago),
    form("weekdays?", _midnight),
    form(one_of(_DAY_NAMES), _weekday),
    form(rf"({one_of(RELATIVE_COUNTS)}){_SPACE}week", _counted_week),
    form(rf"({one_of(COUNTS)}){_SPACE}({_TEXT_UNIT})", _counted_text),
    form(rf"([+-]*)[ \t]*([0-9]{{1,13}})[ \t]*({_UNIT})", _counted),
)
