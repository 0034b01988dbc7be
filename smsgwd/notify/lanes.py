"""All lanes in memory: made when something is owed, fed with pages, dropped when memory need not hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.delivery.pages import PagedQueue
from smsgwd.model.outbox import OutboxItem, OutboxTarget
from smsgwd.notify.target import Lane
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.telemetry import get_logger

LOOK_S = 60.0
"""Seconds between looks at what the store owes."""

SHARED_LOOK_S = 10.0
"""The same where other nodes owe it, too: that they said so may have been missed."""

_KEEP_IDLE_S = 300.0
_FAR_MS = 120_000
_AGAIN_S = 1.0
_COUNT_AGAIN_S = 0.02
_FEW = 8
_IN_MEMORY = 50_000
_MOST_A_LANE = 512
_LEAST_A_LANE = 128

_log = get_logger("notify")


class Lanes:
    """The lanes by target. `stir` is called with those that have something new; `dropped` with one that is no more.

    Memory is bounded: a page a lane, about 50,000 items in all.
    """

    def __init__(
        self,
        reactor: Any,
        clock: Clock,
        store: Store,
        window: int,
        stir: Callable[[Sequence[Lane]], None],
        dropped: Callable[[Lane], None],
        furthest_ms: int = 24 * 3_600_000,
        batch_of: Callable[[str], int] = lambda tenant: 1,
        mine: Callable[[str], bool] | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        """`mine` tells of a target whether it is this node's to push to (None: all are); seconds between looks."""
        self._mine = mine
        self._look_s = look_s
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._window = window
        self._stir = stir
        self._dropped = dropped
        self._furthest_ms = furthest_ms  # no push is put off for longer
        self._batch_of = batch_of
        self._lanes: dict[str, Lane] = {}
        self._of_tenant: dict[str, dict[str, Lane]] = {}
        self._counted: dict[str, tuple[float, int]] = {}  # of tenants with many lanes: until when, what lags
        self._timer: IDelayedCall | None = None
        self._again = False
        self._stopped = False

    def follow(self, window: int, furthest_ms: int) -> None:
        """At most `window` pushes at once to a target, none put off for longer than `furthest_ms`, from now on."""
        self._window, self._furthest_ms = window, furthest_ms
        for lane in self._lanes.values():
            lane.follow(window, furthest_ms)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def capacity(self) -> int:
        """How many items a lane made now may hold."""
        return max(_LEAST_A_LANE, min(_MOST_A_LANE, _IN_MEMORY // (len(self._lanes) + 1)))

    def lane(self, target: str, tenant: str) -> Lane:
        """The lane of a target, made if need be."""
        lane = self._lanes.get(target)
        if lane is None:
            lane = self._lanes[target] = Lane(target, tenant, self._window, self.capacity, self._furthest_ms)
            lane.used_at = self._clock.monotonic()
            self._of_tenant.setdefault(tenant, {})[target] = lane
        lane.batch = max(1, self._batch_of(tenant))
        return lane

    def lagging(self, tenant: str) -> int:
        """What of a tenant waits in memory for targets that answer well. May be asked for every request: the lanes of
        a tenant are one or two; of one that has many the count is up to 20 ms old.
        """
        lanes = self._of_tenant.get(tenant)
        if lanes is None:
            return 0
        if len(lanes) <= _FEW:
            now_ms = self._clock.now_ms()
            return sum([lane.lagging(now_ms) for lane in lanes.values()])
        now = self._clock.monotonic()
        until, count = self._counted.get(tenant, (0.0, 0))
        if now >= until:
            now_ms = self._clock.now_ms()
            count = sum(lane.lagging(now_ms) for lane in lanes.values())
            self._counted[tenant] = (now + _COUNT_AGAIN_S, count)
        return count

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def feed(self, lane: Lane, now_ms: int) -> None:
        """Read a page when the lane needs one."""
        queue = lane.queue
        if queue.must_read and not lane.closed and lane.may_read(now_ms):
            limit = queue.page
            after = queue.begin_read()
            self._store.outbox(lane.name, after, limit, queue.known).addCallbacks(
                self._page, self._no_page, callbackArgs=(lane, queue, limit), errbackArgs=(lane, queue)
            )

    def _current(self, lane: Lane, queue: PagedQueue[OutboxItem]) -> bool:
        """False when the lane was dropped or has forgotten that queue while the page was on its way."""
        return lane.queue is queue and self._lanes.get(lane.name) is lane

    def _page(self, items: list[OutboxItem], lane: Lane, queue: PagedQueue[OutboxItem], limit: int) -> None:
        if self._current(lane, queue):
            queue.page_read(items, more=len(items) >= limit)
            lane.turns.learn(items)
            self._stir((lane,))

    def _no_page(self, failure: Failure, lane: Lane, queue: PagedQueue[OutboxItem]) -> None:
        _log.error("notify.error", reason=f"outbox page: {type(failure.value).__name__}")
        if self._current(lane, queue):
            queue.read_failed()
            lane.store_failed(self._clock.now_ms())
            self._stir((lane,))

    def look(self) -> Deferred[None]:
        """Find what the store owes that memory does not know, and drop what memory need not hold; again each minute."""
        self._timer = None
        return self._store.outbox_targets(mine=self._mine).addCallbacks(self._looked, self._not_looked)

    def look_soon(self) -> None:
        """There may be more that is owed: look now, or once the look that is under way is over."""
        if self._timer is not None:
            self._timer.reset(0)
        else:
            self._again = True

    def _later(self, seconds: float) -> None:
        again, self._again = self._again, False
        self._timer = self._reactor.callLater(0 if again else seconds, self.look)

    def _not_looked(self, failure: Failure) -> None:
        _log.error("notify.error", reason=f"outbox targets: {type(failure.value).__name__}")
        if not self._stopped:
            self._later(_AGAIN_S)

    def _looked(self, targets: list[OutboxTarget]) -> None:
        if self._stopped:
            return
        self._later(self._look_s)
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        for owed in targets:
            lane = self._lanes.get(owed.target)
            if lane is None:
                soon = not now_ms + int(self._look_s * 1000) < owed.next_due <= now_ms + self._furthest_ms
                if soon and (self._mine is None or self._mine(owed.target)):
                    self.lane(owed.target, owed.target.partition(" ")[0])
            elif lane.idle and lane.queue.complete and not len(lane.queue):
                lane.forget()  # something came into the outbox without being offered
        for lane in list(self._lanes.values()):
            if self._superfluous(lane, now_ms, now):
                self._drop(lane)
        self._stir(tuple(self._lanes.values()))

    # -- what other nodes push -------------------------------------------------------------------------------------

    def close(self, gone: Callable[[str], bool]) -> list[Lane]:
        """Begin nothing new for targets that `gone` tells of; the lanes in which something is out. They are dropped
        once it is not, by `closed_ended`."""
        left = [lane for lane in self._lanes.values() if gone(lane.name)]
        for lane in left:
            if not lane.closed:
                lane.close()
        return [lane for lane in left if not self.closed_ended(lane)]

    def closed_ended(self, lane: Lane) -> bool:
        """Drop a closed lane with nothing out; False while something is, or when it was opened again."""
        if not lane.closed or not lane.idle:
            return False
        if self._lanes.get(lane.name) is lane:
            self._drop(lane)
        return True

    def reopen(self, here: Callable[[str], bool]) -> None:
        """These targets are this node's again before what was out was over."""
        for lane in self._lanes.values():
            if lane.closed and here(lane.name):
                lane.reopen()

    def _drop(self, lane: Lane) -> None:
        del self._lanes[lane.name]
        others = self._of_tenant[lane.tenant]
        del others[lane.name]
        if len(others) <= _FEW:
            self._counted.pop(lane.tenant, None)
        if not others:
            del self._of_tenant[lane.tenant]
        self._dropped(lane)

    def _superfluous(self, lane: Lane, now_ms: int, now: float) -> bool:
        """Idle for minutes, and nothing to do soon: the look finds it again when its time comes."""
        if not lane.idle or lane.waiting or now - lane.used_at < _KEEP_IDLE_S:
            return False
        head = lane.queue.peek()
        return lane.queue.complete if head is None else lane.due_at(head, now_ms) > now_ms + _FAR_MS
