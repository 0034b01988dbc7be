"""Counters and histograms for one thread: the same series as the client's own, without a lock around each addition.

The client's `inc` takes a lock and its `observe` two: 0.33 and 0.69 us where these take 0.05 and 0.14, some ten times a
message. All of ours count on the reactor's thread, and the scrape reads there too.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from prometheus_client import Counter, Histogram


class _Value:
    """A number, with the methods by which the client reads one of its own."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0.0

    def inc(self, amount: float) -> None:
        self.number += amount

    def get(self) -> float:
        return self.number

    def set(self, value: float) -> None:
        self.number = value

    def get_exemplar(self) -> None:
        return None


class Tally(Counter):
    """A Counter that only one thread adds to, by amounts from 0; no exemplars."""

    _value: Any

    def _metric_init(self) -> None:
        self._value = _Value()
        self._created = 0.0

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        """Count so many more. Raises ValueError for fewer than none."""
        if amount < 0:
            raise ValueError("counters only go up")
        self._value.number += amount

    @property
    def number(self) -> float:
        """How many so far."""
        return float(self._value.number)


class Spread(Histogram):
    """A Histogram that only one thread adds to; no exemplars."""

    _sum: Any
    _buckets: Any

    def _metric_init(self) -> None:
        self._sum = _Value()
        self._buckets = [_Value() for _ in self._upper_bounds]
        self._created = 0.0

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Add one value."""
        self._sum.number += amount
        self._buckets[bisect_left(self._upper_bounds, amount)].number += 1

    @property
    def bounds(self) -> list[float]:
        """Upper bounds of the buckets; the last one is infinite."""
        return list(self._upper_bounds)

    @property
    def counts(self) -> list[float]:
        """How many values each bucket has, without those of the buckets below it."""
        return [bucket.number for bucket in self._buckets]

    def observe_many(self, amount: float, count: int) -> None:
        """Add the same value so many times."""
        self._sum.number += amount * count
        self._buckets[bisect_left(self._upper_bounds, amount)].number += count
