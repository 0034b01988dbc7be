"""How an option is declared: once, with its type, unit, default, example, version and text.

Every section is a `Section`; every field of it is made by `option(...)`. The YAML reference, docs/configuration.md and
the JSON Schema are generated from these declarations, and a test fails on one that says nothing.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A mapping of options: unknown keys refused, types strict, frozen once loaded, inputs never in error text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def option(
    description: str,
    *,
    default: Any = ...,
    default_factory: Any = None,
    unit: str | None = None,
    example: Any = None,
    since: str = "0.1",
    reloadable: bool | None = None,
    shown: bool = False,
    **constraints: Any,
) -> Any:
    """Declare one option.

    `default` left out means required; `unit` is the unit of a number ('s', 'bytes', 'parts/s'); `example` is a value
    as it would stand in YAML; `reloadable` says whether a reload is enough, no restart (left out: as for the section
    that it stands in; at the top it is not); `shown` that the annotated reference has the example in place of the
    default (one of several options is needed); `constraints` are pydantic's
    (`ge`, `le`, `min_length`, `max_length`, `pattern`).
    """
    extra: dict[str, Any] = {"since": since}
    if reloadable is not None:
        extra["reloadable"] = reloadable
    if unit is not None:
        extra["unit"] = unit
    if shown:
        extra["shown"] = True
    examples = None if example is None else [example]
    if default_factory is not None:
        return Field(
            default_factory=default_factory,
            description=description,
            examples=examples,
            json_schema_extra=extra,
            **constraints,
        )
    return Field(default, description=description, examples=examples, json_schema_extra=extra, **constraints)


def is_reloadable(info: FieldInfo, around: bool) -> bool:
    """Whether a reload is enough for a changed option; `around` = for the section that it stands in."""
    extra = info.json_schema_extra
    said = extra.get("reloadable") if isinstance(extra, dict) else None
    return around if said is None else bool(said)
