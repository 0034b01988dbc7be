"""Clearing up: what is over goes after its time, in small changes between which traffic is committed.

Kinds take turns, one change at a time, and wait after each as long as its rows cost at `retention.rows_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.config.model.runtime import Retention as Section
from smsgwd.model.changes import Change
from smsgwd.model.tenant import Tenant
from smsgwd.model.upkeep import BlankTexts, Purge, Purged, PurgeIds, PurgeLeftovers
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import Metrics, get_logger

_DAY_MS: Final = 86_400_000
_FIRST_S: Final = 2.0
_IDLE_S: Final = 60.0  # between rounds; less where something is kept for less than two minutes
_IDS_IDLE_S: Final = 3600.0  # SMSC ids have no age of their own: a round reads all of them
_RETRY_S: Final = 5.0
_MOST: Final = 200  # rows looked at by one change: a few milliseconds of the writer
_TOLD_EVERY_S: Final = 3600.0
_STEP_MS: Final = 600_000  # the wall clock was set, and is not only kept right
_BELIEVED_S: Final = 3600.0  # a wall clock that was set forward is gone by after so long
_log = get_logger("daemon")


@dataclass(slots=True)
class _Kind:
    """One kind of rows: `changes` gives the changes of a round at a time (ms since 1970), each repeated while more."""

    name: str
    changes: Callable[[int], Iterable[Change]]
    idle_s: float
    round: Iterator[Change] | None = None  # the round that is under way
    change: Change | None = None  # of it
    next_at: float = 0.0  # monotonic seconds


class Retention:
    """Runs the clearing up; while a wall clock that was set forward is new it rests, for what it deletes is gone though
    the clock be set right again. `tenants` gives all there are; `mo_kept_ms` is how long parts of subscribers' messages
    that are done with are kept, so that repetitions are recognised."""

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        clock: Clock,
        store: Store,
        tenants: Callable[[], Iterable[Tenant]],
        section: Section,
        mo_kept_ms: int,
        metrics: Metrics,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._tenants = tenants
        self._section = section
        self._mo_kept_ms = mo_kept_ms
        self._metrics = metrics
        idle_s = self._idle_s()
        self._limit = _limit(section)
        self._kinds = [
            _Kind("messages", self._messages, idle_s),
            _Kind("texts", self._texts, idle_s),
            _Kind("leftovers", self._leftovers, idle_s),
            _Kind("smsc_ids", self._ids, _IDS_IDLE_S),
        ]
        self._counts: dict[str, int] = {}
        self._told_at = -_TOLD_EVERY_S
        self._ahead = self._clock_ahead()
        self._rests_until = 0.0  # monotonic seconds
        self._call: IDelayedCall | None = None
        self._stopped = True

    def follow(self, section: Section, mo_kept_ms: int) -> None:
        """Keep things for these times from now on."""
        self._section, self._mo_kept_ms, self._limit = section, mo_kept_ms, _limit(section)
        idle_s = self._idle_s()
        for kind in self._kinds:
            if kind.name != "smsc_ids":
                kind.idle_s, kind.next_at = idle_s, 0.0
            kind.round = kind.change = None  # they were made for the old times
        if self._call is not None and self._call.active():
            self._call.reset(0.0)

    def _idle_s(self) -> float:
        return min(_IDLE_S, self._shortest_d() * 86_400 / 2)

    def _shortest_d(self) -> float:
        """The shortest time for which anything is kept, in days."""
        section = self._section
        texts = (tenant.texts_d for tenant in self._tenants() if tenant.texts_d is not None)
        return min(section.messages_d, section.texts_d, section.given_up_d, section.orphans_d, *texts)

    def start(self) -> None:
        """Look from now on."""
        self._stopped = False
        self._again(_FIRST_S)

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._tell()

    def _again(self, delay_s: float) -> None:
        if not self._stopped:
            if self._call is not None and self._call.active():
                self._call.cancel()  # begun anew while the step before was under way
            self._call = self._reactor.callLater(delay_s, self._look)

    def _look(self) -> None:
        Deferred.fromCoroutine(self._step()).addCallbacks(self._again, self._failed)

    async def _step(self) -> float:
        """One change of the kind whose turn it is; the seconds to wait before the next."""
        if not self._store.healthy:
            return _RETRY_S
        now = self._clock.monotonic()
        self._look_at_clock(now)
        if now < self._rests_until:
            return min(_IDLE_S, self._rests_until - now)
        kind = min(self._kinds, key=lambda kind: kind.next_at)
        if kind.next_at > now:
            self._tell_by_and_by(now)
            return kind.next_at - now
        change = self._change_of(kind)
        kind.next_at = now + kind.idle_s  # also that one that fails does not hold up the others
        if change is None:
            return 0.0
        [result] = await self._store.commit([change])
        if not isinstance(result, Purged):
            raise TypeError(f"a store answered {type(result).__name__} to a {type(change).__name__}")
        count = result.count
        kind.change = change if result.more else None
        if count:
            self._counts[kind.name] = self._counts.get(kind.name, 0) + count
            self._metrics.purged.labels(kind.name).inc(count)
        wait = max(count, self._limit if result.more else 0) / self._section.rows_s
        kind.next_at = self._clock.monotonic()  # the others, which have waited longer, come first
        return wait

    def _clock_ahead(self) -> int:
        """How far the wall clock is ahead of the monotonic one (ms)."""
        return self._clock.now_ms() - int(self._clock.monotonic() * 1000)

    def _look_at_clock(self, now: float) -> None:
        """Of a wall clock that was set, forget the times that were taken from it before."""
        before, self._ahead = self._ahead, self._clock_ahead()
        set_by = self._ahead - before
        if abs(set_by) < _STEP_MS:
            return
        self._rests_until = now + _BELIEVED_S if set_by > 0 else 0.0
        for kind in self._kinds:
            kind.round = kind.change = None
        _log.warning(
            "retention.clock_set", seconds=round(set_by / 1000), rests_s=round(max(0.0, self._rests_until - now))
        )

    def _change_of(self, kind: _Kind) -> Change | None:
        """The change of a kind's round to make now; None at the round's end."""
        if kind.change is not None:
            return kind.change
        if kind.round is None:
            kind.round = iter(kind.changes(self._clock.now_ms()))
        kind.change = next(kind.round, None)
        if kind.change is None:
            kind.round = None
        return kind.change

    def _messages(self, now: int) -> Iterable[Change]:
        return [Purge(_before(now, self._section.messages_d), self._limit)]

    def _ids(self, now: int) -> Iterable[Change]:
        return [PurgeIds(_before(now, self._section.messages_d), self._limit)]

    def _texts(self, now: int) -> Iterable[Change]:
        """Texts go before their records; where they do not, the records take them along."""
        for tenant in tuple(self._tenants()):
            days = self._section.texts_d if tenant.texts_d is None else tenant.texts_d
            if days < self._section.messages_d:
                yield BlankTexts(tenant.id, _before(now, days), self._limit)

    def _leftovers(self, now: int) -> Iterable[Change]:
        section = self._section
        return [
            PurgeLeftovers(
                now,
                _before(now, section.given_up_d),
                _before(now, section.orphans_d),
                _before(now, section.given_up_d),
                now - self._mo_kept_ms,
                section.max_orphans,
                self._limit,
                _before(now, section.given_up_d),
                _before(now, section.messages_d),
            )
        ]

    def _failed(self, failure: Failure) -> None:
        if not isinstance(failure.value, StoreUnavailable):  # which is said once, by the store itself
            _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
        self._again(_RETRY_S)

    def _tell_by_and_by(self, now: float) -> None:
        if now - self._told_at >= _TOLD_EVERY_S and self._counts:
            self._told_at = now
            self._tell()

    def _tell(self) -> None:
        if self._counts:
            _log.info("retention.purged", rows=self._counts)
            self._counts = {}


def _limit(section: Section) -> int:
    return max(1, min(_MOST, section.rows_s // 10))


def _before(now: int, days: float) -> int:
    """The time so many days before `now` (ms since 1970)."""
    return now - int(days * _DAY_MS)
