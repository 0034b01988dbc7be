"""What happens when, in the model of many nodes: an agenda of calls in order of time, and times drawn by lot.

All chance is of one generator with a seed, and calls of the same time come in the order they were asked for: the same
question has the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import exp, log
from random import Random
from typing import Any, Final

from smsgwd.simulator.scale_model_assumptions import Assumptions

_Z99: Final = 2.3263  # 99 of 100 of a normal distribution are below so many standard deviations


class Agenda:
    """`now` is in seconds from the beginning."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[Any], object], Any]] = []
        self._count = 0

    def at(self, when: float, call: Callable[[Any], object], arg: Any = None) -> None:
        """Call it with `arg` then; at once, behind what is due, when that is over."""
        self._count += 1
        heappush(self._heap, (max(when, self.now), self._count, call, arg))

    def after(self, seconds: float, call: Callable[[Any], object], arg: Any = None) -> None:
        """Call it so much later."""
        self.at(self.now + seconds, call, arg)

    def run(self, until: float) -> bool:
        """All calls up to then; True when none is left."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call, arg = heappop(heap)
            call(arg)
        if heap:
            self.now = until
        return not heap


class Lot:
    """Times by chance, in seconds."""

    def __init__(self, seed: int, assumed: Assumptions) -> None:
        self.random = Random(seed)
        self._assumed = assumed
        self._one_way = assumed.rtt_ms / 2000
        self._fsync = _shape(assumed.fsync_p50_ms, assumed.fsync_p99_ms)
        self._smsc = _shape(assumed.smsc_p50_ms, assumed.smsc_p99_ms)

    def network(self) -> float:
        """One way between a node and the server."""
        base = self._one_way
        if not base:
            return 0.0
        found = max(base / 4, self.random.gauss(base, base * self._assumed.rtt_spread))
        if self.random.random() < self._assumed.tail_share:
            found += self.random.expovariate(1.0) * self._assumed.tail_ms / 1000
        return found

    def fsync(self) -> float:
        """An fsync of a server."""
        return self._log_normal(self._fsync)

    def smsc(self) -> float:
        """Until an SMSC answers, there and back."""
        return self._log_normal(self._smsc)

    def exponential(self, mean: float) -> float:
        """What chance without memory brings."""
        return self.random.expovariate(1.0) * mean

    def _log_normal(self, shape: tuple[float, float]) -> float:
        middle, sigma = shape
        return middle * exp(self.random.gauss(0.0, sigma)) if middle else 0.0


def _shape(p50_ms: float, p99_ms: float) -> tuple[float, float]:
    """Median in seconds, and sigma of the logarithm."""
    return p50_ms / 1000, log(p99_ms / p50_ms) / _Z99 if p50_ms else 0.0
