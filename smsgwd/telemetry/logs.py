"""The log pipeline: structlog in, one line out, as JSON (msgspec) or as text for people.

`log = get_logger("southbound")` at the head of a module, then `log.info("bind.up", connector="sim")` with an
event of `events.py`. Numbers, texts and secrets are redacted here, once, for every line. A line that cannot be written
(full disk, closed pipe) is dropped and counted: logging never fails its caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from smsgwd.telemetry.levels import IN_FORCE, Gate
from smsgwd.telemetry.ratelimit import RateLimit
from smsgwd.telemetry.redact import Redact

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]
#: Lines of which somebody wants each one: so many a window, which is 200 a second.
_BURSTS = {"message.watched": 2000}
_DEBUG, _INFO, _WARNING = 10, 20, 30
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
    level: Level = "info"
    format: Format = "json"
    show_numbers: bool = False
    show_text: bool = False
    burst: int = 20
    window_s: float = 10.0
    cache: bool = True
    fields: Mapping[str, object] = field(default_factory=dict)  #: in every line: which process of several it is
    _sinks: list[_Sink] = field(default_factory=list, repr=False)
    _limits: list[RateLimit] = field(default_factory=list, repr=False)

    @property
    def lost_lines(self) -> int:
        """Lines that could not be written."""
        return sum(sink.lost for sink in self._sinks)

    @property
    def left_out_lines(self) -> int:
        """Lines that the rate limit left out."""
        return sum(limit.left_out for limit in self._limits)


class _Lines:
    """What loggers of a component have in common: a line is written where the component's gate lets it through. That
    may change at any time, and is asked before anything else is done: what is left out costs 0.2 us."""

    __slots__ = ("_gate", "_to")

    def __init__(self, gate: Gate, to: FilteringBoundLogger) -> None:
        self._gate = gate
        self._to = to

    def bind(self, **fields: Any) -> _Lines:
        """A logger whose lines have these fields too."""
        return _Lines(self._gate, self._to.bind(**fields))

    def debug(self, event: str, **fields: Any) -> None:
        """For whoever looks for something."""
        if self._gate.least <= _DEBUG:
            self._to.debug(event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        """What an operator wants to have seen."""
        if self._gate.least <= _INFO:
            self._to.info(event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        """What may need somebody."""
        if self._gate.least <= _WARNING:
            self._to.warning(event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        """What needs somebody."""
        self._to.error(event, **fields)

    def exception(self, event: str, **fields: Any) -> None:
        """An error, with the traceback of the exception that is handled now."""
        self._to.exception(event, **fields)


def get_logger(component: str) -> FilteringBoundLogger:
    """A logger whose lines carry `component`. It follows the configuration in force when it is first used, and its
    levels, format and redaction as they change."""
    lines = _Lines(IN_FORCE.gate(component), cast(FilteringBoundLogger, structlog.get_logger(component=component)))
    return cast(FilteringBoundLogger, lines)


def configure_logging(setup: LogSetup) -> None:
    """Put `setup` in force for every logger that has not been used yet (for all of them with `cache=False`)."""
    sink = _Sink(setup.stream)
    setup._sinks.append(sink)
    limit = RateLimit(setup.clock, setup.burst, setup.window_s, _BURSTS)
    setup._limits.append(limit)
    processors: list[Processor] = [
        limit,
        structlog.processors.format_exc_info,
        Redact(setup.show_numbers, setup.show_text),
        _Stamp(setup.wall_clock, setup.fields),
        render_json if setup.format == "json" else render_console,
    ]
    IN_FORCE.set_base(setup.level)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_DEBUG),  # the gates have let it through
        context_class=dict,
        logger_factory=lambda *args: sink,
        cache_logger_on_first_use=setup.cache,
    )


def set_level(level: Level) -> None:
    """Another least level from now on, but for components that have one of their own."""
    IN_FORCE.set_base(level)


def set_format(format: Format) -> None:
    """Another form of the lines, from the next one on."""
    _processors()[-1] = render_json if format == "json" else render_console


def set_redaction(show_numbers: bool, show_text: bool) -> None:
    """What is left out from the next line on."""
    processors = _processors()
    processors[:] = [Redact(show_numbers, show_text) if isinstance(each, Redact) else each for each in processors]


def _processors() -> list[Any]:
    """Those of all loggers: they share one list, also loggers that were used before."""
    processors = structlog.get_config()["processors"]
    assert isinstance(processors, list)
    return processors


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


_OBEYED = re.compile(b"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
_encoder = msgspec.json.Encoder(enc_hook=repr)


def render_json(logger: object, method: str, event: MutableMapping[str, Any]) -> bytes:
    """One JSON object: time, level, component, event, then the fields in the order they were given."""
    try:
        line = _encoder.encode(_ordered(event))
    except (TypeError, ValueError, RecursionError):
        line = _encoder.encode({key: _printable(value) for key, value in _ordered(event).items()})
    return without_controls(line)


def without_controls(line: bytes) -> bytes:
    """A line of JSON in UTF-8 with DEL, C1 control characters and marks of direction as \\u....: JSON lets them stand,
    a terminal obeys them."""
    return line if line.isascii() and b"\x7f" not in line else _OBEYED.sub(_escaped, line)


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


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
        line += "".join(
            f"\n  | {_visible(each)}" for each in str(trace).splitlines()
        )  # none looks like a line of the log
    return line.encode("utf-8", "backslashreplace")


def _visible(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]


def _ordered(event: MutableMapping[str, Any]) -> dict[str, Any]:
    first = {name: event[name] for name in _FIRST if name in event}
    return {**first, **{str(key): value for key, value in event.items() if key not in first}}


def _printable(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
