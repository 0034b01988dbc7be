"""The figures that are read when somebody asks for /metrics, instead of being counted as they happen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred

from smsgwd.app.cdr import CdrWriter
from smsgwd.app.logs import dropped_lines
from smsgwd.app.tenant_counts import TenantCounts
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus, Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import Metrics, render
from smsgwd.telemetry.plain import Tally

_STATES: Final = ("on", "paused", "stopped", "elsewhere")
_CHEAP_S: Final = 0.01
_REST: Final = 20  # times what the look at the outbox took: it takes a twentieth of the reader's time at most


class Scrape:
    """Reads the figures, then renders everything."""

    def __init__(
        self,
        metrics: Metrics,
        store: Store,
        dispatcher: Dispatcher,
        connections: Callable[[], Mapping[str, int]],
        *,
        clock: Clock,
        ready: Callable[[], bool] = lambda: True,
        expiries: Callable[[], Mapping[str, float]] = dict,
        tenants: TenantCounts | None = None,
        data_dir: Path | None = None,
        count: Callable[[], None] = lambda: None,
        cdr: Callable[[], CdrWriter] | None = None,
    ) -> None:
        """`connections` gives how many are open, by listener; `expiries` when certificates end (seconds since 1970), by
        who uses them; `count` brings counters up to date that are counted elsewhere."""
        self._metrics = metrics
        self._store = store
        self._dispatcher = dispatcher
        self._connections = connections
        self._clock = clock
        self._ready = ready
        self._expiries = expiries
        self._tenants = tenants
        self._data_dir = data_dir
        self._count = count
        self._cdr = cdr
        self._queues: set[str] = set()
        self._outbox_again = 0.0  # s, monotonic

    def __call__(self) -> Deferred[bytes]:
        """The page; figures of a store that cannot be read keep their last values."""
        return Deferred.fromCoroutine(self._render())

    async def _render(self) -> bytes:
        metrics = self._metrics
        self._count()
        metrics.store_healthy.set(1 if self._store.healthy else 0)
        metrics.ready.set(1 if self._ready() else 0)
        for listener, count in self._connections().items():
            metrics.connections.labels(listener).set(count)
        for used_by, at in self._expiries().items():
            metrics.certificate_expires.labels(used_by).set(at)
        for why, count in dropped_lines().items():
            _set(metrics.log_dropped.labels(why), count)
        for connector in self._dispatcher.status():
            self._connector(connector)
        if self._data_dir is not None:
            self._disk(self._data_dir)
        with contextlib.suppress(StoreUnavailable):
            await self._stored()
        return render(metrics.registry)

    def _connector(self, connector: ConnectorStatus) -> None:
        metrics = self._metrics
        bound = metrics.connector(connector.id)
        bound.binds_bound.set(sum(1 for bind in connector.binds if bind.state == "bound"))
        bound.window_in_use.set(sum(bind.window_used for bind in connector.binds))
        bound.queue_depth.set(connector.ready)
        metrics.rate.labels(connector.id).set(connector.rate)
        metrics.connector_up.labels(connector.id).set(1 if connector.up else 0)
        wanted = "elsewhere" if connector.elsewhere and connector.state == "on" else connector.state
        for state in _STATES:
            metrics.connector_state.labels(connector.id, state).set(1 if wanted == state else 0)

    def _disk(self, directory: Path) -> None:
        try:
            found = os.statvfs(directory)
        except OSError:
            return  # the store's own health tells of a disk that is gone
        self._metrics.store_bytes.labels("disk_free").set(found.f_bavail * found.f_frsize)

    async def _stored(self) -> None:
        """What the store knows. Raises StoreUnavailable."""
        metrics, now_ms = self._metrics, self._clock.now_ms()
        counts = await self._store.counts()
        metrics.pushes_pending.set(counts.outbox_pending)
        metrics.pushes_given_up.set(counts.outbox_dead)
        metrics.receipts_parked.set(counts.parked)
        metrics.receipts_orphaned.set(counts.orphans)
        metrics.queued.labels("scheduled").set(counts.scheduled)
        metrics.queued.labels("held").set(counts.held)
        metrics.queued.labels("queued").set(sum(queue.queued for queue in counts.queues))
        metrics.queued.labels("sent").set(counts.sent_without_receipt)
        told = {connector.id for connector in self._dispatcher.status()} | self._queues
        for queue in counts.queues:
            told.discard(queue.connector)
            self._queues.add(queue.connector)
            metrics.queue_messages.labels(queue.connector).set(queue.queued)
            age = 0.0 if queue.oldest is None else max(0, now_ms - queue.oldest) / 1000
            metrics.queue_oldest.labels(queue.connector).set(age)
        for connector in told:  # nothing waits there (any more)
            metrics.queue_messages.labels(connector).set(0)
            metrics.queue_oldest.labels(connector).set(0)
        space = await self._store.space()
        metrics.store_bytes.labels("used").set(space.bytes - space.free_bytes)
        metrics.store_bytes.labels("free").set(space.free_bytes)
        await self._overdue(counts.outbox_pending)
        if self._tenants is not None:
            await self._tenants.read()
        if self._cdr is not None:
            await self._records(self._cdr(), now_ms)

    async def _records(self, cdr: CdrWriter, now_ms: int) -> None:
        """How far detail records are behind. Raises StoreUnavailable."""
        _set(self._metrics.cdr_lines, cdr.written)
        waiting = [] if cdr.path is None else await self._store.finals(0, 1)
        ended = [record.view.done_at or now_ms for record in waiting]
        self._metrics.cdr_oldest.set(max(0, now_ms - ended[0]) / 1000 if ended else 0)

    async def _overdue(self, pending: int) -> None:
        """How late pushes are; not looked at each time where that takes long. Raises StoreUnavailable."""
        begun = self._clock.monotonic()
        if pending and begun < self._outbox_again:
            return
        now_ms = self._clock.now_ms()
        for kind, esmes in (("webhook", False), ("esme", True)):
            owed = await self._store.outbox_targets(esmes=esmes) if pending else []
            first = min((each.next_due for each in owed), default=now_ms)
            self._metrics.outbox_overdue.labels(kind).set(max(0, now_ms - first) / 1000)
        took = self._clock.monotonic() - begun
        self._outbox_again = begun + _REST * took if took > _CHEAP_S else 0.0


def _set(counter: Tally, count: float) -> None:
    """Bring a counter of what is counted elsewhere up to date."""
    more = count - counter._value.get()
    if more > 0:
        counter.inc(more)
