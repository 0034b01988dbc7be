"""How an option is declared: once, with its type, unit, default, example, version and text.

Every section is a `Section`; every field of it is made by `option(...)`. The YAML reference, docs/configuration.md and
the JSON Schema are generated from these declarations, and a test fails on one that says nothing.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
    reloadable: bool = False,
    shown: bool = False,
    **constraints: Any,
) -> Any:
    """Declare one option.

    `default` left out means required; `unit` is the unit of a number ('s', 'bytes', 'parts/s'); `example` is a value
    as it would stand in YAML; `reloadable` says that a reload is enough, no restart; `shown` that the annotated
    reference has the example in place of the default (one of several options is needed); `constraints` are pydantic's
    (`ge`, `le`, `min_length`, `max_length`, `pattern`).
    """
    extra: dict[str, Any] = {"since": since, "reloadable": reloadable}
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
