"""Fits plain YAML data to the declared types before pydantic looks at it, without losing what was written.

A number where text is declared becomes the text as written (a password `1234`, a price `0.0400`); text that came from
outside the file (`{env: PORT}`) is typed like an unquoted YAML value where a number or true/false is declared.
Everything else is left alone: judging is pydantic's part.
"""

from __future__ import annotations

from typing import Any

from smsgwd.config.shape import Shape, fields_of
from smsgwd.config.sources import External
from smsgwd.config.yaml_loader import Fraction, Whole, type_scalar


def coerce(data: Any, shape: Shape) -> Any:
    """`data` with its scalars fitted to `shape`."""
    if shape.kind == "leaf":
        return _scalar(data, shape.leaf)
    if shape.kind == "free":
        return plain(data)
    if isinstance(data, dict):
        return _mapping(data, shape)
    if isinstance(data, tuple):
        return tuple(coerce(value, shape.item) if shape.item else value for value in data)
    if shape.kind == "list" and shape.item is not None:
        return coerce(data, shape.item)  # a type that takes one value for a list of one
    return data


def _mapping(data: dict[str, Any], shape: Shape) -> dict[str, Any]:
    if shape.kind == "map" and shape.item is not None:
        return {key: coerce(value, shape.item) for key, value in data.items()}
    section = shape.section
    if section is None and shape.kind == "union":
        kind = data.get("kind")
        section = shape.variants.get(kind) if isinstance(kind, str) else None
    if section is None:
        return data
    fields = fields_of(section)
    return {key: coerce(value, fields[key][1]) if key in fields else value for key, value in data.items()}


def _scalar(data: Any, leaf: Any) -> Any:
    if leaf in (int, float, bool):
        if isinstance(data, External):
            typed = type_scalar(str(data))
            data = data if isinstance(typed, str) else typed
        if isinstance(data, Whole):
            return int(data) if leaf is not float else float(data)
        return float(data) if isinstance(data, Fraction) else data
    if isinstance(data, Whole | Fraction):
        return data.text
    return data


def plain(data: Any) -> Any:
    """`data` with builtin types only: what a provider's free `options` hold."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, tuple):
        return tuple(plain(value) for value in data)
    if isinstance(data, External):
        return str(data)
    if isinstance(data, Whole):
        return int(data)
    return float(data) if isinstance(data, Fraction) else data
