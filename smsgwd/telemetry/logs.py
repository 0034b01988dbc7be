"""The log pipeline: structlog in, one line out, as JSON (msgspec) or as text for people.

`log = get_logger("southbound")` at the head of a module, then `log.info("bind.up", connector="sim")` with an
event of `events.py`. Numbers, texts and secrets are redacted here, once, for every line. A line that cannot be written
(full disk, closed pipe) is dropped and counted: logging never fails its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from smsgwd.telemetry.ratelimit import RateLimit
from smsgwd.telemetry.redact import Redact

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_FIRST = ("time", "level", "component", "event")


class _Sink:
    """Lines to a binary stream; errors of the stream are counted, not raised."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.lost = 0

    def msg(self, line: bytes) -> None:
        try:
            self._stream.write(line + b"\n")
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1

    debug = info = warning = error = critical = fatal = failure = log = msg


@dataclass(frozen=True, slots=True)
class LogSetup:
    """How to log. `clock` never goes back; `wall_clock` gives seconds since the epoch; both in seconds."""

    stream: BinaryIO
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"
    show_numbers: bool = False
    show_text: bool = False
    burst: int = 20
    window_s: float = 10.0
    cache: bool = True
    fields: Mapping[str, object] = field(default_factory=dict)  #: in every line: which process of several it is
    _sinks: list[_Sink] = field(default_factory=list, repr=False)

    @property
    def lost_lines(self) -> int:
        """Lines that could not be written."""
        return sum(sink.lost for sink in self._sinks)


def get_logger(component: str) -> FilteringBoundLogger:
    """A logger whose lines carry `component`. It follows the configuration in force when it is first used."""
    return cast(FilteringBoundLogger, structlog.get_logger(component=component))


def configure_logging(setup: LogSetup) -> None:
    """Put `setup` in force for every logger that has not been used yet (for all of them with `cache=False`)."""
    sink = _Sink(setup.stream)
    setup._sinks.append(sink)
    processors: list[Processor] = [
        RateLimit(setup.clock, setup.burst, setup.window_s),
        structlog.processors.format_exc_info,
        Redact(setup.show_numbers, setup.show_text),
        _Stamp(setup.wall_clock, setup.fields),
        render_json if setup.format == "json" else render_console,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[setup.level]),
        context_class=dict,
        logger_factory=lambda *args: sink,
        cache_logger_on_first_use=setup.cache,
    )


class _Stamp:
    """Adds `time` (RFC 3339 UTC, milliseconds), `level`, and the fields of every line."""

    def __init__(self, wall_clock: Callable[[], float], fields: Mapping[str, object]) -> None:
        self._wall_clock = wall_clock
        self._fields = fields

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        now = datetime.fromtimestamp(self._wall_clock(), UTC)
        event["time"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event["level"] = "error" if method in ("exception", "critical", "fatal") else method
        event.update(self._fields)
        return event


_encoder = msgspec.json.Encoder(enc_hook=repr)


def render_json(logger: object, method: str, event: MutableMapping[str, Any]) -> bytes:
    """One JSON object: time, level, component, event, then the fields in the order they were given."""
    try:
        return _encoder.encode(_ordered(event))
    except (TypeError, ValueError, RecursionError):
        return _encoder.encode({key: _printable(value) for key, value in _ordered(event).items()})


def render_console(logger: object, method: str, event: MutableMapping[str, Any]) -> bytes:
    """One line of text; what could break the line or be taken for another field is quoted. Tracebacks follow below."""
    fields = _ordered(event)
    trace = fields.pop("exception", None)
    head = [str(fields.pop(name, "-")) for name in _FIRST]
    line = f"{head[0]} {head[1]:<7} [{head[2]}] {head[3]}"
    for key, value in fields.items():
        text = value if isinstance(value, str) else _printable(value)
        quoted = repr(text) if not text.isprintable() or " " in text or "=" in text or not text else text
        line += f" {key}={quoted}"
    if trace is not None:
        line += "\n" + str(trace)
    return line.encode("utf-8", "backslashreplace")


def _ordered(event: MutableMapping[str, Any]) -> dict[str, Any]:
    first = {name: event[name] for name in _FIRST if name in event}
    return {**first, **{str(key): value for key, value in event.items() if key not in first}}


def _printable(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
