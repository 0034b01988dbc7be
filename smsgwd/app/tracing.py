"""OpenTelemetry traces: on where the configuration says so, and then they look at the stream of committed changes."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, succeed

from smsgwd import __version__
from smsgwd.app.batches import BatchObservers
from smsgwd.app.spans import Spans
from smsgwd.config.model.operations import Tracing as Section
from smsgwd.ports.clock import Clock
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.tracing import Exporter

_WAIT_S: Final = 2.0


class Tracing:
    """Off costs nothing. `become` takes the section that is in force from now on."""

    def __init__(self, reactor: Any, batches: BatchObservers, clock: Clock, metrics: Metrics, node: str) -> None:
        self._reactor = reactor
        self._batches = batches
        self._clock = clock
        self._metrics = metrics
        self._node = node
        self._section: Section | None = None
        self._exporter: Exporter | None = None
        self._spans: Spans | None = None
        self._told: dict[str, int] = {}

    def become(self, section: Section) -> Deferred[None]:
        """Go by this section; fires when spans that were made by the one before are sent or given up."""
        if section == self._section:
            return succeed(None)
        ended = self.stop()
        self._section = section
        if section.endpoint is not None and section.ratio > 0:
            self._exporter = Exporter(str(section.endpoint), section.service_name, self._node, __version__)
            self._spans = Spans(section.ratio, self._clock.now_ms, self._exporter.emit)
            self._batches.add(self._spans)
        return ended

    def count(self) -> None:
        """Bring the metrics up to date: the SDK's thread counts by itself."""
        if self._exporter is not None:
            for result, number in self._exporter.counts().items():
                more = number - self._told.get(result, 0)
                if more > 0:
                    self._metrics.spans.labels(result).inc(more)
                self._told[result] = number

    def stop(self) -> Deferred[None]:
        """Make no more spans; fires when those that wait are sent, or after two seconds."""
        exporter, spans = self._exporter, self._spans
        if exporter is None or spans is None:
            return succeed(None)
        self._batches.remove(spans)
        self.count()
        self._exporter = self._spans = self._section = None
        self._told = {}
        done: Deferred[None] = Deferred()
        exporter.close(lambda: self._reactor.callFromThread(_fire, done))
        return done.addTimeout(_WAIT_S, self._reactor, lambda *_: None)


def _fire(done: Deferred[None]) -> None:
    if not done.called:
        done.callback(None)
