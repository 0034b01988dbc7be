"""What accounts are owed and how it gets there: the outbox's lanes of ESMEs, from the store to `deliver_sm` and back.

A lane is in memory only while something is bound that receives; without, what is owed is in the store alone. Nothing
leaves the store's outbox before its answer is durable, so after a crash or a broken bind it may come twice, never not.
"""

from __future__ import annotations

import random as _random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed

from smsgwd.delivery.pages import PagedQueue
from smsgwd.model.changes import Change
from smsgwd.model.outbox import OutboxItem, esme_target
from smsgwd.model.pushes import OutboxDone
from smsgwd.net.ending import Ending
from smsgwd.net.results import Results
from smsgwd.net.turn import Turn
from smsgwd.net.wakeups import Wakeups
from smsgwd.northbound.esme.account import Elsewhere, EsmeBind
from smsgwd.northbound.esme.lane import Lane, LaneStatus, Outlet, counters_of
from smsgwd.northbound.esme.nacks import MAX_AGE_MS, SLOW_DOWN, WAITS_S, Entry, Nacks, furthest_ms
from smsgwd.northbound.esme.owed import LOOK_S, SHARED_LOOK_S, Owed
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.smpp.constants import VERSION_3_4
from smsgwd.smpp.errors import EncodeError, NotBound, SessionError
from smsgwd.smpp.pdu import AlertNotification
from smsgwd.telemetry import Metrics, get_logger

_AGAIN_S: Final = 1.0
_IN_MEMORY = 50_000  # items of all lanes
_MOST_A_LANE = 2000
_LEAST_A_LANE = 200
_MOST_A_TURN = 512  # deliveries of one lane before others have their turn
_RUN = 16  # deliveries in a row on one bind, where there are several
_MOST_UNSAVED = 8000
_log = get_logger("esme")


class EsmeOutbox:
    """Implements `ports.push.Outbox` and `account.TakesAnswers`.

    `reactor` is an IReactorTime whose seconds are those of `clock.monotonic`. `absent(system_id)` is told, at most once
    a minute, of an account that is owed something now and has nothing bound that receives.
    """

    def __init__(
        self,
        reactor: Any,
        clock: Clock,
        store: Store,
        *,
        absent: Callable[[str], None] | None = None,
        metrics: Metrics | None = None,
        waits_s: Sequence[float] = WAITS_S,
        max_age_ms: int = MAX_AGE_MS,
        random: Callable[[], float] = _random.random,
        turn: Turn | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`turn` is that of the connections of binds: what a turn brings leaves at its end. Else one of its own.
        `elsewhere`: other nodes, which an account may be bound at, too; then an account is given something once `come`
        said so, until `leave`."""
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._elsewhere = elsewhere
        self._metrics = metrics
        self._lanes: dict[str, Lane] = {}
        self._outlets: dict[EsmeBind, Outlet] = {}
        self._add_early = (turn or Turn(reactor)).add_early
        self._stirred: dict[Lane, None] = {}  # what is looked at when the turn ends, in this order
        self._held: set[Lane] = set()  # what waits until fewer results are unsaved
        self._results: Results[Entry] = Results(reactor, store, self._saved, _failed)
        self._nacks = Nacks(self._results, random, waits_s=waits_s, max_age_ms=max_age_ms)
        self._furthest_ms = furthest_ms(waits_s)
        self._wakeups: Wakeups[Lane] = Wakeups(reactor, clock.now_ms, self._woken)
        self._leaving: dict[Lane, Deferred[None]] = {}  # until nothing of it is out
        self._owed = Owed(
            reactor,
            clock,
            store,
            self._lanes,
            absent=absent,
            woken=self._woken,
            later=self._wakeups.set,
            furthest_ms=self._furthest_ms,
            look_s=LOOK_S if elsewhere is None else SHARED_LOOK_S,
        )
        self._running = False
        self._ending = Ending(reactor, lambda: not len(self._results) and not self.in_flight, self._results.stop)

    # ------------------------------------------------------------------ life
    def start(self) -> Deferred[None]:
        """Begin; fires when the store was asked what is owed (a store that cannot tell is asked again)."""
        self._running = True
        self._woken(list(self._lanes.values()))
        return self._owed.start()

    def stop(self, limit_s: float) -> Deferred[None]:
        """Hand out nothing new; fires when what is out is answered, or its bind gone, and saved, or after `limit_s`."""
        self._running = False
        self._wakeups.stop()
        self._owed.stop()
        return self._ending.begin(limit_s)

    # ------------------------------------------------------------------ for others
    @property
    def in_flight(self) -> int:
        """Deliveries without an answer."""
        return sum(outlet.in_flight for outlet in self._outlets.values())

    def status(self) -> list[LaneStatus]:
        """The accounts with something bound that receives."""
        return [lane.status for lane in self._lanes.values()]

    def offer(self, items: Sequence[OutboxItem]) -> None:
        """See ports.push.Outbox. What is for an account that is not there is in the store: that is enough."""
        if not self._running:
            return
        lane_of = self._lanes.get
        for item in items:
            lane = lane_of(item.target)
            if lane is not None:
                lane.queue.add(item)
                if lane not in self._stirred:
                    self._stir(lane)
            else:
                self._owed.missing(item.target)

    def look(self, target: str) -> None:
        """The store owes this account what memory may not know of (an operator revived it): read it anew."""
        lane = self._lanes.get(target)
        if lane is not None:
            lane.queue.forget()
            self._pump(lane)
        elif self._running:
            self._owed.missing(target)

    def heard(self, target: str) -> None:
        """Another node owes an account something; it is nobody's, or ours."""
        lane = self._lanes.get(target)
        if lane is None:
            self.look(target)
        else:
            lane.queue.look_again()
            self._pump(lane)

    def come(self, target: str) -> None:
        """No other node gives this account anything: this one does."""
        lane = self._lanes.get(target)
        if lane is not None:
            lane.ours = True
            lane.queue.forget()
            self._pump(lane)

    def leave(self, target: str) -> Deferred[None]:
        """Another node may do that from now on: nothing more is handed out. Fires when what was out is durable."""
        lane = self._lanes.get(target)
        if lane is None:
            return succeed(None)
        lane.ours = False
        if not lane.unsaved and not lane.in_flight:
            return succeed(None)
        return self._leaving.setdefault(lane, Deferred())

    def _look_at_leaving(self, lane: Lane) -> None:
        if lane in self._leaving and not lane.unsaved and not lane.in_flight:
            self._leaving.pop(lane).callback(None)

    def alert(self, account: str, pdu: AlertNotification) -> bool:
        """Pass an alert_notification (SMPP 3.4 s4.12) on to one bind of the account; False when none takes it."""
        lane = self._lanes.get(esme_target(account))
        for outlet in lane.outlets if lane is not None else ():
            if outlet.bind.alive and outlet.bind.version >= VERSION_3_4 and outlet.connection.writable:
                try:
                    outlet.connection.request(replace(pdu))  # its sequence is the bind's
                except (SessionError, EncodeError):
                    continue
                return True
        return False

    # ------------------------------------------------------------------ binds: account.TakesAnswers
    def bound(self, bind: EsmeBind) -> None:
        """See TakesAnswers."""
        target = esme_target(bind.account.name)
        lane = self._lanes.get(target)
        if lane is None:
            lane = self._lanes[target] = self._new_lane(target, bind)
        self._outlets[bind] = lane.add(bind)
        self._owed.bound(target)
        if self._elsewhere is not None:
            self._elsewhere.bound(target)
        self._pump(lane)

    def _new_lane(self, target: str, bind: EsmeBind) -> Lane:
        capacity = max(_LEAST_A_LANE, min(_MOST_A_LANE, _IN_MEMORY // (len(self._lanes) + 1)))
        lane = Lane(target, bind.account, capacity, counters_of(self._metrics, bind.account.name))
        lane.ours = self._elsewhere is None or self._elsewhere.mine(target)
        return lane

    def answered(self, bind: EsmeBind, answers: Sequence[tuple[OutboxItem, int]]) -> None:
        """See TakesAnswers."""
        outlet = self._outlets.get(bind)
        if outlet is None:
            return
        lane = outlet.lane
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        outlet.answered(len(answers))
        done: list[Change] = []
        entries: list[Entry] = []
        for item, status in answers:
            if status == 0:
                done.append(OutboxDone(item.id, now_ms))
                entries.append((lane, item, None))
            else:
                if status in SLOW_DOWN:
                    outlet.slow_down(now)
                self._nacks.refused(lane, item, status, now_ms, now)
        if done:
            lane.unsaved += len(done)
            outlet.took(now)
            self._results.extend(done, entries)
            if lane.ok is not None:
                lane.ok.inc(len(done))
        self._stir(lane)

    def unanswered(self, bind: EsmeBind, contexts: Sequence[OutboxItem]) -> None:
        """See TakesAnswers. They are sent again in a while: whoever does not answer now may answer twice then."""
        outlet = self._outlets.get(bind)
        if outlet is None:
            return
        lane = outlet.lane
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        outlet.missed(len(contexts), now)
        if lane.lost is not None:
            lane.lost.inc(len(contexts))
        for item in contexts:
            self._nacks.unanswered(lane, item, now_ms, now)
        self._stir(lane)

    def writable(self, bind: EsmeBind) -> None:
        """See TakesAnswers."""
        outlet = self._outlets.get(bind)
        if outlet is not None:
            self._pump(outlet.lane)

    def unbound(self, bind: EsmeBind, unanswered: Sequence[OutboxItem], unsent: Sequence[OutboxItem]) -> None:
        """See TakesAnswers. All of it goes back to its place, at once."""
        outlet = self._outlets.pop(bind, None)
        if outlet is None:
            return
        lane = outlet.lane
        lane.remove(outlet)
        lane.queue.push_back((*unanswered, *unsent))
        if unanswered and lane.lost is not None:
            lane.lost.inc(len(unanswered))
        if lane.outlets:
            self._pump(lane)
        else:
            self._drop_if_idle(lane)
            if self._elsewhere is not None:
                self._elsewhere.unbound(lane.target)
        self._look_at_leaving(lane)
        self._ending.look()

    def _drop_if_idle(self, lane: Lane) -> None:
        """Without a receiver memory keeps nothing, but what must not go out again while its result is not durable."""
        if not lane.unsaved and not lane.outlets:
            self._lanes.pop(lane.target, None)
            self._held.discard(lane)
            self._wakeups.forget(lane)

    # ------------------------------------------------------------------ deliveries
    def _stir(self, lane: Lane) -> None:
        """Hand out what is due at the end of this turn, before its writes leave: once, whatever the turn brings."""
        if not self._stirred:
            self._add_early(self._look_at_stirred)
        self._stirred[lane] = None

    def _look_at_stirred(self) -> None:
        lanes, self._stirred = self._stirred, {}
        self._woken(lanes)

    def _woken(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            try:
                self._pump(lane)
            except Exception as error:  # a bug met in one lane must not keep the others of the turn waiting
                _failed(f"{lane.name}: {type(error).__name__}")

    def _pump(self, lane: Lane) -> None:
        """Hand out what is due to the binds that have room, in turn; then see to pages and the time to wake up.

        What was not tried yet, or is due very far off, is due at once: the wall clock was set back.
        """
        if not self._running or not lane.outlets or not lane.ours:
            return
        queue = lane.queue
        now_ms, now = self._clock.now_ms(), self._clock.monotonic()
        left, far = _MOST_A_TURN, now_ms + self._furthest_ms
        head = queue.peek()
        while head is not None and (head.due_at <= now_ms or not head.attempts or head.due_at > far):
            if len(self._results) >= _MOST_UNSAVED:
                self._held.add(lane)
                break
            if left <= 0:
                self._wakeups.set(lane, now_ms)
                break
            found = lane.next_outlet(now)
            if found is None:
                free_at = lane.wake_at(now)
                if free_at is not None:
                    self._wakeups.set(lane, now_ms + int((free_at - now) * 1000) + 1)
                break
            outlet, room = found
            run = min(room, left) if len(lane.outlets) == 1 else min(room, left, _RUN)
            left -= max(1, self._hand_out(outlet, queue, run, now_ms, now))
            head = queue.peek()
        else:
            if head is not None:
                self._wakeups.set(lane, head.due_at)
        if queue.must_read:
            self._owed.read(lane, now_ms)

    def _hand_out(self, outlet: Outlet, queue: PagedQueue[OutboxItem], run: int, now_ms: int, now: float) -> int:
        """Give a bind up to `run` items; how many left the queue."""
        pop, peek, compose = queue.pop, queue.peek, outlet.compose
        items: list[OutboxItem] = []
        far = now_ms + self._furthest_ms
        while len(items) < run:
            head = peek()
            if head is None or (now_ms < head.due_at <= far and head.attempts):
                break
            items.append(pop())
        try:
            outlet.connection.request_many([compose(item) for item in items], items)
        except Exception:  # nothing was sent; who is at fault shows when each goes alone
            return self._one_by_one(outlet, queue, items, now_ms, now)
        outlet.in_flight += len(items)
        return len(items)

    def _one_by_one(
        self, outlet: Outlet, queue: PagedQueue[OutboxItem], items: list[OutboxItem], now_ms: int, now: float
    ) -> int:
        """Give a bind these items, without those that cannot be sent; how many left the queue."""
        request, compose, lane = outlet.connection.request, outlet.compose, outlet.lane
        for index, item in enumerate(items):
            try:
                request(compose(item), item)
            except EncodeError as error:
                self._nacks.give_up(lane, item, f"cannot be sent: {error}", now_ms, now)
            except SessionError as error:
                queue.push_back(items[index:])
                outlet.over = isinstance(error, NotBound)
                outlet.not_before = now + _AGAIN_S
                return index
            except Exception as error:  # a fault of ours in one item must not stop the others
                _log.error("esme.error", account=lane.name, reason=type(error).__name__, exc_info=True)
                self._nacks.give_up(lane, item, f"internal error: {type(error).__name__}", now_ms, now)
            else:
                outlet.in_flight += 1
        return len(items)

    def _saved(self, entries: list[Entry]) -> None:
        """These results are durable."""
        stir: set[Lane] = set()
        for lane, item, renewed in entries:
            lane.unsaved -= 1
            lane.queue.done(item)
            if renewed is not None:
                lane.queue.add(renewed)
                stir.add(lane)
            elif not lane.unsaved:
                stir.add(lane)
        if self._held and len(self._results) < _MOST_UNSAVED:
            stir |= self._held
            self._held.clear()
        for lane in stir:
            self._look_at_leaving(lane)
            if lane.outlets:
                self._stir(lane)
            else:
                self._drop_if_idle(lane)
        self._ending.look()


def _failed(reason: str) -> None:
    _log.error("esme.error", reason=reason)
