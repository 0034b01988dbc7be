"""The pushing side: takes what became durable in the outbox, pushes it, and makes the results durable."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.config.model.runtime import Notify
from smsgwd.model.changes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.model.outbox import MO, OutboxItem
from smsgwd.net.ending import Ending
from smsgwd.net.http_client import BadRequest, TargetRefused
from smsgwd.net.results import Results
from smsgwd.net.wakeups import Wakeups
from smsgwd.notify.backoff import Verdict, asked_wait_s, furthest_ms, next_attempt, verdict_on
from smsgwd.notify.lanes import Lanes
from smsgwd.notify.mo import mo_request
from smsgwd.notify.payload import body_of
from smsgwd.notify.signing import BadSecretError, headers_of, id_of, keys_of
from smsgwd.notify.slots import Slots
from smsgwd.notify.tally import LaneStatus, Tally
from smsgwd.notify.target import Lane
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import HttpAnswer, HttpClient, HttpFailure
from smsgwd.ports.store import Store
from smsgwd.telemetry import Metrics, get_logger

_MOST_UNSAVED = 2000

_log = get_logger("notify")


class _Push(msgspec.Struct, gc=False):
    lane: Lane
    item: OutboxItem
    suspect: bool
    probe: bool
    started: float


_Entry = tuple[Lane, OutboxItem, OutboxItem | None]


class Notifier:
    """Implements `ports.Outbox`. `secrets(tenant)` gives the signing secrets of a tenant, the current one first.

    `reactor` is an IReactorTime whose seconds are those of `clock.monotonic`. `metrics` is optional.
    """

    def __init__(
        self,
        reactor: Any,
        clock: Clock,
        store: Store,
        http: HttpClient,
        secrets: Callable[[str], tuple[str, ...]],
        settings: Notify,
        *,
        metrics: Metrics | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        self.tally = Tally(metrics)
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._http = http
        self._secrets = secrets
        self._settings = settings
        self._max_age_ms = int(settings.max_age_h * 3_600_000)
        self._random = random
        self._slots: Slots[Lane] = Slots(settings.max_connections, settings.max_connections_per_host)
        self._results: Results[_Entry] = Results(reactor, store, self._saved, _commit_failed)
        self._wakeups: Wakeups[Lane] = Wakeups(reactor, clock.now_ms, self._stir)
        self._lanes = Lanes(
            reactor,
            clock,
            store,
            settings.max_connections_per_host,
            self._stir,
            self._wakeups.forget,
            furthest_ms(settings.retry_s),
        )
        self._pumping = False
        self._running = False
        self._ending = Ending(reactor, lambda: not self._slots.used and not len(self._results), self._results.stop)

    # -- life

    def start(self) -> Deferred[None]:
        """Begin; fires when the store was asked what is owed (a store that cannot tell is asked again)."""
        self._running = True
        return self._lanes.look()

    def stop(self, limit_s: float) -> Deferred[None]:
        """Begin no new push; fires when those under way are answered and saved, or after `limit_s`."""
        self._running = False
        self._wakeups.stop()
        self._lanes.stop()
        return self._ending.begin(limit_s)

    # -- for others

    @property
    def pending(self) -> int:
        """Pushes in memory, those under way included; the store may have more."""
        return sum(len(lane.queue) + lane.in_flight for lane in self._lanes)

    @property
    def in_flight(self) -> int:
        """Pushes under way."""
        return self._slots.used

    def status(self) -> list[LaneStatus]:
        """All targets that are in memory."""
        return [
            LaneStatus(
                target=lane.name,
                held=len(lane.queue),
                complete=lane.queue.complete,
                in_flight=lane.in_flight,
                down=lane.breaker.is_open,
                failures=lane.breaker.failures,
                last_error=lane.last_error,
            )
            for lane in self._lanes
        ]

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """These are durable in the outbox now: push them (ports.Outbox)."""
        if not self._running:
            return
        touched: dict[str, Lane] = {}
        for item in items:
            lane = touched.get(item.target)
            if lane is None:
                lane = touched[item.target] = self._lanes.lane(item.target, item.tenant)
            lane.queue.add(item)
        self._stir(touched.values())

    def look(self, target: str) -> None:
        """The store owes this target what memory may not know of (an operator revived it): read it anew."""
        if self._running:
            lane = self._lanes.lane(target, target.partition(" ")[0])
            lane.queue.forget()
            self._stir((lane,))

    # -- pushes

    def _stir(self, lanes: Iterable[Lane]) -> None:
        """Something may have changed for these lanes."""
        if not self._running:
            return
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        for lane in lanes:
            if lane.breaker.is_open:
                self._reap(lane, now_ms, now)
            self._lanes.feed(lane, now_ms)
            if lane.waiting:
                continue
            if lane.ready(now_ms, now):
                lane.waiting = True
                self._slots.add(lane)
            else:
                self._sleep(lane, now_ms, now)
        if self._slots.waiting:
            self._pump()

    def _pump(self) -> None:
        """Give out the free slots."""
        if self._pumping or not self._running:
            return
        self._pumping = True
        try:
            while len(self._results) < _MOST_UNSAVED:
                taken = self._slots.take()
                if taken is None:
                    break
                lane, suspect = taken
                lane.waiting = False
                now_ms, now = self._clock.now_ms(), self._clock.monotonic()
                if not lane.ready(now_ms, now):
                    self._slots.give(lane, suspect=suspect)
                else:
                    item, probe = lane.take(now_ms)
                    self._begin(_Push(lane, item, suspect, probe, now), now_ms)
                if lane.waiting:
                    continue
                if lane.ready(now_ms, now):
                    lane.waiting = True
                    self._slots.add(lane)
                else:
                    self._lanes.feed(lane, now_ms)
                    self._sleep(lane, now_ms, now)
        finally:
            self._pumping = False

    def _sleep(self, lane: Lane, now_ms: int, now: float) -> None:
        when = lane.wake_at_ms(now_ms, now)
        if when is not None:
            self._wakeups.set(lane, when)

    def _begin(self, push: _Push, now_ms: int) -> None:
        item = push.item
        try:
            body, query = (body_of(item), "") if item.type != MO else mo_request(item)
            if query:
                answer = self._http.get(item.url, query, {"webhook-id": id_of(item.id)}, self._settings.timeout_s)
            else:
                headers = headers_of(item.id, now_ms // 1000, body, keys_of(self._secrets(item.tenant)))
                answer = self._http.post(item.url, headers, body, self._settings.timeout_s)
        except BadSecretError as error:
            self._ended_badly(push, str(error))
        except Exception as error:
            # A fault of ours in one item must not stop the others.
            _log.error("notify.error", tenant=item.tenant, reason=type(error).__name__)
            self._ended_badly(push, f"internal error: {type(error).__name__}")
        else:
            answer.addCallbacks(self._answered, self._unanswered, callbackArgs=(push,), errbackArgs=(push,))

    def _answered(self, answer: HttpAnswer, push: _Push) -> None:
        verdict = verdict_on(answer.status)
        if verdict is Verdict.FAILED:
            wait = asked_wait_s(answer.status, answer.headers)
            self._ended_badly(push, f"HTTP {answer.status}", asked_s=wait)
            return
        lane, item = push.lane, push.item
        now = self._clock.monotonic()
        if lane.succeeded(now - push.started):
            _log.debug("notify.pushed", tenant=item.tenant, target=lane.name, note="the target answers again")
        if verdict is Verdict.GONE:
            self._give_up(lane, item, "HTTP 410", event="gone")
        else:
            now_ms = self._clock.now_ms()
            self.tally.count_pushed(now - push.started, None if item.attempts else (now_ms - item.created_at) / 1000)
            lane.unsaved += 1
            self._results.add(OutboxDone(item.id, now_ms), (lane, item, None))
        self._free(push)

    def _unanswered(self, failure: Failure, push: _Push) -> None:
        error = failure.value
        if isinstance(error, BadRequest):
            push.lane.breaker.abandoned(probe=push.probe)
            self._give_up(push.lane, push.item, str(error))
            self._free(push)
            return
        if isinstance(error, TargetRefused):
            _log.warning("notify.target_refused", tenant=push.item.tenant, reason=str(error))
        self._ended_badly(push, str(error) if isinstance(error, HttpFailure) else f"error: {type(error).__name__}")

    def _ended_badly(self, push: _Push, reason: str, *, asked_s: float = 0.0) -> None:
        lane, item = push.lane, push.item
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        opened = lane.failed(item, now, probe=push.probe, random=self._random, error=reason)
        if opened or lane.breaker.failures == 1:
            _log.warning(
                "notify.push_failed", tenant=item.tenant, target=lane.name, reason=reason,
                attempt=item.attempts + 1, paused=opened,
            )  # fmt: skip
        due = next_attempt(
            created_at=item.created_at,
            attempts=item.attempts + 1,
            now_ms=now_ms,
            waits_s=self._settings.retry_s,
            max_age_ms=self._max_age_ms,
            asked_s=asked_s,
            random=self._random,
        )
        if due is None:
            self._give_up(lane, item, reason)
        else:
            self.tally.count_retried()
            lane.unsaved += 1
            renewed = msgspec.structs.replace(item, due_at=due, attempts=item.attempts + 1)
            self._results.add(OutboxRetry(item.id, due, reason), (lane, item, renewed))
        self._free(push)

    def _give_up(self, lane: Lane, item: OutboxItem, reason: str, *, event: str = "") -> None:
        if event == "gone":
            _log.warning("notify.target_gone", tenant=item.tenant, target=lane.name)
        else:
            _log.error("notify.gave_up", tenant=item.tenant, target=lane.name, reason=reason)
        self.tally.count_dead()
        lane.unsaved += 1
        self._results.add(OutboxDead(item.id, self._clock.now_ms(), reason), (lane, item, None))

    def _reap(self, lane: Lane, now_ms: int, now: float) -> None:
        for item in lane.expired(now_ms, now, self._max_age_ms):
            self._give_up(lane, item, f"given up: the target is down ({lane.last_error})")

    def _free(self, push: _Push) -> None:
        """A push has ended; its slot stays with the lane when nobody waits, which saves the way through `Slots`."""
        lane = push.lane
        lane.in_flight -= 1
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        lane.used_at = now
        if (
            self._running
            and not self._pumping
            and not self._slots.waiting
            and not lane.breaker.is_open
            and lane.suspect == push.suspect
            and len(self._results) < _MOST_UNSAVED
            and lane.ready(now_ms, now)
        ):
            self._pumping = True  # a push that ends at once must not come back here: the stack would grow
            try:
                item, probe = lane.take(now_ms)
                self._begin(_Push(lane, item, push.suspect, probe, now), now_ms)
            finally:
                self._pumping = False
        else:
            self._slots.give(lane, suspect=push.suspect)
        self._stir((lane,))
        self._ending.look()

    def _saved(self, entries: list[_Entry]) -> None:
        """These results are durable."""
        touched: dict[str, Lane] = {}
        for lane, item, renewed in entries:
            lane.settled(item, renewed)
            touched[lane.name] = lane
        for lane in touched.values():
            lane.fit(self._lanes.capacity)
        self._stir(touched.values())
        self._ending.look()


def _commit_failed(reason: str) -> None:
    _log.error("notify.error", reason=reason)
