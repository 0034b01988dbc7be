"""Whether this node has a spool, and what is made of it: joined here, so that the rest need not ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from smsgwd.app.cluster import Cluster
from smsgwd.app.messages import MessageService
from smsgwd.app.storing import AnyStore
from smsgwd.config import Config
from smsgwd.config.model.store import RedisStore as RedisSection
from smsgwd.model.message import Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.ports.clock import Clock
from smsgwd.ports.commits import Commits
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.spool_file import FILE, SpoolFile, refuse_left
from smsgwd.telemetry import Metrics

if TYPE_CHECKING:
    from smsgwd.app.spool_drain import SpoolDrain
    from smsgwd.app.spooling import Spooling
    from smsgwd.store.redis.store import RedisStore


class SpoolParts:
    """The spool of a configuration, opened; without one everything is the store's alone. Raises CannotOpen: what waits
    there is not this store's, or the file cannot be used."""

    def __init__(
        self, config: Config, store: AnyStore, cluster: Cluster, clock: Clock, reactor: Any, metrics: Metrics
    ) -> None:
        self.highest = 0  #: id of a message that waits; 0 = none did at the start
        self._store = store
        self._cluster = cluster
        self._clock = clock
        self._reactor = reactor
        self._metrics = metrics
        self._spooling: Spooling | None = None
        self._drain: SpoolDrain | None = None
        section = config.store
        if isinstance(store, EmbeddedStore) or not isinstance(section, RedisSection):
            refuse_left(config.data_dir)
            return
        path = config.data_dir / FILE
        if section.spool.away or section.spool.memory or path.exists():
            self._open(SpoolFile(path, section.prefix, section.spool.most), section, store)

    def _open(self, file: SpoolFile, section: RedisSection, store: RedisStore) -> None:
        from smsgwd.app.spooling import Spooling
        from smsgwd.store.spool import spool_of

        self.highest = file.highest()
        spool = spool_of(file, self._reactor, self._clock.monotonic)
        spool.away = section.spool.away

        def used() -> Deferred[int]:
            return Deferred.fromCoroutine(_used(store))

        self._spooling = Spooling(store, spool, section.spool, self._clock, self._reactor, used)
        store.spooled = spool.view

    @property
    def intake(self) -> Commits:
        """What submissions are committed by."""
        return self._store if self._spooling is None else self._spooling

    def messages(self, dispatcher: Dispatcher, outbox: Outbox) -> MessageService:
        """What tenants ask of their messages."""
        if self._spooling is None:
            return MessageService(self._store, dispatcher, outbox, self._clock)
        from smsgwd.app.spool_drain import SpooledMessages

        return SpooledMessages(self._store, dispatcher, outbox, self._clock, self._spooling.spool)

    def start(self, hand_on: Callable[[list[Message]], object], owed: Callable[[Sequence[OutboxItem]], object]) -> None:
        """Give the store what waits, from now on; see SpoolDrain."""
        if self._spooling is None:
            return
        from smsgwd.app.spool_drain import SpoolDrain

        lease, reactor = self._cluster.lease, self._reactor
        self._drain = SpoolDrain(self._spooling, self._store, self._clock, reactor, lease, hand_on, owed)
        self._spooling.start()
        self._drain.start()

    async def stop(self) -> None:
        """Take nothing more; what waits stays where it is."""
        if self._drain is not None:
            await self._drain.stop()
        if self._spooling is not None:
            self._spooling.stop()
            await self._spooling.spool.close()

    def count(self) -> None:
        """Bring the metrics up to date."""
        spooling, metrics = self._spooling, self._metrics
        if spooling is None:
            return
        view = spooling.spool.view()
        metrics.spool_messages.set(view.messages)
        oldest = self._clock.now_ms() if view.oldest is None else view.oldest
        metrics.spool_oldest.set(max(0, self._clock.now_ms() - oldest) / 1000)
        metrics.spool_aside.set(view.aside)
        metrics.spool_taken.set(spooling.spooled)


async def _used(store: RedisStore) -> int:
    """Bytes that the server holds; of several masters the fullest. Raises StoreUnavailable."""
    from smsgwd.store.redis.errors import Refused, Unreachable
    from smsgwd.store.redis.requirements import facts

    try:
        return max(int(facts(info)["used_memory"]) for info in await store.server.each("INFO", "memory"))
    except (Unreachable, Refused, KeyError, ValueError) as error:
        raise StoreUnavailable(f"the server does not tell its memory: {error}") from None
