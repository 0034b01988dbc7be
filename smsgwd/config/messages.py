"""Turns a pydantic mistake into the sentence an operator reads: plain words, the nearest key, never a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from smsgwd.config.option import Section
from smsgwd.config.shape import Shape, fields_of, section_at
from smsgwd.config.sources import External

_SIMPLE = {
    "missing": "is required",
    "string_type": "must be text (in quotes if it looks like something else)",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "mapping_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping of options (leave the key out for the defaults)",
    "model_attributes_type": "must be a mapping of options",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be more than"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be less than"),
}
_SECRET_WORDS = ("password", "secret", "token", "key", "url", "options")
_SHOWN = frozenset(
    (*_BOUNDS, "int_type", "float_type", "bool_type", "int_from_float", "literal_error", "string_pattern_mismatch")
)


def sentence(root: type[Section], error: Mapping[str, Any]) -> str:
    """What is wrong, from one entry of `ValidationError.errors()`; `root` is the section that was validated."""
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(root, error["loc"])
    if kind == "value_error":
        return str(context["error"])
    shown = _shown(root, error) if kind in _SHOWN else ""
    if kind in _SIMPLE:
        return _SIMPLE[kind] + shown
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{words} {_number(context[bound])}{shown}"
    if kind == "literal_error":
        return f"must be {_choices(str(context['expected']))}{shown}"
    if kind == "union_tag_invalid":
        return f"kind must be {_choices(context['expected_tags'])}, not '{str(context['tag'])[:40]}'"
    if kind == "union_tag_not_found" and not isinstance(error.get("input"), dict):
        return _SIMPLE["model_attributes_type"]
    if kind == "union_tag_not_found":
        return f"kind is required: {_kinds(root, error['loc'])}"
    if kind == "string_pattern_mismatch":
        return f"does not have the form {context['pattern']}{shown}"
    return _size(kind, context) or str(error["msg"])


def without_echoes(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """`entries` without 'too short' of a list that is only short because its items are wrong, and without what the
    other way to write an option (a word or a section) would have wanted."""
    entries = _one_way(entries)
    locs = [entry["loc"] for entry in entries]
    return [
        entry
        for entry in entries
        if entry["type"] != "too_short"
        or not any(loc != entry["loc"] and loc[: len(entry["loc"])] == entry["loc"] for loc in locs)
    ]


def _one_way(entries: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Of an option that may be a word or a section, the mistakes of the way it was written, their tag left out."""
    words = {
        entry["loc"][:-1]: entry for entry in entries if "".join(map(str, entry["loc"][-1:])).startswith("literal[")
    }
    if not words:
        return entries
    found: list[Mapping[str, Any]] = []
    for entry in entries:
        loc = entry["loc"]
        at = next((size for size in range(len(loc), 0, -1) if loc[:size] in words), None)
        if at is None:
            found.append(entry)
        elif (entry is words[loc[:at]]) is not isinstance(words[loc[:at]].get("input"), dict):
            found.append({**entry, "loc": loc[:at] + loc[at + 1 :]})
    return found


def hidden(message: str, text: str) -> str:
    """`message` with every quotation of `text`, or of a piece of it, taken out."""
    return re.sub("'([^']+)'", lambda quoted: "the value it names" if quoted[1] in text else quoted[0], message)


def _size(kind: str, context: Mapping[str, Any]) -> str | None:
    if kind in ("string_too_short", "too_short"):
        least = context["min_length"]
        return "must not be empty" if least == 1 else f"is too short: at least {least}"
    if kind in ("string_too_long", "too_long"):
        unit = "entries" if context.get("field_type") == "Tuple" else "characters"
        return f"is too long: at most {context['max_length']} {unit}"
    return None


def _unknown(root: type[Section], loc: tuple[str | int, ...]) -> str:
    key = str(loc[-1])
    section = section_at(root, loc[:-1])
    known = list(fields_of(section)) if section else []
    import difflib  # only a file with mistakes needs it

    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(known)})" if 0 < len(known) <= 8 else ""
    return f"unknown key '{key[:60]}'{hint}"


def _shown(root: type[Section], error: Mapping[str, Any]) -> str:
    """', not VALUE' where the value is a short scalar that is no secret."""
    value = error.get("input")
    if _may_be_secret(root, error["loc"]) or isinstance(value, External):
        return ""
    if value is None or isinstance(value, bool):
        return f", not {'null' if value is None else str(value).lower()}"
    if isinstance(value, int | float):
        return f", not {_number(value)}"
    if isinstance(value, str):
        return f", not '{value[:60]}'"
    return f", not a {'mapping' if isinstance(value, dict) else 'list'}"


def _may_be_secret(root: type[Section], loc: tuple[str | int, ...]) -> bool:
    names = [part for part in loc if isinstance(part, str)]
    if not names or any(word in names[-1].lower() for word in _SECRET_WORDS) or "options" in names:
        return True
    section = section_at(root, loc[:-1])
    field = fields_of(section).get(names[-1]) if section else None
    return field is not None and field[1].leaf is SecretStr


def _choices(expected: str) -> str:
    """\"'a', 'b' or 'c'\" or \"'a', 'b'\" as 'one of a, b, c'."""
    words = expected.replace(" or ", ", ").replace("'", "")
    return f"one of {words}" if ", " in words else words


def _kinds(root: type[Section], loc: tuple[str | int, ...]) -> str:
    shape: Shape | None = None
    names = [part for part in loc if isinstance(part, str)]
    section = section_at(root, loc[: len(loc) - 1 - (1 if isinstance(loc[-1], int) else 0)])
    if section is not None and names:
        field = fields_of(section).get(names[-1])
        shape = field[1] if field else None
    while shape is not None and not shape.variants:
        shape = shape.item
    return " or ".join(shape.variants) if shape else "which one"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
