"""Templates: jinja2 with everything escaped, and an error for whatever is not there.

One environment a language, made when somebody wants it. Filters: `when` and `day` (times), `count` (grouped digits),
`word` (what data calls something, in the person's language).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from smsgwd.console.door import BASE
from smsgwd.console.languages import LANGUAGES, translations
from smsgwd.console.words import WORDS

_THIN: Final = "\N{NARROW NO-BREAK SPACE}"


@cache
def environment(language: str) -> Environment:
    """The templates in a language."""
    made = Environment(
        loader=PackageLoader("smsgwd.console"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.policies["ext.i18n.trimmed"] = True  # line breaks of a template are none of the text's
    spoken = translations(language)
    install: Callable[..., None] = getattr(made, "install_gettext_callables")  # noqa: B009 -- the extension adds it
    install(spoken.gettext, spoken.ngettext, newstyle=True)
    made.globals.update(url=url, segment=segment, languages=LANGUAGES)
    made.filters.update(
        count=count, when=when, day=day, word=lambda name: spoken.gettext(WORDS[name]) if name in WORDS else name
    )
    return made


def url(path: str, **query: Any) -> str:
    """The address of a page; `path` has what varies in it percent-encoded already (filter `urlencode`). What is empty
    or None does not go into the query."""
    given = {name: value for name, value in query.items() if value not in ("", None)}
    return BASE + path + ("?" + urlencode(given, doseq=True) if given else "")


def segment(text: str) -> str:
    """Something that varies, as a segment of a path."""
    return quote(text, safe="")


def count(value: float | None) -> str:
    """A number with its digits in groups of three; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    whole = round(value, 1) if isinstance(value, float) and abs(value) < 100 and value != int(value) else round(value)
    return f"{whole:,}".replace(",", _THIN)


def moment(value: str | float | None) -> datetime | None:
    """A time as data has it: RFC 3339, or milliseconds since 1970; None for none."""
    if value in (None, "", 0):
        return None
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    assert value is not None
    return datetime.fromtimestamp(value / 1000, UTC)


def when(value: str | float | None, zone: tzinfo = UTC) -> str:
    """A time to the second, in a zone; a dash for none."""
    found = moment(value)
    return "\N{EN DASH}" if found is None else _at(found, zone).strftime("%Y-%m-%d %H:%M:%S")


def _at(found: datetime, zone: tzinfo) -> datetime:
    """A time in a zone; as it is where the zone has no such day: people write 9999-12-31 for what never ends."""
    try:
        return found.astimezone(zone)
    except OverflowError:
        return found


def day(value: str | float | None, zone: tzinfo = UTC) -> str:
    """A time's day, in a zone; a dash for none."""
    found = moment(value)
    return "\N{EN DASH}" if found is None else _at(found, zone).strftime("%Y-%m-%d")
