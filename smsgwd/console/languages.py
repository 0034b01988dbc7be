"""The languages of the console and their catalogues: gettext's .po files, read when a language is first wanted.

For one language more: `catalogs/CODE.po`, and a line in `LANGUAGES`.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from importlib.resources import files
from typing import Final

#: Code and own name of each; the first one is what the texts are written in.
LANGUAGES: Final = {
    "en": "English",
    "fr": "Français",
    "el": "Ελληνικά",
    "ro": "Română",
    "uk": "Українська",
    "ru": "Русский",
}
_FIRST: Final = "en"
_MOST_WANTED: Final = 20


@cache
def translations(code: str) -> gettext.NullTranslations:
    """What a language says: the English itself where it is English, or where a text is not in its catalogue."""
    if code == _FIRST or code not in LANGUAGES:
        return gettext.NullTranslations()
    import polib

    text = files("smsgwd.console").joinpath("catalogs", f"{code}.po").read_text("utf-8")
    return gettext.GNUTranslations(io.BytesIO(polib.pofile(text, encoding="utf-8").to_binary()))


def wanted(chosen: str, accepted: str) -> str:
    """The language for somebody: the chosen one, else the best of an Accept-Language header, else English."""
    if chosen in LANGUAGES:
        return chosen
    best, best_weight = _FIRST, 0.0
    for entry in accepted.split(",")[:_MOST_WANTED]:
        tag, _, rest = entry.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in LANGUAGES and (weight := _weight(rest)) > best_weight:
            best, best_weight = code, weight
    return best


def _weight(rest: str) -> float:
    name, _, value = rest.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
