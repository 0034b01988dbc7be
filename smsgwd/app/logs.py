"""Logging set up from the configuration, and Twisted's own log forwarded into it."""

from __future__ import annotations

import sys
import time

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from zope.interface import implementer

from smsgwd.config.model.runtime import Log
from smsgwd.telemetry.logs import LogSetup, configure_logging, get_logger

_log = get_logger("twisted")


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


def start_logging(section: Log) -> None:
    """Put the `log` section in force for the process: one line an event on standard error."""
    configure_logging(
        LogSetup(
            stream=sys.stderr.buffer,
            clock=time.monotonic,
            wall_clock=time.time,
            level=section.level,
            format=section.format,
            show_numbers=section.show_numbers,
            show_text=section.show_text,
        )
    )
    globalLogBeginner.beginLoggingTo([_Forward()], redirectStandardIO=False, discardBuffer=True)
