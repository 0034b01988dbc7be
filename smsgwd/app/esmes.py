"""What SMPP asks of unsent messages beyond `MessageService`: `ports.Esmes`.

A message is taken back from the sending side first, then changed in the store, then given back as it is read from
there: so it is never lost, never doubled, and never sent as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred

from smsgwd.admission.admit import Account, number_of
from smsgwd.admission.numbers import msisdn
from smsgwd.app.messages import Found, MessageService, let_go
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import Ignored, Replace, Replaced
from smsgwd.model.message import Failure, Message, MessageView, State
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item
from smsgwd.model.wire import unpack_wire
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable

_PAGE = 500
_UNSENT = (State.SCHEDULED, State.WAITING, State.QUEUED)


class EsmeService:
    """Cancels by address and replaces. `scheduled` is told of every time to wake up for."""

    def __init__(
        self,
        *,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        pipeline: Pipeline,
        messages: MessageService,
        accounts: Callable[[str], Account | None],
        scheduled: Callable[[int], None],
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._pipeline = pipeline
        self._messages = messages
        self._accounts = accounts
        self._scheduled = scheduled

    def cancel_by_address(self, tenant: str, source: str, dest: str, service_type: str) -> Deferred[int]:
        """See `ports.Esmes`."""
        return Deferred.fromCoroutine(self._cancel_by_address(tenant, source, dest, service_type))

    def replace(self, item: Item, tenant: str, message_id: int) -> Deferred[Entry]:
        """See `ports.Esmes`."""
        return Deferred.fromCoroutine(self._replace(item, tenant, message_id))

    def replace_pending(self, item: Item, tenant: str) -> Deferred[Entry | None]:
        """See `ports.Esmes`."""
        return Deferred.fromCoroutine(self._replace_pending(item, tenant))

    async def _cancel_by_address(self, tenant: str, source: str, dest: str, service_type: str) -> int:
        account = self._accounts(tenant)
        number = msisdn(dest, None if account is None else account.tenant.region)
        cancelled = 0
        while True:
            page = await self._store.unsent(tenant, source, number, _PAGE)
            views = [view for view in page if not service_type or _service_type(view.message) == service_type]
            if not views:
                break
            ids = [view.message.id for view in views]
            try:
                now = await self._messages.cancel_all(tenant, views, partial(self._read, tenant, ids))
            except Refused as refused:
                if cancelled and refused.refusal is Refusal.TOO_LATE:
                    break
                raise
            assert isinstance(now, list)
            done = sum(1 for view in now if view.message.state is State.CANCELLED)
            cancelled += done
            if len(page) < _PAGE or not done:
                break
        if not cancelled:
            raise Refused(Refusal.NOT_FOUND)
        return cancelled

    async def _read(self, tenant: str, ids: list[int]) -> Found:
        views = [await self._store.message(tenant, message_id) for message_id in ids]
        return [view for view in views if view is not None]

    async def _replace(self, item: Item, tenant: str, message_id: int) -> Entry:
        view = await self._store.message(tenant, message_id)
        if view is None:
            raise Refused(Refusal.NOT_FOUND)
        return await self._put(item, tenant, view.message)

    async def _replace_pending(self, item: Item, tenant: str) -> Entry | None:
        account = self._accounts(tenant)
        if account is None:
            raise Refused(Refusal.UNAUTHENTICATED, "this tenant is not there any more")
        source = item.source or account.tenant.default_sender
        if not source:
            return None  # admission says what is wrong with it
        service_type = item.wire.service_type if item.wire is not None else ""
        for view in await self._store.unsent(tenant, source, number_of(item, account.tenant), _PAGE):
            old = view.message
            if old.account != item.account or _service_type(old) != service_type:
                continue
            try:
                return await self._put(item, tenant, old)
            except Refused as refused:
                if refused.refusal is not Refusal.TOO_LATE:
                    raise
                return None  # the newest is leaving: an older one is not what the ESME means
        return None

    async def _put(self, item: Item, tenant: str, old: Message) -> Entry:
        """Put an item in the place of `old`. Raises Refused."""
        if old.state not in _UNSENT or not self._dispatcher.withdraw(old.id, old.connector):
            raise Refused(Refusal.TOO_LATE)
        if (await self._as_stored(tenant, old)).connector != old.connector:
            let_go(self._dispatcher, old)  # it went over between read and withdrawal: that connector may be sending it
            raise Refused(Refusal.TOO_LATE)
        now = old  # what is given back where the store cannot be read
        try:
            new = self._pipeline.replacement(item, tenant, old)
            [result] = await self._store.commit([Replace(tenant, new, self._clock.now_ms())])
            if isinstance(result, Replaced) and not result.refused:
                now = new
        except StoreUnavailable:
            raise Refused(Refusal.STORE_UNAVAILABLE) from None
        finally:
            self._dispatcher.restore(await self._as_stored(tenant, now))
        if isinstance(result, Ignored):
            raise Refused(Refusal.TOO_LATE)
        if not isinstance(result, Replaced):
            raise TypeError(f"a store answered {type(result).__name__} to a Replace")
        if result.refused:
            refusal = BY_CODE.get(result.refused, Refusal.INTERNAL)
            return Entry(item.dest, error=Failure(result.refused, refusal.title))
        if new.due_at:
            self._scheduled(new.due_at)
        return Entry(item.dest, new.id, new.state, new.parts, new.coding, new.price)

    async def _as_stored(self, tenant: str, message: Message) -> Message:
        """A message as the store has it now: it may have expired meanwhile."""
        try:
            view: MessageView | None = await self._store.message(tenant, message.id)
        except StoreUnavailable:
            return message
        return message if view is None else view.message


def _service_type(message: Message) -> str:
    return "" if message.wire is None else unpack_wire(message.wire).service_type
