"""Dates as people write them, as PHP's strtotime means them: `next Thursday`, `+1 week 2 days`, `2026-12-24 09:30`.

`now` and the zone are passed in. Seconds count, fractions are dropped. Where we read less than PHP, on purpose:
a second time zone in a phrase is refused (PHP ignores it, so that `+1 dya` is a time), and so is a date outside the
years 1 to 9999. See docs/scheduling.md.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from smsgwd.timespec import strtotime_absolute, strtotime_relative
from smsgwd.timespec.strtotime_fields import Fields, PhraseError

__all__ = ["LONGEST", "PhraseError", "due", "parse"]

LONGEST: Final = 200  #: characters of a phrase
_FORMATS: Final = strtotime_relative.FORMATS + strtotime_absolute.FORMATS
_SHOWN: Final = 40  # characters of a part in an error
_BETWEEN: Final = " \t,."
_AROUND: Final = " \t\r\n"


def parse(text: str, now_ms: int, zone: ZoneInfo) -> int:
    """The moment that a phrase means, in milliseconds since 1970 UTC (whole seconds, as strtotime has it).

    Args:
        text: the phrase; a '+' that a query string made a space reads as one, since ` 1 day` is `+1 day`.
        now_ms: the current time in milliseconds since 1970 UTC; phrases start there.
        zone: whose time of day is meant unless the phrase names another.

    Errors: PhraseError names the part that cannot be read.
    """
    if not text:
        raise PhraseError("the date is empty")
    if len(text) > LONGEST:
        raise PhraseError(f"a date has at most {LONGEST} characters")
    phrase = text.strip(_AROUND)
    fields = Fields()
    at = 0
    while at < len(phrase):
        if phrase[at] in _BETWEEN:
            at += 1
            continue
        at = _say(fields, phrase, at)
    return fields.moment(now_ms // 1000, zone) * 1000


def due(text: str, now_ms: int, zone: ZoneInfo) -> int:
    """The same as `parse` for the time to send at: a date that has passed means now, that is `now_ms`."""
    return max(parse(text, now_ms, zone), now_ms)


def _say(fields: Fields, phrase: str, at: int) -> int:
    """Read the part of a phrase that begins at `at`, return where it ends. Errors: PhraseError."""
    end, chosen = at, None
    for pattern, say in _FORMATS:
        match = pattern.match(phrase, at)
        if match is not None and match.end() > end:
            end, chosen = match.end(), (say, match)
    if chosen is None:
        raise PhraseError(f"'{_words(phrase, at, at + 1)}' is no part of a date")
    try:
        chosen[0](fields, chosen[1])
    except PhraseError as error:
        raise PhraseError(f"'{_words(phrase, at, end)}' is {error}") from None
    return end


def _words(phrase: str, at: int, end: int) -> str:
    """A part of a phrase to the end of its last word, shortened, for an error."""
    while end < len(phrase) and phrase[end] not in _BETWEEN:
        end += 1
    return phrase[at : min(end, at + _SHOWN)]
