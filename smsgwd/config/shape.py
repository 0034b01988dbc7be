"""What a section's declaration looks like from outside: its fields, their kinds, their names in the reference.

The one place that reads type annotations; coercion, suggestions and the generated reference stand on it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from smsgwd.config.option import Section
from smsgwd.config.types import Written


@dataclass(frozen=True, slots=True)
class Shape:
    """Kind of one value: 'section', 'union' (sections told apart by `kind`), 'list', 'map', 'free' or 'leaf'."""

    kind: str
    optional: bool = False
    section: type[Section] | None = None
    variants: Mapping[str, type[Section]] = field(default_factory=dict)
    item: Shape | None = None
    leaf: Any = str
    name: str | None = None

    def sections(self) -> list[type[Section]]:
        """The sections that may stand here."""
        if self.section is not None:
            return [self.section]
        return list(self.variants.values())


@cache
def fields_of(section: type[Section]) -> dict[str, tuple[FieldInfo, Shape]]:
    """Options of a section by the key they have in YAML."""
    hints = get_type_hints(section, include_extras=True)
    return {info.alias or name: (info, shape_of(hints[name])) for name, info in section.model_fields.items()}


def shape_of(hint: Any) -> Shape:
    """The shape of a type annotation. Raises TypeError for one that configuration does not use."""
    return _shape(hint, None, False)


def _shape(hint: Any, name: str | None, optional: bool) -> Shape:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        written = next((item.name for item in reversed(hint.__metadata__) if isinstance(item, Written)), None)
        return _shape(args[0], name or written, optional)
    if origin in (Union, types.UnionType):
        return _union(args, name, optional)
    if origin is Literal:
        return Shape("leaf", optional, leaf=args, name=name)
    if origin is tuple:
        return Shape("list", optional, item=shape_of(args[0]), name=name)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if args[1] is Any:
            return Shape("free", optional, name=name)
        return Shape("map", optional, item=shape_of(args[1]), name=name)
    if hint is Any:
        return Shape("free", optional, name=name)
    if isinstance(hint, type) and issubclass(hint, Section):
        return Shape("section", optional, section=hint, name=name)
    if name is not None or hint in (str, SecretStr):
        return Shape("leaf", optional, leaf=SecretStr if hint is SecretStr else str, name=name)
    if hint in (int, float, bool):
        return Shape("leaf", optional, leaf=hint, name=name)
    raise TypeError(f"no option has the type {hint!r}")


def _union(args: tuple[Any, ...], name: str | None, optional: bool) -> Shape:
    some = [item for item in args if item is not type(None)]
    optional = optional or len(some) < len(args)
    if len(some) == 1:
        return _shape(some[0], name, optional)
    sections = [item for item in some if get_origin(item) is not Literal]
    if len(sections) == 1:  # a word, or a section that says more: words need no fitting
        return _shape(sections[0], name, optional)
    variants: dict[str, type[Section]] = {}
    for item in some:
        if not (isinstance(item, type) and issubclass(item, Section)):
            raise TypeError(f"a union is of sections, not of {item!r}")
        for kind in get_args(item.model_fields["kind"].annotation):
            variants[kind] = item
    return Shape("union", optional, variants=variants, name=name)


def section_at(root: type[Section], loc: tuple[str | int, ...]) -> type[Section] | None:
    """The section a pydantic error location stands in (a union's tag is part of such a location)."""
    shape: Shape | None = Shape("section", section=root)
    for part in loc:
        shape = _step(shape, part) if shape is not None else None
    return shape.section if shape is not None else None


def _step(shape: Shape, part: str | int) -> Shape | None:  # one part of a location further
    if shape.section is not None and isinstance(part, str):
        found = fields_of(shape.section).get(part)
        return found[1] if found else None
    if shape.kind == "union" and isinstance(part, str) and part in shape.variants:
        return Shape("section", section=shape.variants[part])
    return shape.item
