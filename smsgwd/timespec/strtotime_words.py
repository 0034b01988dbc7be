"""The words that date phrases are made of: months, weekdays, units, ordinals, names of zones; English, as PHP has them.

Source: the PHP manual, 'Supported Date and Time Formats'.
"""

from __future__ import annotations

from typing import Final

_MONTHS: Final = (
    ("january", "jan", "I"),
    ("february", "feb", "II"),
    ("march", "mar", "III"),
    ("april", "apr", "IV"),
    ("may", "V"),
    ("june", "jun", "VI"),
    ("july", "jul", "VII"),
    ("august", "aug", "VIII"),
    ("september", "sept", "sep", "IX"),
    ("october", "oct", "X"),
    ("november", "nov", "XI"),
    ("december", "dec", "XII"),
)
_WEEKDAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

#: Number of a month by its English name or abbreviation in lower case, or by its Roman number in upper case.
MONTHS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
#: Number of a weekday (0 = Sunday) by its name, plural or abbreviation.
WEEKDAYS: Final = {written: number for number, name in enumerate(_WEEKDAYS) for written in (name, name + "s", name[:3])}
#: Ordinals and what else counts in words; 'this' is the coming one, today included.
COUNTS: Final = {
    "next": 1,
    "last": -1,
    "previous": -1,
    "this": 0,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eight": 8,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
}
#: The counts that go with 'week' (PHP knows no 'first week').
RELATIVE_COUNTS: Final = ("next", "last", "previous", "this")
#: Unit → (field of `strtotime_fields.Move`, how many of it).
UNITS: Final = {
    written: meaning
    for names, meaning in (
        (("ms", "msec", "msecs", "millisecond", "milliseconds"), ("micros", 1000)),
        (("µs", "µsec", "µsecs", "usec", "usecs", "microsecond", "microseconds"), ("micros", 1)),
        (("µsecond", "µseconds"), ("micros", 1)),
        (("sec", "secs", "second", "seconds"), ("seconds", 1)),
        (("min", "mins", "minute", "minutes"), ("seconds", 60)),
        (("hour", "hours"), ("seconds", 3600)),
        (("day", "days"), ("days", 1)),
        (("week", "weeks"), ("days", 7)),
        (("fortnight", "fortnights", "forthnight", "forthnights"), ("days", 14)),
        (("month", "months"), ("months", 1)),
        (("year", "years"), ("years", 1)),
        (("weekday", "weekdays"), ("weekdays", 1)),
    )
    for written in names
}

#: Offset from UTC in minutes by abbreviation (lower case), summer time included: what PHP takes each for.
ZONES: Final = {
    name: minutes
    for minutes, names in (
        (-720, "y"),
        (-660, "sst x"),
        (-600, "ahst hst w"),
        (-540, "akst v"),
        (-480, "akdt pst u"),
        (-420, "mst pdt t"),
        (-360, "cst mdt s"),
        (-300, "cdt est r"),
        (-240, "ast edt q"),
        (-210, "nst"),
        (-180, "adt p"),
        (-120, "o"),
        (-60, "n"),
        (0, "gmt utc uct wet z"),
        (60, "bst cet met wat west a"),
        (120, "bdst cat cest eet ist mest sast b"),
        (180, "eat eest idt msk c"),
        (240, "msd d"),
        (300, "pkt e"),
        (360, "pkst f"),
        (420, "wib g"),
        (480, "awst hkt wita h"),
        (540, "awdt hkst jst wit i"),
        (510, "kst"),
        (570, "acst"),
        (600, "aest chst gst jdt kdt k"),
        (630, "acdt"),
        (660, "aedt l"),
        (720, "nzst m"),
        (780, "nzdt"),
    )
    for name in names.split()
}


def one_of(words: object) -> str:
    """A regular expression that takes any of the words (a collection of them), the longest first."""
    assert isinstance(words, (dict, tuple, set, frozenset, list))
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"
