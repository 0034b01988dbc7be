"""The pushing side: takes what became durable in the outbox, pushes it, and makes the results durable."""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.config.model.runtime import Notify
from smsgwd.model.outbox import MO, OutboxItem
from smsgwd.net.ending import Ending
from smsgwd.net.http_client import BadRequest
from smsgwd.net.results import Results
from smsgwd.net.wakeups import Wakeups
from smsgwd.notify.backoff import furthest_ms
from smsgwd.notify.event import event_body, is_event
from smsgwd.notify.lanes import LOOK_S, SHARED_LOOK_S, Lanes
from smsgwd.notify.mo import mo_request
from smsgwd.notify.outcomes import Entry, Outcomes
from smsgwd.notify.push import Push, receipt_request
from smsgwd.notify.signing import BadSecretError, header_lines, id_of, keys_of
from smsgwd.notify.slots import Slots
from smsgwd.notify.styled import StyleError, asked_of, is_styled, told
from smsgwd.notify.tally import LaneStatus, Tally
from smsgwd.notify.target import Lane
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import HttpAnswer, HttpClient, HttpFailure
from smsgwd.ports.store import Store
from smsgwd.telemetry import Metrics, get_logger

_MOST_UNSAVED = 2000

_log = get_logger("notify")


class Notifier:
    """Implements `ports.Outbox`. `secrets(tenant)` gives the signing secrets of a tenant, the current one first;
    `batch_of(tenant)` how many receipts it takes in one request at most.

    `reactor` is an IReactorTime whose seconds are those of `clock.monotonic`. `metrics` is optional. `mine` tells of a
    target whether this node pushes to it, where several share the store; None: it pushes to all.
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
        batch_of: Callable[[str], int] = lambda tenant: 1,
        metrics: Metrics | None = None,
        random: Callable[[], float] = _random.random,
        mine: Callable[[str], bool] | None = None,
    ) -> None:
        self.tally = Tally(metrics)
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._http = http
        self._secrets = secrets
        self._settings = settings
        self._slots: Slots[Lane] = Slots(settings.max_connections, settings.max_connections_per_host)
        self._results: Results[Entry] = Results(reactor, store, self._saved, _commit_failed)
        self._outcomes = Outcomes(self._results, self.tally, settings, random)
        self._wakeups: Wakeups[Lane] = Wakeups(reactor, clock.now_ms, self._stir)
        self._lanes = Lanes(
            reactor,
            clock,
            store,
            settings.max_connections_per_host,
            self._stir,
            self._wakeups.forget,
            furthest_ms(settings.retry_s),
            batch_of,
            mine,
            LOOK_S if mine is None else SHARED_LOOK_S,
        )
        self._leaving: list[tuple[list[Lane], Deferred[None]]] = []  # lanes with something out, until it is not
        self._pumping = False
        self._running = False
        self._ending = Ending(reactor, lambda: not self._slots.used and not len(self._results), self._results.stop)

    # -- life

    def start(self) -> Deferred[None]:
        """Begin; fires when the store was asked what is owed (a store that cannot tell is asked again)."""
        self._running = True
        return self._lanes.look()

    def follow(self, settings: Notify) -> None:
        """Push by these settings from now on; pushes under way end by those that they began with."""
        self._settings = settings
        self._slots.follow(settings.max_connections, settings.max_connections_per_host)
        self._outcomes.follow(settings)
        self._lanes.follow(settings.max_connections_per_host, furthest_ms(settings.retry_s))
        self._stir(list(self._lanes))

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
        return sum(len(lane.queue) + lane.in_flight + lane.along for lane in self._lanes)

    def lagging(self, tenant: str) -> int:
        """Pushes of a tenant that could be made now and wait in memory, to targets that answer well: how far pushing
        is behind.
        """
        return self._lanes.lagging(tenant)

    @property
    def in_flight(self) -> int:
        """Requests under way."""
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

    # -- other nodes

    def heard(self, target: str) -> None:
        """Another node owes something to a target of ours."""
        if self._running:
            lane = self._lanes.lane(target, target.partition(" ")[0])
            lane.queue.look_again()
            self._stir((lane,))

    def come(self, here: Callable[[str], bool]) -> None:
        """Those targets that `here` holds for are this node's from now on."""
        self._lanes.reopen(here)
        self._lanes.look_soon()

    def leave(self, gone: Callable[[str], bool]) -> Deferred[None]:
        """Those that `gone` holds for are this node's no more: nothing new is begun; fires when what was out is
        durable."""
        done: Deferred[None] = Deferred()
        self._leaving.append((self._lanes.close(gone), done))
        self._look_at_leaving()
        return done

    def _look_at_leaving(self) -> None:
        before, self._leaving = self._leaving, []
        for lanes, done in before:
            left = [lane for lane in lanes if lane.closed and not self._lanes.closed_ended(lane)]
            if left:
                self._leaving.append((left, done))
            else:
                done.callback(None)

    # -- pushes

    def _stir(self, lanes: Iterable[Lane]) -> None:
        """Something may have changed for these lanes."""
        if not self._running:
            return
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        for lane in lanes:
            self._stir_one(lane, now_ms, now)
        if self._slots.waiting:
            self._pump()

    def _stir_one(self, lane: Lane, now_ms: int, now: float) -> None:
        if lane.breaker.is_open:
            self._outcomes.reap(lane, now_ms, now)
        if lane.queue.must_read:
            self._lanes.feed(lane, now_ms)
        if lane.waiting:
            return
        if lane.ready(now_ms, now):
            lane.waiting = True
            self._slots.add(lane)
        else:
            self._sleep(lane, now_ms, now)

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
                    self._next(lane, suspect, now_ms, now)
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

    def _next(self, lane: Lane, suspect: bool, now_ms: int, now: float) -> None:
        """Push what is first in a lane that is ready, and what may go with it. Its slot is taken."""
        item, probe = lane.take(now_ms)
        lane.begun_at = now
        push = Push(lane, item, suspect, probe, now)
        if lane.batch > 1:
            push.more = lane.company(item, now_ms)
        self._begin(push, now_ms)

    def _begin(self, push: Push, now_ms: int) -> None:
        item = push.item
        if item.callback is not None or (item.payload is not None and is_styled(item)):
            self._tell(push, now_ms)
            return
        timeout_s = self._settings.timeout_s
        try:
            if item.type == MO:
                webhook_id = id_of(item.id)
                body, query = mo_request(item)
                if query:
                    answer = self._http.get(item.url, query, {"webhook-id": webhook_id}, timeout_s)
                    answer.addCallbacks(self._ended, self._not_got, callbackArgs=(push,), errbackArgs=(push,))
                    return
            elif is_event(item):
                webhook_id, body = id_of(item.id), event_body(item)
            else:
                webhook_id, body = receipt_request(push)
            fields = header_lines(webhook_id, now_ms // 1000, body, keys_of(self._secrets(item.tenant)))
        except BadSecretError as error:
            self._ended(HttpFailure(str(error), sent=False), push)
        except Exception as error:
            # A fault of ours in one item must not stop the others.
            _log.error("notify.error", tenant=item.tenant, reason=type(error).__name__)
            self._ended(HttpFailure(f"internal error: {type(error).__name__}", sent=False), push)
        else:
            self._http.post_to(item.url, fields, body, timeout_s, self._ended, push)

    def _tell(self, push: Push, now_ms: int) -> None:
        """Push what a provider's style writes. What it cannot write is given up, and the others go on."""
        item, timeout_s = push.item, self._settings.timeout_s
        try:
            request = told(item)
            keys = keys_of(self._secrets(item.tenant)) if request is not None and request.method == "POST" else ()
        except BadSecretError as error:
            self._ended(HttpFailure(str(error), sent=False), push)
            return
        except StyleError as error:
            _log.error("notify.error", tenant=item.tenant, reason=f"callback: {error}")
            self._ended(BadRequest(f"internal error: {error}", sent=False), push)
            return
        if request is None:
            self._ended(None, push)
        elif request.method == "GET":
            url, query = asked_of(item, request)
            answer = self._http.get(url, query, {"webhook-id": id_of(item.id)}, timeout_s)
            answer.addCallbacks(self._ended, self._not_got, callbackArgs=(push,), errbackArgs=(push,))
        else:
            body, kind = request.body, request.content_type.encode()
            fields = header_lines(id_of(item.id), now_ms // 1000, body, keys, kind)
            self._http.post_to(request.url, fields, body, timeout_s, self._ended, push)

    def _not_got(self, failure: Failure, push: Push) -> None:
        error = failure.value
        if not isinstance(error, HttpFailure):
            error = HttpFailure(f"error: {type(error).__name__}", sent=False)
        self._ended(error, push)

    def _ended(self, result: HttpAnswer | HttpFailure | None, push: Push) -> None:
        """A push has ended (None: there was nothing to tell); its slot stays with the lane when nobody waits, which
        saves the way through `Slots`."""
        lane = push.lane
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        if result is None:
            self._outcomes.untold(push, now_ms)
        else:
            self._outcomes.ended(push, result, now_ms, now)
        lane.in_flight -= 1
        lane.along -= len(push.more)
        lane.used_at = now
        if (
            self._running
            and not self._pumping
            and not self._slots.waiting
            and lane.suspect == push.suspect
            and not lane.breaker.is_open
            and len(self._results) < _MOST_UNSAVED
            and lane.ready(now_ms, now)
        ):
            self._pumping = True  # a push that ends at once must not come back here: the stack would grow
            try:
                self._next(lane, push.suspect, now_ms, now)
            finally:
                self._pumping = False
        else:
            self._slots.give(lane, suspect=push.suspect)
        if self._running:
            self._stir_one(lane, now_ms, now)
            if self._slots.waiting:
                self._pump()
        else:
            self._ending.look()

    def _saved(self, entries: list[Entry]) -> None:
        """These results are durable."""
        touched: dict[str, Lane] = {}
        for lane, item, renewed in entries:
            lane.settled(item, renewed)
            touched[lane.name] = lane
        for lane in touched.values():
            lane.fit(self._lanes.capacity)
        if self._leaving:
            self._look_at_leaving()
        self._stir(touched.values())
        self._ending.look()


def _commit_failed(reason: str) -> None:
    _log.error("notify.error", reason=reason)
