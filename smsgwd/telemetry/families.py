"""Metric families with labels whose number of series is bounded, with children kept for cheap access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from prometheus_client import Counter, Gauge, Histogram

M = TypeVar("M", bound=Counter | Gauge | Histogram)

OTHER = "_other"
"""Label value of everything beyond a family's most series."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Declaration of one metric as the page of metrics shows it."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    max_series: int


class Family(Generic[M]):
    """A labelled metric. `labels()` returns the same child for the same values; bind it once where it is hot.

    Beyond `max_series` label sets every new one shares the child whose labels are all `_other`, so that a peer cannot
    grow our memory or the scrape by inventing values.
    """

    def __init__(self, metric: M, spec: Spec) -> None:
        self._metric = metric
        self.spec = spec
        self._children: dict[tuple[str, ...], M] = {}

    def labels(self, *values: str) -> M:
        """The child with these label values, in declared order. Raises ValueError for another number of them."""
        child = self._children.get(values)
        return child if child is not None else self._new(values)

    def _new(self, values: tuple[str, ...]) -> M:
        if len(values) != len(self.spec.labels):
            raise ValueError(f"{self.spec.name} has the labels {', '.join(self.spec.labels)}")
        if len(self._children) >= self.spec.max_series:
            return cast(M, self._metric.labels(*(OTHER,) * len(values)))
        child = cast(M, self._metric.labels(*values))
        self._children[values] = child
        return child

    def each(self) -> list[tuple[tuple[str, ...], M]]:
        """Every series there is, what is counted together as `_other` included."""
        return [(tuple(values), cast(M, child)) for values, child in self._metric._metrics.items()]

    def forget(self, label: str, value: str) -> None:
        """Drop every series whose `label` is `value`: what it stood for is gone (a removed connector)."""
        at = self.spec.labels.index(label)
        for values in [values for values in self._children if values[at] == value]:
            del self._children[values]
            self._metric.remove(*values)
