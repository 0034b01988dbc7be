"""Where a text may be cut without hurting what a reader sees as one character.

A simplified Unicode Standard Annex 29: marks, joiners, variation selectors, skin tones and tags stay with what comes
before them; a flag's two regional indicators, conjoining Hangul and Indic conjuncts (virama + letter) stay together.
"""

from __future__ import annotations

from typing import Final
from unicodedata import category, combining

_ZWNJ: Final = "\u200c"
_ZWJ: Final = "\u200d"
_VIRAMA_CLASS: Final = 9


def _indicator(char: str) -> bool:
    """Return whether it is a regional indicator, half of a flag."""
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _extends(char: str) -> bool:
    """Return whether a character always belongs to the one before it."""
    if char < "\u0300":
        return False
    return (
        category(char)[0] == "M"
        or char in (_ZWNJ, _ZWJ, "\uff9e", "\uff9f")  # the last two: halfwidth voiced sound marks
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags (subdivision flags)
        or "\u1160" <= char <= "\u11ff"  # conjoining Hangul vowels and finals
        or "\ud7b0" <= char <= "\ud7fb"
    )


def joined(text: str, at: int, since: int = 0) -> bool:
    """Return whether a cut of the text before index `at` (1 ≤ at < len) would split a cluster.

    `since` is a known boundary before `at`: flags are paired from there, which bounds the work in a long row of them.
    """
    after = text[at]
    if after < "\u0300":
        return False
    before = text[at - 1]
    if _extends(after) or before == _ZWJ:
        return True
    if _indicator(after) and _indicator(before):
        first = at - 1
        while first > since and _indicator(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 1
    if "\u1100" <= before <= "\u115f":  # a Hangul initial keeps what may follow it in a syllable
        return "\u1100" <= after <= "\u115f" or "\uac00" <= after <= "\ud7a3"
    return combining(before) == _VIRAMA_CLASS and category(after) == "Lo"


def last_cut(text: str, start: int, end: int) -> int:
    """Return the last index in (start, end] where the part beginning at `start` may end.

    `end` itself if the part is one cluster longer than it has room for. `end` may be len(text).
    """
    at = end
    while at < len(text) and joined(text, at, start):
        at -= 1
        if at <= start:
            return end
    return at
