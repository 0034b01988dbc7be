"""Queries and cancellation for tenants: `ports.Messages`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec import structs
from twisted.internet.defer import Deferred

from smsgwd.model.changes import Cancel, Moved
from smsgwd.model.message import Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable

_UNSENT = (State.SCHEDULED, State.WAITING, State.QUEUED)

Found = MessageView | list[MessageView]


class MessageService:
    """Looks messages up by either id, and cancels what has not left."""

    def __init__(self, store: Store, dispatcher: Dispatcher, outbox: Outbox, clock: Clock) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._clock = clock

    def get(self, tenant: str, any_id: int) -> Deferred[Found | None]:
        """See `ports.Messages.get`."""
        return Deferred.fromCoroutine(self._get(tenant, any_id))

    def cancel(self, tenant: str, any_id: int) -> Deferred[Found]:
        """See `ports.Messages.cancel`."""
        return Deferred.fromCoroutine(self._cancel(tenant, any_id))

    async def _get(self, tenant: str, any_id: int) -> Found | None:
        view = await self._store.message(tenant, any_id)
        if view is not None:
            return view
        return await self._store.submission(tenant, any_id) or None

    async def _cancel(self, tenant: str, any_id: int) -> Found:
        found = await self._get(tenant, any_id)
        if found is None:
            raise Refused(Refusal.NOT_FOUND)
        views = found if isinstance(found, list) else [found]
        now = await self.cancel_all(tenant, views, lambda: self._get(tenant, any_id))
        if now is None:
            raise Refused(Refusal.NOT_FOUND)
        return now

    async def cancel_all(
        self, tenant: str, views: Sequence[MessageView], again: Callable[[], Awaitable[Found | None]]
    ) -> Found | None:
        """Cancel those of `views` that have not left; what `again`, which reads all of them anew, finds then.

        Raises Refused: TOO_LATE when none could be cancelled, STORE_UNAVAILABLE.
        """
        # From here to the commit the sending side does not touch what it let go of.
        held = [
            view.message
            for view in views
            if view.message.state in _UNSENT and self._dispatcher.withdraw(view.message.id, view.message.connector)
        ]
        held = await self._still_there(held, again) if held else held
        if not held:
            raise Refused(Refusal.TOO_LATE)
        broken: Exception | None = None
        try:
            kept = await self._commit(tenant, held)
        except Exception as error:  # whatever it is, what was withdrawn must be given back
            kept, broken = held, error
        try:
            now = await again()
        except Exception:
            self._restore(kept, None)
            raise
        self._restore(kept, now)
        if isinstance(broken, StoreUnavailable):
            raise Refused(Refusal.STORE_UNAVAILABLE) from None
        if broken is not None:
            raise broken
        if len(kept) == len(held):
            raise Refused(Refusal.TOO_LATE)
        return now

    async def _still_there(self, held: list[Message], again: Callable[[], Awaitable[Found | None]]) -> list[Message]:
        """Those that are where they were withdrawn from: others went to another connector between read and withdrawal,
        which may be sending them."""
        try:
            now = _by_id(await again())
        except Exception:
            self._restore(held, None)
            raise
        there = []
        for message in held:
            if now.get(message.id, message).connector == message.connector:
                there.append(message)
            else:
                let_go(self._dispatcher, message)
        return there

    async def _commit(self, tenant: str, held: list[Message]) -> list[Message]:
        """Commit the cancellations; the messages that are not cancelled. Raises StoreUnavailable."""
        at = self._clock.now_ms()
        results = await self._store.commit([Cancel(tenant, message.id, at) for message in held])
        kept: list[Message] = []
        for message, result in zip(held, results, strict=True):
            if isinstance(result, Moved):
                self._outbox.offer(result.outbox)
            else:
                kept.append(message)
        return kept

    def _restore(self, kept: list[Message], found: Found | None) -> None:
        """Give messages back to the sending side as they are now.

        As first read they may be older than their withdrawal: one that was sent in between looked queued, and given
        back like that it would be sent again. Since the withdrawal nobody moved them but a sweep or a receipt.
        """
        now = _by_id(found)
        for message in kept:
            self._dispatcher.restore(now.get(message.id, message))


def _by_id(found: Found | None) -> dict[int, Message]:
    views = found if isinstance(found, list) else [] if found is None else [found]
    return {view.message.id: view.message for view in views}


def let_go(dispatcher: Dispatcher, message: Message) -> None:
    """Take back the withdrawal of a message that had gone to another connector by then: this one forgets it."""
    dispatcher.restore(structs.replace(message, state=State.SENT))  # one that is not queued is not handed out
