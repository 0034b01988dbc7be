"""Finished messages go from Redis to the archive, and out of that when their time is over.

With files each node does so for its own. With PostgreSQL the role `archive` does all of it, for everybody.

A step takes a page of messages: they are in the archive, on the disk, before a change deletes them from Redis, and that
deletes only what is still as it was written (docs/design/archive.md). A step that is broken off is made again: nothing
is lost by it, and what is in both is shown once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.app.cluster import ROLES, Cluster
from smsgwd.app.core import Core
from smsgwd.app.roles import ARCHIVE
from smsgwd.config import Config
from smsgwd.config.model.runtime import Retention
from smsgwd.config.model.store import RedisStore as RedisSection
from smsgwd.config.model.store import StoreArchive
from smsgwd.model.business import DropRecord
from smsgwd.model.ids import node_of
from smsgwd.model.records import FORGET
from smsgwd.model.tenant import Tenant
from smsgwd.model.upkeep import DropArchived, Purged
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics, get_logger

if TYPE_CHECKING:
    from smsgwd.store.archive.threaded import Archive
    from smsgwd.store.redis.store import RedisStore

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_LEFT_MS: Final = 24 * _HOUR_MS  # what a node has not archived so long after its time, it has left
_FIRST_S: Final = 2.0
_IDLE_S: Final = 10.0  # between rounds
_BREATH_S: Final = 0.01  # between pages that nothing went from
_CLEAR_S: Final = 60.0  # between clearings up
_RETRY_S: Final = 5.0
_PAGE: Final = 200  # messages of one step
_TEXTS: Final = 500  # emptied in one step
_STEP_MS: Final = 600_000  # the wall clock was set, and is not only kept right
_BELIEVED_S: Final = 3600.0  # as in retention.py
_log = get_logger("daemon")


def archiving_of(config: Config, core: Core, reactor: IReactorTime) -> Archiving | None:
    """The activity of a configuration; None where there is no archive."""
    store, section = core.store, config.store
    if isinstance(store, EmbeddedStore) or not isinstance(section, RedisSection) or section.archive is None:
        return None
    return Archiving(
        reactor,
        clock=core.clock,
        store=store,
        cluster=core.cluster,
        tenants=core.tenancy.directory.tenants,
        section=section.archive,
        retention=config.retention,
        metrics=core.metrics,
    )


class Archiving:
    """Runs it: messages whose ids have this node's number, and with the role those that a node which is no more has
    left; with an archive that is shared all messages, by whoever has the role. The store has an archive. `retention`
    may be replaced."""

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        clock: Clock,
        store: RedisStore,
        cluster: Cluster,
        tenants: Callable[[], Iterable[Tenant]],
        section: StoreArchive,
        retention: Retention,
        metrics: Metrics,
    ) -> None:
        assert store.asking.archive is not None
        self.retention = retention
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._archive: Archive = store.asking.archive
        self._cluster = cluster
        self._tenants = tenants
        self._section = section
        self._shared = section.kind == "postgresql"
        self._metrics = metrics
        self._after = 0
        self._cleared_at = -_CLEAR_S  # monotonic seconds
        self._ahead = self._clock_ahead()
        self._rests_until = 0.0  # monotonic seconds
        self._failing = False
        self._call: IDelayedCall | None = None
        self._step_done: Deferred[None] | None = None
        self._stopped = True

    def start(self) -> None:
        """Look from now on."""
        self._stopped = False
        self._again(_FIRST_S)

    def stop(self) -> Deferred[None]:
        """Begin nothing new; fires when what is under way is over."""
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._step_done is None:
            return succeed(None)
        over: Deferred[None] = Deferred()
        self._step_done.addCallback(lambda _: over.callback(None))
        return over

    def _again(self, delay_s: float) -> None:
        if not self._stopped:
            self._call = self._reactor.callLater(delay_s, self._look)

    def _look(self) -> None:
        self._step_done = Deferred()
        Deferred.fromCoroutine(self.step()).addErrback(self._failed).addCallback(self._over)

    def _over(self, delay_s: float) -> None:
        done, self._step_done = self._step_done, None
        self._again(delay_s)
        if done is not None:
            done.callback(None)

    def _failed(self, failure: Failure) -> float:
        if not isinstance(failure.value, StoreUnavailable):
            _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
        elif self._store.healthy and not self._failing:  # else the store has said it
            self._failing = True
            _log.error("archive.failed", reason=str(failure.value))
        self._after = 0
        return _RETRY_S

    # -- one step --------------------------------------------------------------------------------------------------

    async def step(self) -> float:
        """Archive the next page; the seconds to wait before the next step. Fails with StoreUnavailable."""
        if not self._store.healthy or self._cluster.nodes.fenced:
            return _RETRY_S
        if self._shared and not self._cluster.owns(ROLES, ARCHIVE):
            self._after = 0
            return _IDLE_S
        count, more = await self._move()
        if not more:
            await self._forget()
            if self._clock.monotonic() - self._cleared_at >= _CLEAR_S:
                self._cleared_at = self._clock.monotonic()
                await self._clear()
        if self._failing:
            self._failing = False
            _log.info("archive.recovered")
        wait_s = max(count / self._section.rows_s, _BREATH_S)
        return wait_s if more else max(wait_s, min(_IDLE_S, max(1.0, self._section.after_h * 1800)))

    async def _move(self) -> tuple[int, bool]:
        """The next page into the archive: how many messages went, and whether there are further pages."""
        before = self._clock.now_ms() - int(self._section.after_h * _HOUR_MS)
        page = await self._store.archivable(self._bounds(before), before, self._after, _PAGE)
        self._after = page.after or 0
        count = 0
        if page.rows:
            await self._archive.put(page.rows)
            refs_ms = int(self.retention.messages_d * _DAY_MS)
            [result] = await self._store.commit([DropArchived(tuple(page.digests), refs_ms)])
            if not isinstance(result, Purged):
                raise TypeError(f"a store answered {type(result).__name__} to a DropArchived")
            count = result.count
            self._metrics.archived.inc(count)
        return count, page.after is not None

    def _bounds(self, before: int) -> Callable[[int], int]:
        """Tells of an id before when (ms) its message must have ended to be archived here: `before` where it is this
        node's, 0 where it is another one's."""
        if self._shared:
            return lambda _: before
        own, left = self._cluster.number, before - _LEFT_MS if self._cluster.owns(ROLES, ARCHIVE) else 0
        others = {each.number for each in self._cluster.nodes.listed()} - {own}

        def bound(message_id: int) -> int:
            number = node_of(message_id)
            return before if number == own else 0 if number in others else left

        return bound

    async def _forget(self) -> None:
        """Whoever is to be forgotten by this node's archive, or by the one of all."""
        records = await self._store.records(FORGET, None if self._shared else self._cluster.node, "", _PAGE)
        for number in {record.key for record in records}:  # in a shared one once for all nodes
            count, place = 0, 0
            after: int | None = -1
            while after is not None:
                place, after = await self._archive.forget(number, after)
                count += place
            drops = [DropRecord(FORGET, record.tenant, number) for record in records if record.key == number]
            await self._store.commit(drops)
            _log.info("archive.forgot", rows=count)
        if not self._shared and self._cluster.owns(ROLES, ARCHIVE):
            over = self._clock.now_ms() - int(self.retention.messages_d * _DAY_MS)
            for record in await self._store.records(FORGET, None, "", _PAGE):
                if record.at < over:  # of a node that is no more: were it back, its files would go by their age
                    await self._store.commit([DropRecord(FORGET, record.tenant, record.key)])

    async def _clear(self) -> None:
        """Texts and files whose time is over."""
        if self._clock_was_set():
            return
        now = self._clock.now_ms()
        for tenant in tuple(self._tenants()):
            days = self.retention.texts_d if tenant.texts_d is None else tenant.texts_d
            if days < self.retention.messages_d:
                while await self._archive.blank(tenant.id, now - int(days * _DAY_MS), _TEXTS) == _TEXTS:
                    if self._stopped:
                        return
        while gone := await self._archive.drop(now - int(self.retention.messages_d * _DAY_MS)):
            self._metrics.purged.labels("archived").inc(gone)
            if self._stopped:
                return
        self._metrics.archive_bytes.set((await self._archive.size()).bytes)

    def _clock_ahead(self) -> int:
        """How far the wall clock is ahead of the monotonic one (ms)."""
        return self._clock.now_ms() - int(self._clock.monotonic() * 1000)

    def _clock_was_set(self) -> bool:
        """While a wall clock that was set forward is new nothing goes by it: it may be set right again."""
        before, self._ahead = self._ahead, self._clock_ahead()
        if abs(self._ahead - before) >= _STEP_MS:
            self._rests_until = self._clock.monotonic() + _BELIEVED_S if self._ahead > before else 0.0
        return self._clock.monotonic() < self._rests_until
