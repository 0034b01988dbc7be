"""A tenant's settings as an operator gives them at run time: in the shape of the tenants file, or as single options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from smsgwd.config.coerce import coerce
from smsgwd.config.errors import key_text
from smsgwd.config.messages import sentence, without_echoes
from smsgwd.config.option import Section
from smsgwd.config.shape import Shape, fields_of
from smsgwd.config.tenants import Tenant
from smsgwd.config.yaml_loader import parse, type_scalar

#: Options of a tenant that are one word each.
SCALARS: Final = tuple(name for name, (_, shape) in fields_of(Tenant).items() if shape.kind == "leaf")
#: Options of a tenant that are words with commas between them.
LISTS: Final = tuple(
    name for name, (_, shape) in fields_of(Tenant).items() if shape.item is not None and shape.item.kind == "leaf"
    and shape.kind == "list"
)  # fmt: skip
_YES_NO: Final = frozenset(name for name in SCALARS if fields_of(Tenant)[name][1].leaf is bool)
_FLAGS: Final = {"yes": True, "true": True, "no": False, "false": False}
_MOST_TOLD: Final = 10


def read_mapping(text: str) -> dict[str, Any]:
    """The options of a JSON object (or of YAML). Raises ValueError telling what is wrong and in which line."""
    document = parse(text.encode("utf-8", "surrogatepass"), "json")
    if document.errors:
        raise ValueError("; ".join(f"line {error.line}: {error.message}" for error in document.errors[:_MOST_TOLD]))
    if not isinstance(document.data, dict):
        raise ValueError("must be a JSON object of options")
    return document.data


def typed(options: Mapping[str, str]) -> dict[str, Any]:
    """Options given as texts, typed as unquoted YAML is: true, 12 and null are no texts. Where one is true or false,
    yes and no are said, too, as in all commands; lists have commas between their words, and `null` is the empty one."""
    return {name: _typed(name, text) for name, text in options.items()}


def _typed(name: str, text: str) -> Any:
    if name in LISTS:
        return () if text == "null" else tuple(word.strip() for word in text.split(",") if word.strip())
    return _FLAGS.get(text, text) if name in _YES_NO else type_scalar(text)


def checked_tenant(options: Mapping[str, Any]) -> Tenant:
    """A tenant of options as `read_mapping` and `typed` give them. Raises ValueError naming each wrong one."""
    try:
        return Tenant.model_validate(coerce(dict(options), Shape("section", section=Tenant)))
    except ValidationError as invalid:
        raise ValueError(_told(Tenant, invalid, options)) from None


def _told(root: type[Section], invalid: ValidationError, options: Mapping[str, Any]) -> str:
    entries = without_echoes(invalid.errors(include_url=False))
    told = [f"{_key(entry['loc'], options)}: {sentence(root, entry)}" for entry in entries[:_MOST_TOLD]]
    return "; ".join(told)


def _key(loc: tuple[int | str, ...], data: Any) -> str:
    """An option's name as it would stand in the file: the tags of unions are no part of it."""
    path: list[int | str] = []
    for part in loc:
        if isinstance(data, dict) and part not in data and part == data.get("kind"):
            continue
        if part == "[key]":
            continue
        path.append(part)
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
    return key_text(tuple(path))
