"""Another time for messages that wait for theirs. Implements `ports.schedule.Rescheduling`.

Only what is SCHEDULED moves: those messages are in the store alone until the sweep of what is due takes them, so the
sending side need not be asked. Quiet hours
are not asked again: whoever names a time after all names it for these recipients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from smsgwd.admission.times import MIN_VALIDITY_S, schedule
from smsgwd.config.model.runtime import Limits
from smsgwd.model.business import Reschedule
from smsgwd.model.changes import Moved
from smsgwd.model.message import HELD, Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.ports.submit import Messages

Found = MessageView | list[MessageView]


class Rescheduler:
    """Moves scheduled messages in time."""

    def __init__(
        self,
        *,
        store: Store,
        messages: Messages,
        clock: Clock,
        limits: Limits,
        wake_at: Callable[[int], None],
    ) -> None:
        """`wake_at` is told of a time at which something is due (ms since 1970)."""
        self._store = store
        self._messages = messages
        self._clock = clock
        self._limits = limits
        self._wake_at = wake_at

    @property
    def limits(self) -> Limits:
        """What it keeps to now."""
        return self._limits

    def follow(self, limits: Limits) -> None:
        """Keep to these limits from now on."""
        self._limits = limits

    def reschedule(self, tenant: Tenant, any_id: int, at: int | None, validity_s: int | None) -> Deferred[Found]:
        """See `ports.schedule.Rescheduling`."""
        return Deferred.fromCoroutine(self._reschedule(tenant.id, any_id, at, validity_s))

    async def _reschedule(self, tenant: str, any_id: int, at: int | None, validity_s: int | None) -> Found:
        now = self._clock.now_ms()
        limits = self._limits
        due_at = schedule(at, now, limits.max_schedule_d)
        if validity_s is not None and not MIN_VALIDITY_S <= validity_s <= limits.max_validity_s:
            raise Refused(
                Refusal.INVALID_VALIDITY, f"validity_s is {MIN_VALIDITY_S} to {limits.max_validity_s}, not {validity_s}"
            )
        try:
            found = await self._messages.get(tenant, any_id)
            if found is None:
                raise Refused(Refusal.NOT_FOUND)
            views = found if isinstance(found, list) else [found]
            waiting = [view.message for view in views if _waits(view.message)]
            if not waiting or not await self._move(tenant, waiting, due_at, now, validity_s):
                raise Refused(Refusal.TOO_LATE, "nothing of it waits for its time (any more)")
            moved = await self._messages.get(tenant, any_id)
        except StoreUnavailable:
            raise Refused(Refusal.STORE_UNAVAILABLE) from None
        if moved is None:
            raise Refused(Refusal.NOT_FOUND)
        return moved

    async def _move(
        self, tenant: str, waiting: Sequence[Message], due_at: int, now: int, validity_s: int | None
    ) -> bool:
        """Give these their time; False when none was waiting any more. Raises StoreUnavailable."""
        start = due_at or now
        changes = [Reschedule(tenant, each.id, due_at, now, start + _validity_ms(each, validity_s)) for each in waiting]
        results = await self._store.commit(changes)
        moved = any(isinstance(result, Moved) for result in results)
        if moved:
            self._wake_at(start)
        return moved


def _waits(message: Message) -> bool:
    """True for what waits for its own time; what is held waits for an operator."""
    return message.state is State.SCHEDULED and message.due_at < HELD


def _validity_ms(message: Message, validity_s: int | None) -> int:
    """How long it is worth sending from its new time on: as asked, else as long as it was from the old one."""
    return validity_s * 1000 if validity_s is not None else max(0, message.deadline - message.due_at)
