"""What waits on this node's disk goes to the store, oldest first, beside fresh traffic; and how tenants see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import asdict
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.app.messages import Found, MessageService
from smsgwd.app.spooling import Spooling
from smsgwd.model.business import PutRecord
from smsgwd.model.changes import Cancel, Change, Moved, Result
from smsgwd.model.message import Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.records import SPOOL, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.spooled import Drained, SubmitSpooled, Waiting
from smsgwd.ports.claims import Lease
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.store.spool import Spool
from smsgwd.store.spool_file import Row
from smsgwd.telemetry import get_logger

_AT_ONCE: Final = 200  # messages of a commit (app.sweeps says why)
_SOON_S: Final = 0.02  # between commits: what tenants submit meanwhile waits for one of them at most
_LOOK_S: Final = 0.25  # while the store cannot take any
_RETRY_S: Final = 1.0
_log = get_logger("store")


class SpoolDrain:
    """Gives `spooling`'s batches to the store while `lease` is held. `hand_on` gets messages that the store has now,
    `owed` what is owed for those that ended at once.

    How far it is stands in the store, written by the very commit that takes a batch (record `SPOOL`): whatever happens
    between that commit and the batch's end in the file, it is not taken twice.
    """

    def __init__(
        self,
        spooling: Spooling,
        store: Store,
        clock: Clock,
        reactor: Any,
        lease: Lease,
        hand_on: Callable[[list[Message]], object],
        owed: Callable[[Sequence[OutboxItem]], object],
    ) -> None:
        self._spooling = spooling
        self._spool = spooling.spool
        self._store = store
        self._clock = clock
        self._reactor = reactor
        self._lease = lease
        self._hand_on = hand_on
        self._owed = owed
        self._done: tuple[int, int] | None = None  # batch, and how many of its submissions; None = not read yet
        self._call: IDelayedCall | None = None
        self._busy: Deferred[None] | None = None
        self._stopped = False
        self._drained = self._rejected = 0  # since the last word of it

    def start(self) -> None:
        """Begin with what waits since before the start."""
        self._spooling.wake = self._wake
        self._wake()

    def stop(self) -> Deferred[None]:
        """Fires when nothing is under way any more."""
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        done: Deferred[None] = Deferred()
        if self._busy is None:
            done.callback(None)
        else:
            self._busy.addBoth(lambda _: done.callback(None))
        return done

    def _wake(self) -> None:
        if self._busy is None and (self._call is None or not self._call.active()):
            self._again(_LOOK_S)

    def _again(self, after_s: float) -> None:
        if not self._stopped and self._spool.messages:
            self._call = self._reactor.callLater(after_s, self._tick)

    def _tick(self) -> None:
        if not self._spooling.room or not self._lease.held:
            self._again(_LOOK_S)
            return
        begun = self._clock.monotonic()
        self._busy = busy = Deferred.fromCoroutine(self._one_batch())

        def over(failed: Failure | None) -> None:
            self._busy = None
            if failed is None:
                self._again(max(_SOON_S, self._clock.monotonic() - begun))  # half of the time at most
                return
            if not isinstance(failed.value, StoreUnavailable):
                _log.error("daemon.unhandled_error", reason="draining", exc_info=failed.value)
            self._again(_RETRY_S)

        busy.addBoth(over)

    async def _one_batch(self) -> None:
        if self._done is None:
            self._done = await self._read_mark()
        row = await self._spool.ask(self._spool.file.take)
        if row is None:
            return
        seq, taken = self._done
        begin = len(row.waiting) if row.seq < seq else taken if row.seq == seq else 0
        if begin < len(row.waiting):
            try:
                await self._give(row, begin)
            except BaseException:
                if self._done[0] != row.seq:  # else some of it is the store's: it stays taken
                    await self._spool.ask(self._spool.file.back)
                raise
        if row.seq < seq or self._done == (row.seq, len(row.waiting)):
            await self._spool.ask(self._spool.file.settle, row.seq)
            self._tell()

    def _tell(self) -> None:
        if not self._spool.messages:
            _log.info("spool.drained", messages=self._drained, rejected=self._rejected)
            self._drained = self._rejected = 0

    async def _read_mark(self) -> tuple[int, int]:
        found = await self._store.record(SPOOL, "", self._spool.file.id)
        return (0, 0) if found is None else msgspec.json.decode(found.value, type=tuple[int, int])

    async def _give(self, row: Row, begin: int) -> None:
        """Some submissions of a batch from one on; one by one where something in one of them cannot be."""
        end, count = begin, 0
        while end < len(row.waiting) and (end == begin or count + len(row.waiting[end].submit.messages) <= _AT_ONCE):
            count += len(row.waiting[end].submit.messages)
            end += 1
        try:
            await self._commit(row, begin, end)
            return
        except StoreUnavailable:
            raise
        except Exception as error:
            if end - begin == 1:
                await self._set_aside(row, begin, error)
                return
        for place in range(begin, end):
            try:
                await self._commit(row, place, place + 1)
            except StoreUnavailable:
                raise
            except Exception as error:
                await self._set_aside(row, place, error)

    async def _commit(self, row: Row, begin: int, end: int) -> None:
        now = self._clock.now_ms()
        changes: list[Change] = []
        for waiting in row.waiting[begin:end]:
            changes += _changes(waiting, row.cancelled, now)
        results = await self._store.commit([*changes, self._mark(row.seq, end, now)])
        self._done = (row.seq, end)
        self._committed(changes, results)

    async def _set_aside(self, row: Row, place: int, error: Exception) -> None:
        """Only this one fails, and would each time."""
        _log.error("spool.set_aside", error=repr(error), exc_info=error)
        await self._spool.ask(self._spool.file.put_aside, row.seq, place, row.waiting[place], repr(error))
        await self._store.commit([self._mark(row.seq, place + 1, self._clock.now_ms())])
        self._done = (row.seq, place + 1)

    def _mark(self, seq: int, taken: int, now: int) -> PutRecord:
        return PutRecord(Record(SPOOL, "", self._spool.file.id, msgspec.json.encode((seq, taken)), now))

    def _committed(self, changes: Sequence[Change], results: Sequence[Result]) -> None:
        messages: dict[int, Message] = {}
        for change, result in zip(changes, results, strict=False):  # the mark is behind them
            if isinstance(change, SubmitSpooled) and isinstance(result, Drained):
                self._drained += len(change.messages)
                self._rejected += len(result.refused)
                messages.update((each.id, each) for at, each in enumerate(change.messages) if at not in result.refused)
                self._owed(result.outbox)
            elif isinstance(change, Cancel) and isinstance(result, Moved):
                messages.pop(change.message_id, None)
                self._owed(result.outbox)
        if messages:
            self._hand_on(list(messages.values()))


def _changes(waiting: Waiting, cancelled: dict[int, int], now: int) -> list[Change]:
    """What the store is to do about one submission."""
    submit = waiting.submit
    taken = SubmitSpooled(**{**asdict(submit), "at": now})
    return [
        taken,
        *waiting.notes,
        *(Cancel(each.tenant, each.id, now) for each in submit.messages if each.id in cancelled),
    ]


class SpooledMessages(MessageService):
    """Also finds and cancels what waits in the spool, while the store is there."""

    def __init__(self, store: Store, dispatcher: Dispatcher, outbox: Outbox, clock: Clock, spool: Spool) -> None:
        super().__init__(store, dispatcher, outbox, clock)
        self._spool = spool

    async def _get(self, tenant: str, any_id: int) -> Found | None:
        found = await super()._get(tenant, any_id)
        if found is not None or not self._spool.messages:
            return found
        views = await self._spool.ask(self._spool.file.find, tenant, any_id)
        if not views:  # the store may have been given it in between
            return await super()._get(tenant, any_id)
        return views[0] if len(views) == 1 and views[0].message.id == any_id else views

    async def _cancel(self, tenant: str, any_id: int) -> Found:
        if self._spool.messages and await super()._get(tenant, any_id) is None:
            views = await self._spool.ask(self._spool.file.cancel, tenant, any_id, self._clock.now_ms())
            if views:
                return views[0] if len(views) == 1 and views[0].message.id == any_id else views
            if views is not None:
                raise Refused(Refusal.TOO_LATE)
        return await super()._cancel(tenant, any_id)
