"""Logging set up from the configuration, and Twisted's own log forwarded into it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Literal, Protocol

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

from smsgwd.telemetry.logs import LogSetup, configure_logging, get_logger

_log = get_logger("twisted")
_setups: list[LogSetup] = []  # the log is one for the process


class Section(Protocol):
    """The options of section `log` (`config.model.runtime.Log`), which HTTP workers are told without that model."""

    @property
    def level(self) -> Literal["debug", "info", "warning", "error"]:
        """Lines below it are left out."""

    @property
    def format(self) -> Literal["json", "console"]:
        """For machines or for people."""

    @property
    def show_numbers(self) -> bool:
        """Phone numbers in full."""

    @property
    def show_text(self) -> bool:
        """Texts of messages."""


@implementer(ILogObserver)
class _Forward:
    """Twisted's warnings and errors as our log lines; its chatter (a line for every connection) is left out."""

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level", LogLevel.info)
        if level < LogLevel.warn:
            return
        failure = event.get("log_failure")
        details = {"namespace": event.get("log_namespace", ""), "message": formatEvent(event)}
        if failure is not None:
            details["traceback"] = failure.getTraceback()
        if level is LogLevel.warn:
            _log.warning("twisted.warning", **details)
        else:
            _log.error("twisted.error", **details)


def start_logging(section: Section, fields: Mapping[str, object] | None = None) -> None:
    """Put the `log` section in force for the process: one line an event on standard error, with `fields` in each."""
    setup = LogSetup(
        stream=sys.stderr.buffer,
        clock=time.monotonic,
        wall_clock=time.time,
        level=section.level,
        format=section.format,
        show_numbers=section.show_numbers,
        show_text=section.show_text,
        fields=fields or {},
    )
    _setups.append(setup)
    configure_logging(setup)
    globalLogBeginner.beginLoggingTo([_Forward()], redirectStandardIO=False, discardBuffer=True)


def dropped_lines() -> dict[str, int]:
    """Log lines of this process that were left out since its start, by why: `repeated`, `unwritable`."""
    return {
        "repeated": sum(setup.left_out_lines for setup in _setups),
        "unwritable": sum(setup.lost_lines for setup in _setups),
    }
