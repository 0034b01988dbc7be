"""What the store owes accounts: pages of it, who is absent, and what came into the outbox without being offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.model.outbox import OutboxItem, OutboxTarget, account_of_target
from smsgwd.northbound.esme.lane import Lane
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger

LOOK_S: Final = 60.0
"""Seconds between looks at what the store owes."""
SHARED_LOOK_S: Final = 10.0
"""The same where other nodes owe it, too: that they said so may have been missed."""

_AGAIN_S: Final = 1.0
_log = get_logger("esme")


class Owed:
    """`woken` is called with lanes that have something new, and with all after each look; `later` with one and the time
    (ms) from which its page can be read; `absent(system_id)` at most once between two looks for an account that is owed
    something and has no lane. Due times further off than `furthest_ms` are due now: the wall clock was set back."""

    def __init__(
        self,
        reactor: Any,
        clock: Clock,
        store: Store,
        lanes: Mapping[str, Lane],
        *,
        absent: Callable[[str], None] | None,
        woken: Callable[[Iterable[Lane]], None],
        later: Callable[[Lane, int], None],
        furthest_ms: int,
        look_s: float = LOOK_S,
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._lanes = lanes
        self._tell_absent = absent
        self._woken = woken
        self._later = later
        self._furthest_ms = furthest_ms
        self._look_s = look_s
        self._absent: set[str] = set()  # targets told of since the last look
        self._timer: IDelayedCall | None = None
        self._running = False

    def start(self) -> Deferred[None]:
        """Look, and go on looking; fires after the first look, whether the store could tell or not."""
        self._running = True
        return self._look()

    def stop(self) -> None:
        """Look no more."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def bound(self, target: str) -> None:
        """Somebody receives what this target is owed."""
        self._absent.discard(target)

    def missing(self, target: str) -> None:
        """Something is due for an account that has no receiver."""
        name = account_of_target(target)
        if name is not None and target not in self._absent:
            self._absent.add(target)
            if self._tell_absent is not None:
                self._tell_absent(name)

    def read(self, lane: Lane, now_ms: int) -> None:
        """Read a page, which the lane's queue must have."""
        if now_ms < lane.read_after_ms <= now_ms + int(_AGAIN_S * 1000):
            self._later(lane, lane.read_after_ms)
            return
        limit = lane.queue.page
        after = lane.queue.begin_read()
        self._store.outbox(lane.target, after, limit, lane.queue.known).addCallbacks(
            self._page, self._no_page, callbackArgs=(lane, limit), errbackArgs=(lane,)
        )

    def _page(self, items: list[OutboxItem], lane: Lane, limit: int) -> None:
        lane.queue.page_read(items, more=len(items) >= limit)
        self._woken((lane,))

    def _no_page(self, failure: Failure, lane: Lane) -> None:
        _failed("outbox page", failure)
        lane.queue.read_failed()
        lane.read_after_ms = self._clock.now_ms() + int(_AGAIN_S * 1000)
        self._woken((lane,))

    def _look(self) -> Deferred[None]:
        self._timer = None
        return self._store.outbox_targets(esmes=True).addCallbacks(self._looked, self._not_looked)

    def _not_looked(self, failure: Failure) -> None:
        _failed("outbox targets", failure)
        if self._running:
            self._timer = self._reactor.callLater(_AGAIN_S, self._look)

    def _looked(self, targets: list[OutboxTarget]) -> None:
        if not self._running:
            return
        self._timer = self._reactor.callLater(self._look_s, self._look)
        self._absent.clear()
        now_ms = self._clock.now_ms()
        for owed in targets:
            if now_ms < owed.next_due <= now_ms + self._furthest_ms:
                continue
            lane = self._lanes.get(owed.target)
            if lane is None:
                self.missing(owed.target)
            elif not lane.unsaved and not lane.in_flight and lane.queue.complete and not len(lane.queue):
                lane.queue.forget()
        self._woken(list(self._lanes.values()))  # also those whose time to wake up was told by another clock


def _failed(what: str, failure: Failure) -> None:
    if not isinstance(failure.value, StoreUnavailable):  # which the store says itself; it is asked again
        _log.error("esme.error", reason=f"{what}: {type(failure.value).__name__}")
