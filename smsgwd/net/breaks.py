"""Long work in a thread that leaves the reactor its turns.

A thread that computes gives the interpreter's lock away after 5 ms, and the reactor asks for it after each socket that
it reads or writes: next to such a thread a turn of 100 sockets would take half a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

_T = TypeVar("_T")
_WORK_S: Final = 0.001
_REST_S: Final = 0.001


class Breaks:
    """Called at each small step of the work, it sleeps a millisecond after each millisecond of it; never in the
    reactor's thread."""

    __slots__ = ("_begun", "_now", "_sleep")

    def __init__(
        self, now: Callable[[], float] = time.perf_counter, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._begun = now()

    def __call__(self) -> None:
        """Go on working, maybe after a break."""
        if self._now() - self._begun > _WORK_S:
            self._sleep(_REST_S)
            self._begun = self._now()  # it may have waited for the lock

    def among(self, rows: Iterable[_T]) -> Iterator[_T]:
        """The same rows, for who works on one after the other."""
        for row in rows:
            self()
            yield row
