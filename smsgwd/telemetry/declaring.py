"""How metrics are declared: what the classes of metrics derive from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from smsgwd.telemetry.families import Family, Spec
from smsgwd.telemetry.plain import Spread, Tally

PREFIX: Final = "smsgwd_"
"""Of every metric's name."""


class Declaring:
    """Registers metrics in `registry` and notes the declaration of each in `specs`."""

    def __init__(self, registry: CollectorRegistry, specs: list[Spec]) -> None:
        self.registry = registry
        self.specs = specs

    def _spec(self, name: str, kind: str, text: str, labels: tuple[str, ...] = (), series: int = 1) -> Spec:
        spec = Spec(PREFIX + name, kind, text, labels, series)
        self.specs.append(spec)
        return spec

    def _counter(self, name: str, text: str) -> Tally:
        spec = self._spec(name, "counter", text)
        return Tally(spec.name, text, registry=self.registry)

    def _counters(self, name: str, text: str, *labels: str, series: int = 1000) -> Family[Tally]:
        spec = self._spec(name, "counter", text, labels, series)
        return Family(Tally(spec.name, text, labels, registry=self.registry), spec)

    def _gauge(self, name: str, text: str) -> Gauge:
        spec = self._spec(name, "gauge", text)
        return Gauge(spec.name, text, registry=self.registry)

    def _gauges(self, name: str, text: str, *labels: str, series: int = 1000) -> Family[Gauge]:
        spec = self._spec(name, "gauge", text, labels, series)
        return Family(Gauge(spec.name, text, labels, registry=self.registry), spec)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Spread:
        spec = self._spec(name, "histogram", text)
        return Spread(spec.name, text, buckets=buckets, registry=self.registry)

    def _histograms(
        self, name: str, text: str, *labels: str, buckets: Sequence[float], series: int = 200
    ) -> Family[Spread]:
        spec = self._spec(name, "histogram", text, labels, series)
        return Family(Spread(spec.name, text, labels, buckets=buckets, registry=self.registry), spec)
