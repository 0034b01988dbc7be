"""The one line that `systemctl status` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher


class Metric(Protocol):
    """What can be collected, as prometheus-client's metrics can."""

    def collect(self) -> Iterable[Any]:
        """Families of samples."""
        ...


def total_of(counter: Metric) -> float:
    """The sum of a counter over all its labels."""
    return float(sum(sample.value for family in counter.collect() for sample in family.samples))


class StatusLine:
    """What went through since it was asked last, what waits, which binds stand."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, accepted: Callable[[], float]) -> None:
        """`accepted` counts the parts taken since the start."""
        self._dispatcher = dispatcher
        self._clock = clock
        self._accepted = accepted
        self._last = (clock.monotonic(), 0.0, 0)

    def __call__(self) -> str:
        """The line; parts a second are those that carriers took."""
        connectors = self._dispatcher.status()
        now = (self._clock.monotonic(), self._accepted(), sum(each.sent for each in connectors))
        before, self._last = self._last, now
        seconds = max(now[0] - before[0], 1e-3)
        binds = [bind for each in connectors for bind in each.binds]
        bound = sum(bind.state == "bound" for bind in binds)
        return (
            f"running: {(now[1] - before[1]) / seconds:.0f} parts/s in,"
            f" {max(0, now[2] - before[2]) / seconds:.0f} parts/s out,"
            f" {sum(each.ready + each.in_flight for each in connectors)} under way,"
            f" {bound} of {len(binds)} binds"
        )
