"""What this node tells the others of itself, for `node list`, `status --cluster` and `top --cluster`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from smsgwd.ops.node_rows import BOUND
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher

_COUNTED: Final = {
    "accepted_s": ("accepted",),
    "sent_s": ("submitted",),
    "receipts_s": ("receipts",),
    "delivered_s": ("final_delivered",),
    "failed_s": ("final_undelivered", "final_expired", "final_rejected", "final_unknown"),
    "pushed_s": ("pushed",),
    "refused_s": ("refused",),
}
_SHORTEST_S: Final = 0.5  # two figures that lie closer together say little about a rate


class NodeFigures:
    """Called for each renewal of the lease: rates since the call before, and levels (`ops.node_rows`)."""

    def __init__(
        self,
        counters: Callable[[], Mapping[str, float]],
        dispatcher: Dispatcher,
        clock: Clock,
        cpu_s: Callable[[], float] = time.process_time,
    ) -> None:
        """`counters`: as of `figures show`. `cpu_s`: what the process has used, seconds."""
        self._counters = counters
        self._dispatcher = dispatcher
        self._clock = clock
        self._cpu_s = cpu_s
        self._at = clock.monotonic()
        self._before: Mapping[str, float] = {}
        self._cpu_before = cpu_s()
        self._rates: dict[str, float] = {}

    def __call__(self) -> dict[str, float]:
        """The figures by name."""
        now = self._clock.monotonic()
        seconds = now - self._at
        if seconds >= _SHORTEST_S:
            counters, cpu = self._counters(), self._cpu_s()
            self._rates = {
                name: sum(counters.get(each, 0) - self._before.get(each, 0) for each in each_of) / seconds
                for name, each_of in _COUNTED.items()
            }
            self._rates["cpu"] = (cpu - self._cpu_before) / seconds
            self._at, self._before, self._cpu_before = now, counters, cpu
        connectors = self._dispatcher.status()
        bound = {each.id: sum(bind.state == "bound" for bind in each.binds) for each in connectors}
        return {
            **{name: round(rate, 2) for name, rate in self._rates.items()},
            "claimed": float(sum(each.ready + each.in_flight for each in connectors)),
            "in_flight": float(sum(each.in_flight for each in connectors)),
            **{f"{BOUND}{name}": float(count) for name, count in bound.items() if count},
        }
