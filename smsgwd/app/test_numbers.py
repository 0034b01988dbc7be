"""Test numbers: what is sent to them is taken, free, never leaves, and ends as the tenant set it for the number.

A message of such a number is queued for a connector that no SMSC stands behind. What happens to it here is what a
carrier would have done to it, change for change, so that receipts and history look the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.model.changes import Change, Fail, Moved, Noted, PartSent, Result, TakeReceipt
from smsgwd.model.message import Failure as Error
from smsgwd.model.message import Message, State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger

#: The connector of such messages: no name that the configuration takes.
TEST_CONNECTOR: Final = "@test"
_PAGE: Final = 500
_RETRY_S: Final = 1.0
_STATES: Final = {state.public: state for state in State if state.final}
_log = get_logger("daemon")


class TestNumbers:
    """Plays the carrier for test numbers. `tenants` gives a tenant by id; `later(seconds, call)` is the reactor's."""

    __test__ = False  # of the gateway, not of its tests

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        clock: Clock,
        tenants: Callable[[str], Tenant | None],
        later: Callable[[float, Callable[[], object]], object],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._tenants = tenants
        self._later = later

    def start(self) -> Deferred[None]:
        """Go on with those that a stop or a crash left queued."""
        return Deferred.fromCoroutine(self._left()).addErrback(self._not_read)

    def _not_read(self, failure: Failure) -> None:
        if not isinstance(failure.value, StoreUnavailable):
            _failed(failure)
        else:  # said once, by the store itself
            self._later(_RETRY_S, self.start)

    def offer(self, messages: Sequence[Message]) -> None:
        """These are durable and queued for TEST_CONNECTOR."""
        if messages:
            Deferred.fromCoroutine(self._play(messages)).addErrback(_failed)

    async def _left(self) -> None:
        after: tuple[int, int] | None = None
        while page := await self._store.ready(TEST_CONNECTOR, after, _PAGE):
            await self._play([queued.message for queued in page])
            last = page[-1].message
            after = (-last.priority, last.id)

    async def _play(self, messages: Sequence[Message]) -> None:
        now = self._clock.now_ms()
        changes = [change for message in messages for change in self._changes(message, now)]
        try:
            results = await self._store.commit(changes)
        except StoreUnavailable:
            self._later(_RETRY_S, lambda: self.offer(messages))
            return
        for result in results:
            self._owed(result)

    def _owed(self, result: Result) -> None:
        if isinstance(result, Moved | Noted) and result.outbox:
            self._outbox.offer(result.outbox)

    def _changes(self, message: Message, now: int) -> Iterator[Change]:
        state = self._outcome(message)
        error = Error(state.public, "a test number")
        if state is State.REJECTED:
            yield Fail(message.id, 1, TEST_CONNECTOR, now, error)
            return
        ids = [f"test{message.id}-{part}" for part in range(1, message.parts + 1)]
        for part, smsc_id in enumerate(ids, 1):
            yield PartSent(message.id, part, smsc_id, TEST_CONNECTOR, TEST_CONNECTOR, now, "same")
        for smsc_id in ids:
            yield TakeReceipt(
                Receipt(
                    TEST_CONNECTOR,
                    smsc_id,
                    state,
                    now,
                    status=state.name,
                    done_at=now,
                    msisdn=message.msisdn,
                    connector=TEST_CONNECTOR,
                    id_format="same",
                )
            )

    def _outcome(self, message: Message) -> State:
        """What the tenant's setting says now; delivered for a number that is none of its test numbers any more."""
        tenant = self._tenants(message.tenant)
        wanted = dict(tenant.test_numbers) if tenant is not None else {}
        return _STATES.get(wanted.get(message.msisdn, ""), State.DELIVERED)


def _failed(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
