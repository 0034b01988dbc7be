"""Counts that are expensive are not taken anew each time somebody asks.

To count a million queued messages takes a walk over as many entries of an index: some 0.2 s of a core. Whoever reads
/metrics every few seconds would have that walked all the time, and tenants' queries wait behind it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Final

from smsgwd.ports.store import StoreCounts

_CHEAP_S: Final = 0.05
_REST: Final = 20  # times what the last count took: it takes one twentieth of the reader's time at most


class Counted:
    """`count`, with its last answer given again for a while when that took long. Called in one reader thread only."""

    def __init__(
        self, count: Callable[[sqlite3.Connection], StoreCounts], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._clock = clock
        self._last: StoreCounts | None = None
        self._until = 0.0  # s, monotonic

    def __call__(self, connection: sqlite3.Connection) -> StoreCounts:
        """The counts, seconds old at the most where they are large. Raises what `count` raises."""
        begun = self._clock()
        if self._last is not None and begun < self._until:
            return self._last
        self._last = None
        found = self._count(connection)
        now = self._clock()
        if now - begun > _CHEAP_S:
            self._last, self._until = found, now + _REST * (now - begun)
        return found
