"""Words that subscribers type: keywords, STOP and START, compared the way people write them.

Case, accents, spaces and punctuation around do not count, and Greek capitals that look like Latin ones are taken for
those: the GSM alphabet has only the Latin shapes, so a phone sends 'ΣΤΟΠ' with a Latin T and O (3GPP TS 23.038 s6.2.1).
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LOOKALIKES: Final = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")
_AROUND: Final = string.whitespace + string.punctuation + "«»“”„‘’…·;¡¿"
_LONGEST: Final = 160  # characters in which the first word is looked for
_SLACK: Final = 40  # characters around a STOP word: spaces, punctuation, marks


def fold(text: str) -> str:
    """The form in which words are compared: no case, no accents, single spaces, nothing around."""
    if not text.isascii():
        text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
        text = text.upper().translate(_LOOKALIKES)
    return " ".join(text.casefold().split()).strip(_AROUND)


def first_word(text: str) -> str:
    """The first word of a text, folded; '' when there is none. A word ends at a space."""
    for word in text[:_LONGEST].split():
        folded = _folded(word)
        if folded:
            return folded
    return ""


_folded = lru_cache(maxsize=1024)(fold)


class OptOutWords:
    """The texts that put a number on an opt-out list, and those that take it off."""

    def __init__(self, stop: Iterable[str] = (), start: Iterable[str] = ()) -> None:
        """What is in both lists counts as `stop`."""
        self._says = {fold(word): False for word in start}
        self._says.update((fold(word), True) for word in stop)
        self._says.pop("", None)
        self._longest = _SLACK + 2 * max(map(len, self._says), default=0)

    def opts_out(self, text: str | None) -> bool | None:
        """True when the whole text is a STOP word, False for a START word, None for anything else."""
        if not text or not self._says or len(text) > self._longest:
            return None
        return self._says.get(fold(text))
