"""One person's data is removed from everywhere: messages to and from a number, receipts, answers kept.

What has not left is taken back from the sending side and cancelled by the same change; what is just being sent is
waited for. A run that is broken off has removed what it came to: run it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from smsgwd.app.messages import let_go
from smsgwd.model.message import Message, State
from smsgwd.model.upkeep import Erase, Erased, EraseRest
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Progress, Store, StoreUnavailable
from smsgwd.telemetry import get_logger

_LOOK: Final = 20_000  # rows read at a time
_AT_ONCE: Final = 100  # messages of one change
_BUSY_TRIES: Final = 30
_BUSY_WAIT_S: Final = 1.0
_UNSENT: Final = (State.SCHEDULED, State.WAITING, State.QUEUED)
#: Key of the answer for messages that were being sent all the time.
STILL_BEING_SENT: Final = "still_being_sent"
#: Key of the answer that is 1 when the store's log could not be emptied, since a backup or a check reads in it.
STILL_IN_LOG: Final = "still_in_log"
_log = get_logger("daemon")


class Erasure:
    """Erases by number, one run at a time."""

    def __init__(
        self, reactor: IReactorTime, *, clock: Clock, store: Store, dispatcher: Dispatcher, outbox: Outbox
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._found: int | None = None

    @property
    def progress(self) -> Progress | None:
        """How many messages the run that is under way has erased, of how many nobody knows; None without one."""
        return None if self._found is None else Progress(self._found, 0)

    def erase(self, msisdn: str, opt_out: bool) -> Deferred[dict[str, int]]:
        """Remove what tells of the number (digits); with `opt_out` also from opt-out lists. What was erased, by kind.

        Fails with StoreUnavailable, ValueError when a run is under way already.
        """
        return Deferred.fromCoroutine(self._erase(msisdn, opt_out))

    async def _erase(self, msisdn: str, opt_out: bool) -> dict[str, int]:
        if self._found is not None:
            raise ValueError("another number is being erased: wait for that")
        self._found = 0
        counts: Counter[str] = Counter()
        try:
            busy = await self._messages(msisdn, counts)
            more = True
            while more:
                [rest] = await self._store.commit([EraseRest(msisdn, self._clock.now_ms(), opt_out)])
                if not isinstance(rest, Erased):
                    raise TypeError(f"a store answered {type(rest).__name__} to an EraseRest")
                counts.update(rest.counts)
                more = rest.more
            left = await self._left_in_log()
        finally:
            self._found = None
        _log.info("message.erased", rows=sum(counts.values()), still_being_sent=len(busy))
        return {**counts, STILL_BEING_SENT: len(busy), STILL_IN_LOG: left}

    async def _left_in_log(self) -> int:
        """1 when copies of what was erased may still be in the store's log, else 0."""
        try:
            return int(not await self._store.scrub())
        except (StoreUnavailable, ValueError):  # a scrub of somebody else's is under way
            return 1

    async def _messages(self, msisdn: str, counts: Counter[str]) -> list[int]:
        """Erase all messages; the ids of those that were being sent to the end."""
        busy: list[int] = []
        after: int | None = 0
        while after is not None:
            ids, after = await self._store.find_number(msisdn, after, _LOOK)
            busy += await self._some(ids, msisdn, counts)
        for _ in range(_BUSY_TRIES):
            if not busy:
                break
            await deferLater(self._reactor, _BUSY_WAIT_S)
            busy = await self._some(busy, msisdn, counts)
        return busy

    async def _some(self, ids: Sequence[int], msisdn: str, counts: Counter[str]) -> list[int]:
        """Erase these; the ids of those that are being sent now."""
        busy: list[int] = []
        for start in range(0, len(ids), _AT_ONCE):
            chunk = ids[start : start + _AT_ONCE]
            held: list[Message] = []
            skipped: set[int] = set()
            try:
                for message_id in chunk:
                    message = await self._message(message_id)
                    if message is None or message.state not in _UNSENT:
                        continue
                    if self._dispatcher.withdraw(message_id, message.connector):
                        held.append(message)
                        again = await self._message(message_id)
                        if again is None or again.connector == message.connector:
                            continue
                    skipped.add(message_id)  # being sent, or on its way to another connector
                done = tuple(message_id for message_id in chunk if message_id not in skipped)
                await self._commit(done, msisdn, counts)
            finally:
                for message in held:
                    now = await self._as_stored(message)
                    if now.connector != message.connector:
                        let_go(self._dispatcher, message)
                    if now.state in _UNSENT:
                        self._dispatcher.restore(now)
            busy += skipped
            self._found = (self._found or 0) + len(done)
        return busy

    async def _commit(self, ids: tuple[int, ...], msisdn: str, counts: Counter[str]) -> None:
        if not ids:
            return
        [result] = await self._store.commit([Erase(ids, msisdn, self._clock.now_ms())])
        if not isinstance(result, Erased):
            raise TypeError(f"a store answered {type(result).__name__} to an Erase")
        counts.update(result.counts)
        if result.cancelled:
            self._dispatcher.ended(result.cancelled)
        if result.outbox:
            self._outbox.offer(result.outbox)

    async def _message(self, message_id: int) -> Message | None:
        tenant = await self._store.tenant_of(message_id)
        view = None if tenant is None else await self._store.message(tenant, message_id)
        return None if view is None else view.message

    async def _as_stored(self, message: Message) -> Message:
        try:
            return await self._message(message.id) or message
        except StoreUnavailable:
            return message
