"""Spans of messages: their ids, and their way to an OTLP endpoint through the SDK of OpenTelemetry (extra `otel`).

Ids are made from the message's id, so that a restart in between, or another process, goes on with the same trace. Which
spans there are is told in `app.spans`. The SDK is imported where an `Exporter` is made, and nowhere else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MASK: Final = (1 << 64) - 1
_MOST_WAITING: Final = 8192
_BATCH: Final = 512
_EVERY_MS: Final = 1000
_TIMEOUT_S: Final = 10.0
_NS: Final = 1_000_000
_SDK: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class Span(msgspec.Struct, frozen=True, gc=False):
    """One span. Times are milliseconds since 1970, UTC; `parent` 0 = it begins the trace; an `error` fails it."""

    name: str
    trace: int  #: 128 bits
    id: int  #: 64 bits
    parent: int
    start: int
    end: int
    attributes: Mapping[str, str | int]
    error: str = ""


def mixed(number: int) -> int:
    """64 bits in which each bit depends on all of the number (the finalizer of SplitMix64)."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


def trace_of(message_id: int) -> int:
    """The id of a message's trace: its first 16 hexadecimal digits are the message's id, the others look random, as
    samplers downstream expect."""
    return (message_id << 64) | (mixed(message_id) or 1)


def span_of(message_id: int, kind: int, which: int = 0) -> int:
    """The id of a span: of the message itself with kind 0, else of its kind and what tells it apart."""
    return mixed(mixed(message_id) ^ mixed((which << 3) | kind)) or 1


def hash_of(text: str) -> int:
    """Eight bits of a text, the same in every process."""
    found = 0
    for octet in text.encode():
        found = (found * 31 + octet) & 0xFF
    return found


def available() -> bool:
    """True where the extra `otel` is installed."""
    try:
        return all(find_spec(name) is not None for name in _SDK)
    except ModuleNotFoundError:  # the package above it is missing
        return False


class Exporter:
    """Hands spans to the SDK, whose thread sends them to `endpoint` + `/v1/traces`. Never blocks and never fails: what
    is too much, or cannot be sent, is counted. ImportError without the extra."""

    def __init__(self, endpoint: str, service_name: str, node: str, version: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        _silence()
        sender: Any = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", timeout=_TIMEOUT_S)
        outer = self

        class _Counted(SpanExporter):
            """Counts in the SDK's thread; nobody else writes these numbers."""

            def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
                try:
                    result: SpanExportResult = sender.export(spans)
                except Exception:  # a broken endpoint is no reason for anything
                    result = SpanExportResult.FAILURE
                if result is SpanExportResult.SUCCESS:
                    outer.exported += len(spans)
                else:
                    outer.failed += len(spans)
                return result

            def shutdown(self) -> None:
                sender.shutdown()

            def force_flush(self, timeout_millis: int = 30_000) -> bool:
                done: bool = sender.force_flush(timeout_millis)
                return done

        self.made = 0
        self.dropped = 0
        self.exported = 0
        self.failed = 0
        self._resource = Resource(
            {"service.name": service_name, "service.instance.id": node, "service.version": version}
        )
        self._scope = InstrumentationScope("smsgwd", version)
        self._processor: Any = BatchSpanProcessor(
            _Counted(),
            max_queue_size=_MOST_WAITING,
            schedule_delay_millis=_EVERY_MS,
            max_export_batch_size=_BATCH,
            export_timeout_millis=_TIMEOUT_S * 1000,
        )

    def emit(self, span: Span) -> None:
        """Queue a span; one too many is dropped."""
        if self.made - self.dropped - self.exported - self.failed >= _MOST_WAITING:
            self.made += 1
            self.dropped += 1
            return
        self.made += 1
        self._processor.on_end(self._readable(span))

    def counts(self) -> dict[str, int]:
        """Spans since the start, by what became of them."""
        return {"made": self.made, "dropped": self.dropped, "exported": self.exported, "failed": self.failed}

    def close(self, done: Callable[[], None]) -> None:
        """Send what waits and end the SDK's thread. `done` is called in another thread when that is over; an endpoint
        that does not answer may keep that waiting, but never the end of the process."""

        def end() -> None:
            self._processor.shutdown()
            done()

        threading.Thread(target=end, name="traces-end", daemon=True).start()

    def _readable(self, span: Span) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        flags = TraceFlags(TraceFlags.SAMPLED)
        kinds = {
            "submit": SpanKind.SERVER,
            "send": SpanKind.CLIENT,
            "receipt": SpanKind.SERVER,
            "push": SpanKind.CLIENT,
        }
        parent = SpanContext(span.trace, span.parent, False, flags) if span.parent else None
        return ReadableSpan(
            span.name,
            context=SpanContext(span.trace, span.id, False, flags),
            parent=parent,
            resource=self._resource,
            attributes=span.attributes,
            kind=kinds.get(span.name, SpanKind.INTERNAL),
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.OK),
            start_time=span.start * _NS,
            end_time=max(span.start, span.end) * _NS,
            instrumentation_scope=self._scope,
        )


def _silence() -> None:
    """Keep the SDK from writing a line for each failure to standard error: they are counted."""
    log: Any = logging.getLogger("opentelemetry")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
