"""The way of spans to a collector: bounded, counted, never in the way."""

import subprocess
import sys
import threading

import pytest

from smsgwd.telemetry import tracing
from smsgwd.telemetry.tracing import Exporter, Span, available, mixed, span_of, trace_of
from tests.scenario.collector import collecting


def span(number, error=""):
    return Span("send", trace_of(number), span_of(number, 1), span_of(number, 0), 1000, 1500, {"a": "b"}, error)


def closed(exporter):
    """Close it and wait for that."""
    done = threading.Event()
    exporter.close(done.set)
    assert done.wait(30)


def test_spans_arrive_as_they_were_made():
    with collecting() as collector:
        exporter = Exporter(collector.url + "/", "gw", "n1", "1.0")
        exporter.emit(span(5))
        exporter.emit(span(6, "smsc_rejected"))
        closed(exporter)
        good, bad = collector.spans()
    assert good.span.trace_id.hex() == f"{trace_of(5):032x}"
    assert good.span.span_id.hex() == f"{span_of(5, 1):016x}"
    assert good.span.parent_span_id.hex() == f"{span_of(5, 0):016x}"
    assert (good.span.start_time_unix_nano, good.span.end_time_unix_nano) == (1_000_000_000, 1_500_000_000)
    assert good.attributes == {"a": "b"}
    assert good.resource == {"service.name": "gw", "service.instance.id": "n1", "service.version": "1.0"}
    assert (bad.span.status.code, bad.span.status.message) == (2, "smsc_rejected")
    assert exporter.counts() == {"made": 2, "dropped": 0, "exported": 2, "failed": 0}


def test_a_collector_that_refuses_is_counted():
    with collecting() as collector:
        collector.status = 400
        exporter = Exporter(collector.url, "gw", "n1", "1.0")
        exporter.emit(span(5))
        closed(exporter)
    assert exporter.counts() == {"made": 1, "dropped": 0, "exported": 0, "failed": 1}


def test_what_waits_is_bounded(monkeypatch):
    monkeypatch.setattr(tracing, "_MOST_WAITING", 10)
    monkeypatch.setattr(tracing, "_BATCH", 10)
    with collecting() as collector:
        collector.status = 503  # which is tried again, for seconds
        exporter = Exporter(collector.url, "gw", "n1", "1.0")
        for number in range(100):
            exporter.emit(span(number))
        counts = exporter.counts()
        exporter.close(lambda: None)
    assert counts["made"] == 100
    assert counts["made"] - counts["dropped"] - counts["failed"] <= 10
    assert counts["dropped"] > 0


def test_the_sdk_is_loaded_where_it_is_used_only():
    code = "import sys, smsgwd.app.core; assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter"])
def test_a_missing_extra_is_noticed(missing, monkeypatch):
    assert available()

    def find_spec(name):
        if name == missing:
            return None
        if name.startswith(missing + "."):
            raise ModuleNotFoundError(missing)
        return object()

    monkeypatch.setattr(tracing, "find_spec", find_spec)
    assert not available()


def test_bits_are_mixed():
    assert mixed(1) != mixed(2)
    assert len({mixed(number) & 0xFFFF for number in range(1000)}) > 980
