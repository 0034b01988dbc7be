"""What is queued for a connector that stays down goes over to connectors of the same routes that are up.

Page by page: each is taken back from the connector, moved in the store by one change, and handed on when that is
durable (`handover`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.app.handover import PAGE, PAUSE_S, Handover
from smsgwd.app.ways import Ways
from smsgwd.model.message import Message
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import Metrics, get_logger

_LOOK_EVERY_S: Final = 1.0
_AGAIN_S: Final = 30.0  # after a round; twice as long after each that moved nothing
_AGAIN_MOST_S: Final = 600.0
_REASON: Final = "the connector is down or suspended"
_log = get_logger("daemon")


@dataclass(slots=True)
class _Episode:
    """One connector that is down: how far its queue was read, and what went over in this round."""

    after: tuple[int, int] | None = None
    next_at: float = 0.0  # monotonic seconds
    wait_s: float = _AGAIN_S
    up: frozenset[str] = frozenset()  # the others that were up when the round began
    told: bool = False
    moved: dict[str, int] = field(default_factory=dict)


class Rerouter:
    """Looks every second which connectors are down. `after`: seconds a connector may be down, by id; None = for ever.

    A message that has no other way stays where it is. A queue is read again after a while, and at once when another
    connector of its routes comes up; one that shares no route with a connector that is up is not read at all. What is
    queued for a connector that was taken out of the configuration goes where its route leads now.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        clock: Clock,
        store: Store,
        dispatcher: Dispatcher,
        ways: Ways,
        after: Mapping[str, float | None],
        metrics: Metrics,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._ways = ways
        self._handover = Handover(clock=clock, store=store, dispatcher=dispatcher)
        self._after = {connector: limit for connector, limit in after.items() if limit is not None}
        self._metrics = metrics
        self._strays: frozenset[str] = frozenset()
        self._episodes: dict[str, _Episode] = {}
        self._call: IDelayedCall | None = None
        self._stopped = True

    def start(self) -> None:
        """Look from now on."""
        self._stopped = False
        self._call = self._reactor.callLater(_LOOK_EVERY_S, self._look)

    def follow(self, after: Mapping[str, float | None]) -> None:
        """Other times from now on; a connector that is not named is no longer looked at."""
        self._after = {connector: limit for connector, limit in after.items() if limit is not None}
        self._strays -= after.keys()

    def adopt(self, strays: Iterable[str]) -> None:
        """Connectors that have a queue in the store and are not configured (any more): to be emptied at once."""
        self._strays = frozenset(strays)
        for connector in self._strays & self._episodes.keys():  # something came after the last round
            self._episodes[connector].next_at, self._episodes[connector].wait_s = 0.0, _AGAIN_S

    def stop(self) -> None:
        """Begin nothing new; a page whose move is being committed is handed on."""
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()

    def _look(self) -> None:
        Deferred.fromCoroutine(self._turn()).addErrback(_failed)

    async def _turn(self) -> None:
        """A page of every connector that is down; then wait: shortly while there is more."""
        more = False
        try:
            for connector in self._down():
                if self._stopped:
                    return
                try:
                    more |= await self._page(connector)
                except StoreUnavailable:
                    more = False  # said once, by the store itself
        finally:
            if not self._stopped:
                self._call = self._reactor.callLater(PAUSE_S if more else _LOOK_EVERY_S, self._look)

    def _down(self) -> list[str]:
        """The connectors that are down for too long and whose queue is to be read now."""
        now = self._clock.monotonic()
        due = []
        for connector, limit in (*self._after.items(), *((stray, 0.0) for stray in self._strays)):
            down_for = self._dispatcher.down_for(connector)
            if down_for <= 0 or down_for < limit:
                episode = self._episodes.pop(connector, None)
                if episode is not None:
                    _tell(connector, episode)
                continue
            episode = self._episodes.setdefault(connector, _Episode())
            up = self._ways.up() if connector in self._strays else self._ways.up_beside(connector)
            if up - episode.up:  # one came up: what had no way before may have one now
                episode.after, episode.next_at, episode.wait_s = None, now, _AGAIN_S
            episode.up = up
            if up and now >= episode.next_at:
                due.append(connector)
        return due

    async def _page(self, connector: str) -> bool:
        """Move what can be moved of the next page; False when the round is over."""
        episode = self._episodes[connector]
        page = await self._store.ready(connector, episode.after, PAGE)
        held: dict[int, tuple[Message, str]] = {}
        if not self._stopped and self._dispatcher.down_for(connector) > 0:
            for queued in page:
                message = queued.message
                target = None if queued.sent_parts else self._ways.way_for(message, connector)
                if target is not None and self._dispatcher.give_up(message.id, connector):
                    held[message.id] = (message, target)
        if held:
            self._moved(connector, episode, await self._handover.move(connector, held, _REASON))
        if len(page) == PAGE:
            last = page[-1].message
            episode.after = (-last.priority, last.id)
            return True
        episode.wait_s = _AGAIN_S if episode.moved else min(_AGAIN_MOST_S, episode.wait_s * 2)
        episode.after, episode.next_at = None, self._clock.monotonic() + episode.wait_s
        _tell(connector, episode)
        return False

    def _moved(self, connector: str, episode: _Episode, moved: Sequence[tuple[Message, str]]) -> None:
        """These belong to other connectors now, durably."""
        if not moved:
            return
        for _, target in moved:
            episode.moved[target] = episode.moved.get(target, 0) + 1
        self._metrics.failovers.labels(connector, "down").inc(len(moved))
        if not episode.told:
            episode.told = True
            _log.warning("connector.failover", connector=connector, to=sorted(episode.moved), reason=_REASON)


def _failed(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)


def _tell(connector: str, episode: _Episode) -> None:
    """Say what went over in the round that is over now."""
    if episode.moved:
        _log.info("connector.failover_round", connector=connector, moved=sum(episode.moved.values()), to=episode.moved)
        episode.moved = {}
