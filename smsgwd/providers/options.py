"""How a plugin declares its options: once, with type, default and text; `smsgwd check` tells all mistakes at once."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr

from smsgwd.config.option import Section
from smsgwd.config.option import option as option

Secret = SecretStr


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("there is no time zone of that name") from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]
"""An option that is the name of a time zone."""


class Options(Section):
    """Derive from it and declare each option: `username: str = option("Our account.")`, `password: Secret =
    secret("Its password.")`. Unknown keys are refused, values are not changed into other types.

    `base_url` is expected where there is one address that all requests go to.
    """


def secret(description: str, *, default: Any = ..., **constraints: Any) -> Any:
    """An option of type `Secret`: `options.password.get_secret_value()` reads it, nothing shows it."""
    return option(description, default=default, **constraints)
