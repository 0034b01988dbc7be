"""What forms and queries say, as commands take it: times, choices; and lengths of time for people."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.console.visit import Visit
from smsgwd.console.words import WORDS

# What <input type="datetime-local"> gives: no zone, seconds only where they are not 0.
_LOCAL: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})(:[0-9]{2})?(\.[0-9]+)?(Z|\+00:00)?", re.ASCII
)


def utc(written: str) -> str:
    """A time from a form as RFC 3339 in UTC; anything else as it is: the command says what is wrong with it."""
    found = _LOCAL.fullmatch(written)
    return f"{found[1]}{found[2] or ':00'}{found[3] or ''}Z" if found is not None else written


def local(written: str) -> str:
    """A time as a form's field shows it; '' for what it cannot show."""
    found = _LOCAL.fullmatch(written)
    return "" if found is None else f"{found[1]}{found[2] or ''}"


def chosen(visit: Visit, name: str) -> str | None:
    """'yes' where a box of a form was ticked, else None."""
    return "yes" if visit.form.get(name) == "yes" else None


def wanted(visit: Visit, name: str) -> str | None:
    """'yes' where the query wants something, else None."""
    return "yes" if visit.query.get(name) == "yes" else None


def word(visit: Visit, name: str) -> str:
    """What data calls something, in the person's language."""
    return visit._(WORDS[name]) if name in WORDS else name


def span(seconds: float) -> str:
    """A length of time, to two of its units: 16 ms, 4.2 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    minutes, hours = divmod(round(seconds), 60), divmod(round(seconds) // 60, 60)
    days = divmod(hours[0], 24)
    if days[0]:
        return _pair(days, "d", "h")
    return _pair(hours, "h", "min") if hours[0] else _pair(minutes, "min", "s")


def _pair(figures: tuple[int, int], big: str, small: str) -> str:
    return f"{figures[0]} {big}" + (f" {figures[1]} {small}" if figures[1] else "")
