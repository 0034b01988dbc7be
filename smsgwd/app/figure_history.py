"""The gateway's figures of the last hour and the last day, kept in memory for plots: each 10 s, and each minute.

A restart forgets them: whoever wants months has Prometheus. What a sample costs and what all of them take is bounded:
single precision, so many samples, so many connectors.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from smsgwd.model.quantiles import Histogram, newer, quantile
from smsgwd.ops.figures import Span
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

_EVERY_S: Final = 10.0
_A_MINUTE: Final = 6  # samples
_HOUR: Final = 360
_DAY: Final = 1440
_MOST_CONNECTORS: Final = 50
_SHORTEST_S: Final = 0.5  # two readings that lie closer together say little about a rate
_NONE: Final = math.nan
_RATES: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted": ("accepted",),
    "refused": ("refused",),
    "submitted": ("submitted",),
    "delivered": ("final_delivered",),
    "failed": ("final_undelivered", "final_expired", "final_rejected", "final_unknown"),
    "receipts": ("receipts",),
    "pushed": ("pushed",),
    "mo": ("mo",),
}
_LEVELS: Final = ("queued", "accept_p50_ms", "accept_p99_ms")
_log = get_logger("daemon")


class _Reading:
    """What is counted at one moment."""

    __slots__ = ("accept", "at", "counters", "sent")

    def __init__(self, at: float, counters: Mapping[str, float], accept: Histogram, sent: Mapping[str, float]) -> None:
        self.at = at
        self.counters = counters
        self.accept = accept
        self.sent = sent


class Series:
    """So many samples of all columns, the oldest first, each made of two readings."""

    def __init__(self, step_s: float, most: int) -> None:
        self.step_s = step_s
        self._most = most
        self._times = array("d")
        self._columns = {name: array("f") for name in (*_RATES, *_LEVELS)}
        self._connectors: dict[str, array[float]] = {}

    def add(self, at_ms: int, now: _Reading, before: _Reading, queued: float) -> None:
        """One sample more; the oldest goes where there are too many."""
        seconds = now.at - before.at
        if seconds < _SHORTEST_S:
            return

        def rate(name: str) -> float:
            return max(0.0, now.counters.get(name, 0) - before.counters.get(name, 0)) / seconds

        accept = newer(now.accept, before.accept)
        values = {name: sum(map(rate, counted)) for name, counted in _RATES.items()}
        values |= {"queued": queued, "accept_p50_ms": _ms(accept, 0.5), "accept_p99_ms": _ms(accept, 0.99)}
        known = len(self._times)
        self._times.append(at_ms / 1000)
        for name, column in self._columns.items():
            column.append(values[name])
        for name in now.sent:
            if name not in self._connectors and len(self._connectors) < _MOST_CONNECTORS:
                self._connectors[name] = array("f", [_NONE] * known)
        for name, column in self._connectors.items():
            old, new = before.sent.get(name), now.sent.get(name)
            column.append(_NONE if old is None or new is None else max(0.0, new - old) / seconds)
        if known >= self._most:
            for column in (self._times, *self._columns.values(), *self._connectors.values()):
                del column[0]
            for name in [name for name, column in self._connectors.items() if all(map(math.isnan, column))]:
                del self._connectors[name]  # it is gone for as long as is remembered

    def read(self, connector: str) -> dict[str, Any]:
        """All columns, and of `connectors` the last sample; with `connector` all of that one's, too, None throughout
        where nothing is known of it."""
        found: dict[str, Any] = {"times": [round(at) for at in self._times]}
        found |= {name: _written(column) for name, column in self._columns.items()}
        found["connectors"] = {name: _written(column[-1:])[0] for name, column in self._connectors.items()}
        if connector:
            column = self._connectors.get(connector, array("f", [_NONE] * len(self._times)))
            found["connector"] = {"id": connector, "submitted": _written(column)}
        return found


class FigureHistory:
    """Implements `ops.figures.History`: looks every 10 seconds, from `start` until the gateway stops."""

    def __init__(
        self,
        reactor: IReactorTime,
        clock: Clock,
        *,
        counters: Callable[[], Mapping[str, float]],
        accept: Callable[[], Histogram],
        sent: Callable[[], Mapping[str, float]],
        queued: Callable[[], Awaitable[float]],
        stopping: Callable[[], bool],
    ) -> None:
        """`counters` and `accept` as of `figures show`; `sent`: parts by connector; `queued` may raise
        StoreUnavailable."""
        self._reactor = reactor
        self._clock = clock
        self._counters = counters
        self._accept = accept
        self._sent = sent
        self._queued = queued
        self._stopping = stopping
        self._series: dict[Span, Series] = {
            "hour": Series(_EVERY_S, _HOUR),
            "day": Series(_EVERY_S * _A_MINUTE, _DAY),
        }
        self._ticks = 0
        self._waiting = _NONE
        self._last = self._minute = self._read()

    def start(self) -> None:
        """Look from now on."""
        self._reactor.callLater(_EVERY_S, self._tick)

    def read(self, span: Span, connector: str) -> dict[str, Any]:
        """See ops.figures.History."""
        series = self._series[span]
        return {"span": span, "step_s": series.step_s, **series.read(connector)}

    def _tick(self) -> None:
        if self._stopping():
            return
        self._ticks += 1
        if self._ticks % _A_MINUTE in (0, 1):  # counting what waits costs the store more, the more there is
            Deferred.fromCoroutine(self._count()).addErrback(
                lambda failure: _log.error("daemon.unhandled_error", error=repr(failure.value))
            )
        self._sample()
        self.start()

    def _sample(self) -> None:
        reading, now_ms = self._read(), self._clock.now_ms()
        self._series["hour"].add(now_ms, reading, self._last, self._waiting)
        self._last = reading
        if self._ticks % _A_MINUTE == 0:
            self._series["day"].add(now_ms, reading, self._minute, self._waiting)
            self._minute = reading

    async def _count(self) -> None:
        try:
            self._waiting = await self._queued()
        except StoreUnavailable:
            self._waiting = _NONE

    def _read(self) -> _Reading:
        return _Reading(self._clock.monotonic(), self._counters(), self._accept(), self._sent())


def _ms(spread: Histogram, share: float) -> float:
    seconds = quantile(spread, share)
    return _NONE if seconds is None else seconds * 1000


def _written(column: array[float]) -> list[float | None]:
    """Four digits of each value, None for what is not known."""
    return [None if math.isnan(value) else float(f"{value:.4g}") for value in column]
