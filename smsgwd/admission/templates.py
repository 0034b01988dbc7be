"""Texts with placeholders: {name} stands for a value, {{ and }} for braces.

Values are put in as they are: nothing in them is read as a placeholder, and a placeholder is a name and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from smsgwd.model.links import PLACEHOLDERS
from smsgwd.model.refusals import Refusal, Refused

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]{0,63})\}|[{}]")
_LINKS: Final = frozenset(each.lower() for each in PLACEHOLDERS)
_MOST: Final = 200  # placeholders and doubled braces of a text: each is looked at for every recipient
_LONGEST: Final = 40_000  # characters: 255 parts of GSM text (3GPP TS 23.040 s9.2.3.24.1)
_HEAD: Final = 4  # characters by which templates are told apart before they are compared


def placeholders(text: str) -> list[str]:
    """The names of the placeholders, in order."""
    return list(_parsed(text)[1])


def checked_template(text: str) -> str:
    """The text as it is. Raises Refused(INVALID) for a brace that belongs to nothing, and for too many."""
    for count, found in enumerate(_TOKEN.finditer(text), 1):
        if found[0] in ("{", "}"):
            raise Refused(Refusal.INVALID, f"text: the {found[0]} at character {found.start() + 1} is no placeholder")
        if count > _MOST:
            raise Refused(Refusal.INVALID, f"text: more than {_MOST} placeholders and doubled braces")
    return text


def render(text: str, values: Mapping[str, str]) -> str:
    """The text with its values. Raises Refused: INVALID naming a placeholder that has none, TOO_MANY_PARTS for what
    no message can be, however many parts it may have.

    Values for which there is no placeholder are not used. `{link}` without a value stays: it is where the short link
    comes (`model.links`).
    """
    pieces, names = _parsed(text)
    made = [pieces[0]]
    for name, piece in zip(names, pieces[1:], strict=True):
        value = values.get(name)
        if value is None:
            value = f"{{{name}}}"
            if value.lower() not in _LINKS:
                raise Refused(Refusal.INVALID, f"values: there is none for the placeholder {name!r}")
        made += (value, piece)
    if sum(map(len, made)) > _LONGEST:
        raise Refused(Refusal.TOO_MANY_PARTS, f"the template with its values has more than {_LONGEST:,} characters")
    return "".join(made)


class TemplateMatcher:
    """Tells whether a text is what one of some templates makes; a placeholder may be any text, none included.

    A text is compared with the templates that begin as it does, each in time linear in the text.
    """

    __slots__ = ("_by_head", "_others")

    def __init__(self, templates: Iterable[str]) -> None:
        self._by_head: dict[str, list[tuple[str, ...]]] = {}
        self._others: list[tuple[str, ...]] = []  # those whose beginning is a placeholder, or short
        for pieces in dict.fromkeys(_pieces(template) for template in templates):
            if len(pieces[0]) >= _HEAD:
                self._by_head.setdefault(pieces[0][:_HEAD], []).append(pieces)
            else:
                self._others.append(pieces)

    def matches(self, text: str) -> bool:
        """True for a text that one of the templates makes."""
        return any(_made(text, pieces) for pieces in self._by_head.get(text[:_HEAD], ())) or any(
            _made(text, pieces) for pieces in self._others
        )


def matcher(templates: Iterable[str]) -> TemplateMatcher:
    """A matcher of these templates' texts; without any no text matches."""
    return TemplateMatcher(templates)


@lru_cache(maxsize=64)  # a campaign has one for all of its messages
def _parsed(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a template says literally before, between and after its placeholders, and their names."""
    return _pieces(template), tuple(found[1] for found in _TOKEN.finditer(template) if found[1])


def _pieces(template: str) -> tuple[str, ...]:
    """What a template says literally before, between and after its placeholders."""
    pieces = [""]
    at = 0
    for found in _TOKEN.finditer(template):
        pieces[-1] += template[at : found.start()]
        if found[1] is None:
            pieces[-1] += found[0][0]
        else:
            pieces.append("")
        at = found.end()
    pieces[-1] += template[at:]
    return tuple(pieces)


def _made(text: str, pieces: tuple[str, ...]) -> bool:
    """True when the text has these pieces in order, the first at its beginning and the last at its end."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    end = len(text) - len(last)
    at = len(first)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
