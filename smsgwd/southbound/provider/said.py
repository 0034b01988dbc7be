"""Log lines about a plugin: the same whether it runs here or in a process of its own, which may say anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from smsgwd.telemetry import get_logger

#: Names of fields that mean something to the log itself.
RESERVED: Final = frozenset(
    ("event", "connector", "component", "level", "time", "worker", "exception", "exc_info", "stack_info", "self")
)
_MOST_FIELDS: Final = 22  # of a plugin's own 20, and what its host says
_MOST_LINES: Final = 10  # of a list: a traceback's
_LONGEST: Final = 500
_log = get_logger("southbound")


def sayer(connector: str) -> Callable[[str, dict[str, Any]], None]:
    """What writes `provider.said` and `provider.fault` of a connector."""

    def say(event: str, fields: dict[str, Any]) -> None:
        given = {**bounded(fields), "connector": connector}
        if event == "provider.fault":
            _log.error("provider.fault", **given)
        else:
            _log.info("provider.said", **given)

    return say


def bounded(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that fit a line: few, short, under names that are free."""
    kept: dict[str, Any] = {}
    for name, value in list(fields.items())[:_MOST_FIELDS]:
        free = f"{name}_" if name in RESERVED else name[:_LONGEST]
        if isinstance(value, list):
            kept[free] = [str(each)[:_LONGEST] for each in value[:_MOST_LINES]]
        else:
            kept[free] = value[:_LONGEST] if isinstance(value, str) else value
    return kept
