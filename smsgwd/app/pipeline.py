"""The submit pipeline, once, for every northbound edge: admit → route → commit → hand to the sending side.

Nothing is answered before it is durable, and nothing is handed on before it is answered for: `offer` comes after the
commit. A submission's refused items are answered beside the accepted ones; they are not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec
from twisted.internet import defer
from twisted.python.failure import Failure as TwistedFailure

from smsgwd.admission.admit import Account, Policy
from smsgwd.app.maker import Maker
from smsgwd.model.changes import KeyMismatch, Replayed, Result, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Failure, Message
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.routing.table import Routes
from smsgwd.telemetry import get_logger

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_MAX_PENDING = 20_000  # messages waiting for their commit: bounds memory when the disk stalls

_log = get_logger("daemon")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outcome).decode

#: Told of every submission: the way in, items accepted, their parts, and how many were refused by code.
Observer = Callable[[str, int, int, Mapping[str, int]], None]


class Pipeline:
    """`ports.Submitter`. `accounts` gives the compiled tenant; `scheduled` is told of every time to wake up for."""

    def __init__(
        self,
        *,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        ids: IdGenerator,
        routes: Routes,
        policy: Policy,
        accounts: Callable[[str], Account | None],
        scheduled: Callable[[int], None],
        observe: Observer,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._ids = ids
        self._maker = Maker(routes, policy, dispatcher.up)
        self._accounts = accounts
        self._scheduled = scheduled
        self._observe = observe
        self._running: set[tuple[str, str]] = set()
        self._pending = 0
        self._closed = False

    def close(self) -> None:
        """Take nothing any more: every submission from now on is refused with SHUTTING_DOWN."""
        self._closed = True

    @property
    def pending(self) -> int:
        """Messages that wait for their commit."""
        return self._pending

    def fill(self) -> float:
        """How full the pipeline is: 0 idle, 1 when it refuses for overload."""
        return self._pending / _MAX_PENDING

    def replacement(self, item: Item, tenant: str, old: Message) -> Message:
        """The message that takes the place of `old`, under its id, not yet committed. Raises Refused."""
        account = self._account(tenant, 1)
        return self._maker.replacement(item, account, old, self._clock.now_ms())

    def submit(self, submission: Submission) -> Deferred[Outcome]:
        """See `ports.Submitter.submit`."""
        try:
            account = self._gate(submission)
        except Refused as refused:
            self._observe(submission.intake, 0, 0, {refused.refusal.code: len(submission.items)})
            return defer.fail(refused)
        now = self._clock.now_ms()
        first = self._ids.block(len(submission.items) + 1, now)
        made = self._maker.make(submission.items, account, first, now)
        outcome, messages = Outcome(first, made.entries), made.messages
        key = submission.idempotency
        if not messages and key is None:
            self._observed(submission.intake, outcome)
            return defer.succeed(outcome)
        change = Submit(submission.tenant, messages, now, key, _encode(outcome) if key is not None else b"")
        slot = (submission.tenant, key.key) if key is not None else None
        if slot is not None:
            self._running.add(slot)
        self._pending += len(messages)
        done = self._store.commit([change])
        work = _Work(submission.intake, outcome, messages, made.places, slot)
        done.addCallbacks(self._committed, self._failed, callbackArgs=(work,), errbackArgs=(work,))
        return done  # type: ignore[return-value] # the callbacks make an Outcome of the store's results

    def _gate(self, submission: Submission) -> Account:
        """What refuses a submission as a whole, before any work."""
        account = self._account(submission.tenant, len(submission.items))
        key = submission.idempotency
        if key is not None and (submission.tenant, key.key) in self._running:
            raise Refused(Refusal.IDEMPOTENCY_RUNNING)
        return account

    def _account(self, tenant: str, count: int) -> Account:
        """Who sends `count` messages; raises Refused when nothing can be taken now, or from them."""
        if self._closed:
            raise Refused(Refusal.SHUTTING_DOWN)
        if not self._store.healthy:
            raise Refused(Refusal.STORE_UNAVAILABLE)
        if self._pending + count > _MAX_PENDING:
            raise Refused(Refusal.OVERLOADED)
        account = self._accounts(tenant)
        if account is None:
            raise Refused(Refusal.UNAUTHENTICATED, "this tenant is not there any more")
        return account

    def _failed(self, failure: TwistedFailure, work: _Work) -> TwistedFailure:
        """The commit failed."""
        self._settled(work)
        if isinstance(failure.value, StoreUnavailable):
            self._observe(work.intake, 0, 0, {Refusal.STORE_UNAVAILABLE.code: len(work.messages)})
            raise Refused(Refusal.STORE_UNAVAILABLE)
        return failure

    def _settled(self, work: _Work) -> None:
        """The commit is over, well or not."""
        self._pending -= len(work.messages)
        if work.slot is not None:
            self._running.discard(work.slot)

    def _committed(self, results: list[Result], work: _Work) -> Outcome:
        """The commit is durable: the answer, and on with the messages."""
        self._settled(work)
        outcome, messages = work.outcome, work.messages
        result = results[0]
        if isinstance(result, KeyMismatch):
            raise Refused(Refusal.IDEMPOTENCY_MISMATCH)
        if isinstance(result, Replayed):
            outcome = _decode(result.answer)
            places = [place for place, entry in enumerate(outcome.entries) if entry.id is not None]
            _refuse(outcome, places, result.refused)
            return outcome
        if not isinstance(result, Submitted):
            raise TypeError(f"a store answered {type(result).__name__} to a Submit")
        if result.refused:
            _refuse(outcome, work.places, result.refused)
            messages = [message for index, message in enumerate(messages) if index not in result.refused]
        self._observed(work.intake, outcome)
        try:
            self._hand_on(messages)
        except Exception as error:  # they are kept and queued: whatever is wrong with the sending, the answer is yes
            _log.error("daemon.unhandled_error", reason=f"handing on: {type(error).__name__}", exc_info=error)
        return outcome

    def _hand_on(self, messages: list[Message]) -> None:
        """Durable ones to the sending side, or to the clock."""
        later = [message.due_at for message in messages if message.due_at]
        if later:
            messages = [message for message in messages if not message.due_at]
            self._scheduled(min(later))
        if messages:
            self._dispatcher.offer(messages)

    def _observed(self, intake: str, outcome: Outcome) -> None:
        accepted = parts = 0
        refused: dict[str, int] = {}
        for entry in outcome.entries:
            error = entry.error
            if error is None:
                accepted += 1
                parts += entry.parts
            else:
                refused[error.code] = refused.get(error.code, 0) + 1
        self._observe(intake, accepted, parts, refused)


class _Work(msgspec.Struct, gc=False):
    """A submission that waits for its commit; `slot` is its idempotency key."""

    intake: str
    outcome: Outcome
    messages: list[Message]
    places: list[int]
    slot: tuple[str, str] | None


def _refuse(outcome: Outcome, places: list[int], refused: Mapping[int, str]) -> None:
    """Write the store's refusals (index among the messages → code) into the outcome."""
    for index, code in refused.items():
        entry = outcome.entries[places[index]]
        refusal = BY_CODE.get(code, Refusal.INTERNAL)
        outcome.entries[places[index]] = Entry(entry.dest, error=Failure(code, refusal.title))
