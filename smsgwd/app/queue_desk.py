"""What operators do with queues: `ops.picks.Desk`. A page at a time, traffic between pages.

What comes into a queue after a command began is not touched by it: so it ends, however much comes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from smsgwd.app.handover import PAGE, PAUSE_S, Handover
from smsgwd.model.business import Unhold
from smsgwd.model.changes import Swept
from smsgwd.model.message import Message
from smsgwd.model.operators import Discard, Hold
from smsgwd.ops.picks import Counted, Pick, kind_of, states_of
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Progress, QueuedMessage, Store

_STEP: Final = 1000  # messages released by one change
_COUNTED: Final = 5000  # messages read at a time where they are only counted
_MOVED: Final = "an operator moved it"
_MEASURE_S: Final = 1.0
_MEASURED_AT_LEAST_S: Final = 0.9
_MEASURED_AT_MOST_S: Final = 120.0
_SAMPLES: Final = 20


class _Sample(msgspec.Struct, frozen=True, gc=False):
    """What every connector had sent at a moment (monotonic seconds)."""

    at: float
    sent: dict[str, int]


class QueueDesk:
    """Moves, holds, releases and ends what is queued. `wake` is told of the time at which messages are due."""

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        clock: Clock,
        store: Store,
        dispatcher: Dispatcher,
        outbox: Outbox,
        wake: Callable[[int], object],
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._wake = wake
        self._handover = Handover(clock=clock, store=store, dispatcher=dispatcher)
        self._running: dict[str, int] = {}
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)

    @property
    def progress(self) -> dict[str, Progress]:
        """How many messages each command that is under way has dealt with, by its name."""
        return {name: Progress(done, 0) for name, done in self._running.items()}

    def move(self, left: str, to: str, pick: Pick, limit: int) -> Deferred[dict[str, int]]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._alone("queue move", self._move(left, to, pick, limit)))

    def hold(self, connector: str, pick: Pick, reason: str) -> Deferred[dict[str, int]]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._alone("queue hold", self._hold(connector, pick, reason)))

    def release(self, connector: str, tenant: str, prefix: str) -> Deferred[int]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._release(connector, tenant, prefix))

    def purge(self, connector: str, pick: Pick, reason: str) -> Deferred[dict[str, int]]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._alone("queue purge", self._purge(connector, pick, reason)))

    def count(self, connector: str, pick: Pick) -> Deferred[Counted]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._count(connector, pick))

    def speeds(self, *, wait: bool) -> Deferred[dict[str, float]]:
        """See ops.picks.Desk."""
        return Deferred.fromCoroutine(self._speeds(wait))

    async def _alone(self, name: str, work: Coroutine[Any, Any, dict[str, int]]) -> dict[str, int]:
        """One command of a name at a time; ValueError while there is one."""
        if name in self._running:
            work.close()
            raise ValueError(f"{name} is under way: wait for that")
        self._running[name] = 0
        try:
            return await work
        finally:
            del self._running[name]

    # ------------------------------------------------------------------ queued for one connector
    async def _move(self, left: str, to: str, pick: Pick, limit: int) -> dict[str, int]:
        moved = stayed = 0
        async for page in self._queued(left, pick):
            taken: dict[int, tuple[Message, str]] = {}
            for queued in page:
                if limit and moved + len(taken) >= limit:
                    break
                message = queued.message
                if not queued.sent_parts and self._dispatcher.give_up(message.id, left):
                    taken[message.id] = (message, to)
                else:
                    stayed += 1
            if taken:
                over = len(await self._handover.move(left, taken, _MOVED))
                moved += over
                stayed += len(taken) - over
            self._running["queue move"] = moved
            if limit and moved >= limit:
                break
        return {"moved": moved, "stayed": stayed}

    async def _hold(self, connector: str, pick: Pick, reason: str) -> dict[str, int]:
        held = stayed = 0
        async for page in self._queued(connector, pick):
            taken = await self._handover.withdraw(queued.message for queued in page if not queued.sent_parts)
            now = 0
            if taken:
                change = Hold(tuple(message.id for message in taken), self._clock.now_ms(), reason)
                now = len((await self._handover.leave(taken, change)).messages)
            held += now
            stayed += len(page) - now
            self._running["queue hold"] = held
        return {"held": held, "stayed": stayed}

    async def _queued(self, connector: str, pick: Pick) -> AsyncIterator[list[QueuedMessage]]:
        """Pages of what is queued for a connector, in the order in which it would be sent, as far as it is picked."""
        until = pick.until_ms(self._clock.now_ms())
        after: tuple[int, int] | None = None
        while True:
            page = await self._store.ready(connector, after, PAGE)
            picked = [queued for queued in page if pick.has(queued.message, until)]
            if picked:
                yield picked
            if len(page) < PAGE:
                return
            last = page[-1].message
            after = (-last.priority, last.id)
            await deferLater(self._reactor, PAUSE_S)

    # ------------------------------------------------------------------ what has not left
    async def _purge(self, connector: str, pick: Pick, reason: str) -> dict[str, int]:
        ended = stayed = 0
        async for page in self._unsent(connector, pick, PAGE):
            taken = await self._handover.withdraw(page)
            now = 0
            if taken:
                change = Discard(tuple(message.id for message in taken), self._clock.now_ms(), reason)
                swept = await self._handover.leave(taken, change)
                now = len(swept.messages)
                if isinstance(swept, Swept) and swept.outbox:
                    self._outbox.offer(swept.outbox)
            ended += now
            stayed += len(page) - now
            self._running["queue purge"] = ended
        return {"ended": ended, "stayed": stayed}

    async def _count(self, connector: str, pick: Pick) -> Counted:
        tenants: Counter[str] = Counter()
        parts = 0
        async for page in self._unsent(connector, pick, _COUNTED):
            for message in page:
                tenants[message.tenant] += 1
                parts += message.parts
        return Counted(tenants.total(), parts, dict(sorted(tenants.items())))

    async def _unsent(self, connector: str, pick: Pick, limit: int) -> AsyncIterator[list[Message]]:
        """Pages of what has not left and is picked, by id."""
        until = pick.until_ms(self._clock.now_ms())
        states = states_of(pick.kinds)
        after = 0
        while True:
            page = await self._store.waiting(connector, states, after, limit)
            picked = [
                view.message for view in page if kind_of(view.message) in pick.kinds and pick.has(view.message, until)
            ]
            if picked:
                yield picked
            if len(page) < limit:
                return
            after = page[-1].message.id
            await deferLater(self._reactor, PAUSE_S)

    async def _release(self, connector: str, tenant: str, prefix: str) -> int:
        count, more = 0, True
        while more:
            now = self._clock.now_ms()
            [swept] = await self._store.commit([Unhold(tenant, prefix, now, False, _STEP, connector)])
            if not isinstance(swept, Swept):
                raise TypeError(f"a store answered {type(swept).__name__} to an Unhold")
            count, more = count + len(swept.messages), swept.more
            if swept.messages:
                self._wake(now)
        return count

    # ------------------------------------------------------------------ how fast
    async def _speeds(self, wait: bool) -> dict[str, float]:
        now = self._sample()
        before = self._before(now)
        if before is None and wait:
            await deferLater(self._reactor, _MEASURE_S)
            before, now = now, self._sample()
        if before is None:
            return {}
        seconds = now.at - before.at
        return {
            name: max(0, sent - before.sent[name]) / seconds
            for name, sent in now.sent.items()
            if name in before.sent and seconds > 0
        }

    def _sample(self) -> _Sample:
        sample = _Sample(self._clock.monotonic(), {each.id: each.sent for each in self._dispatcher.status()})
        self._samples.append(sample)
        return sample

    def _before(self, now: _Sample) -> _Sample | None:
        """The newest sample that is old enough to measure by."""
        for sample in reversed(self._samples):
            if _MEASURED_AT_LEAST_S <= now.at - sample.at <= _MEASURED_AT_MOST_S:
                return sample
        return None
