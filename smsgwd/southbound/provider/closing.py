"""Ending, as unknown, what a provider has taken and never told the end of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.model.changes import Swept
from smsgwd.model.upkeep import TimeOutReceipts
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.sent import SentRow
from smsgwd.ports.store import Store
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.walk import SentWalk
from smsgwd.telemetry import ProviderMetrics

EVERY_S: Final = 30.0
LAST_CALL_S: Final = 60.0
"""Waited for besides where states are asked for: the last question is put after the end of validity."""
_LATE_MS: Final = 3_600_000  # what became SENT after the end of its validity is found for so long by every walk
_ALL_EVERY_MS: Final = 6 * 3_600_000  # and else by one from the beginning


class Closing:
    """Of one connector; does nothing where `unknown_after_s` is not set. `ended` hears of what it closed.

    `limits.receipt_wait_h` closes what is older than that in any case (`app.sweeps`).
    """

    def __init__(
        self,
        settings: ProviderSettings,
        reactor: IReactorTime,
        clock: Clock,
        store: Store,
        outbox: Outbox,
        ended: Callable[[Collection[int]], object],
        metrics: ProviderMetrics | None = None,
    ) -> None:
        self._id = settings.id
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._outbox = outbox
        self._ended = ended
        self._metrics = metrics
        self._walk = SentWalk(reactor, store, settings.id, self._close, self._walked)
        self._running = False
        self._timer: IDelayedCall | None = None
        self._after_ms: int | None = None
        self._before = 0  # of the walk that goes on, or was the last
        self._done = 0  # all was closed whose validity ended before
        self._all_at: int | None = None  # when the last walk from the beginning began
        self._read(settings)

    def _read(self, settings: ProviderSettings) -> None:
        wait = settings.unknown_after_s
        if wait is not None and settings.poll is not None:
            wait += LAST_CALL_S
        self._after_ms = None if wait is None else int(1000 * wait)

    def start(self) -> None:
        """Close from now on."""
        if not self._running:
            self._running = True
            self._walk.resume()
            self._set(0.0)

    def stop(self) -> None:
        """Close no more."""
        self._running = False
        self._walk.halt()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, from now on."""
        self._read(settings)
        self._all_at = None  # a shorter time concerns what was passed over

    def _set(self, seconds: float) -> None:
        if self._running and self._timer is None:
            self._timer = self._reactor.callLater(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._walk.begun:
            return
        if self._after_ms is None:
            self._set(EVERY_S)
            return
        now = self._clock.now_ms()
        self._before = now - self._after_ms
        after = (min(self._done, self._before) - _LATE_MS, 0)
        if self._all_at is None or not 0 <= now - self._all_at < _ALL_EVERY_MS:
            self._all_at, after = now, (-1, 0)
        self._walk.begin(after, self._before)

    def _walked(self) -> None:
        self._done = self._before
        self._set(EVERY_S)

    async def _close(self, rows: Sequence[SentRow]) -> int:
        if self._after_ms is None:  # set so meanwhile
            return len(rows)
        ids = tuple(row.id for row in rows)
        change = TimeOutReceipts(self._clock.now_ms(), self._before, len(ids), self._id, ids)
        (result,) = await self._store.commit([change])
        if isinstance(result, Swept):
            if result.outbox:
                self._outbox.offer(result.outbox)
            if result.messages:
                self._ended(result.messages)
                if self._metrics is not None:
                    self._metrics.closed_unknown.inc(len(result.messages))
        return len(rows)
