"""One timer for all lanes that wait for a time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

L = TypeVar("L")

_LONGEST_S = 60.0  # so that a jump of the wall clock is noticed


class Wakeups(Generic[L]):
    """`set` a lane's time (milliseconds since 1970); `wake` gets it when the time has come. An earlier time replaces a
    later one; a later one is ignored, since whoever is woken too early sets the time again.
    """

    def __init__(self, reactor: IReactorTime, now_ms: Callable[[], int], wake: Callable[[list[L]], None]) -> None:
        self._reactor = reactor
        self._now_ms = now_ms
        self._wake = wake
        self._heap: list[tuple[int, int, L]] = []
        self._times: dict[L, int] = {}
        self._order = count()
        self._timer: IDelayedCall | None = None
        self._armed_for = 0
        self._stopped = False

    def __len__(self) -> int:
        return len(self._times)

    def set(self, lane: L, when_ms: int) -> None:
        """Wake `lane` at `when_ms` or earlier."""
        known = self._times.get(lane)
        if self._stopped or (known is not None and known <= when_ms):
            return
        self._times[lane] = when_ms
        heapq.heappush(self._heap, (when_ms, next(self._order), lane))
        self._arm()

    def forget(self, lane: L) -> None:
        """The lane is no more."""
        self._times.pop(lane, None)

    def stop(self) -> None:
        """Wake nobody any more."""
        self._stopped = True
        self._times.clear()
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        when = self._heap[0][0]
        if self._timer is not None:
            if when >= self._armed_for:
                return
            self._timer.cancel()
        self._armed_for = when
        delay = max(0.0, (when - self._now_ms()) / 1000)
        self._timer = self._reactor.callLater(min(delay, _LONGEST_S), self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._now_ms()
        due: list[L] = []
        heap = self._heap
        while heap and (heap[0][0] <= now or self._times.get(heap[0][2]) != heap[0][0]):
            when, _, lane = heapq.heappop(heap)
            if self._times.get(lane) == when:
                del self._times[lane]
                due.append(lane)
        if heap:
            self._arm()
        if due:
            self._wake(due)
