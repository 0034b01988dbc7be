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

from smsgwd.admission.admit import Account, Policy, admit
from smsgwd.model.changes import KeyMismatch, Replayed, Result, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_MAX_PENDING = 20_000  # messages waiting for their commit: bounds memory when the disk stalls

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outcome).decode

#: Told of every submission: items accepted, their parts, and how many were refused by code.
Observer = Callable[[int, int, Mapping[str, int]], None]


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
        self._routes = routes
        self._chooser = Chooser(dispatcher.up)
        self._policy = policy
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

    def submit(self, submission: Submission) -> Deferred[Outcome]:
        """See `ports.Submitter.submit`."""
        try:
            account = self._gate(submission)
        except Refused as refused:
            self._observe(0, 0, {refused.refusal.code: len(submission.items)})
            return defer.fail(refused)
        now = self._clock.now_ms()
        first = self._ids.block(len(submission.items) + 1, now)
        outcome, messages, places = self._admit(submission, account, first, now)
        key = submission.idempotency
        if not messages and key is None:
            self._observed(outcome)
            return defer.succeed(outcome)
        change = Submit(submission.tenant, messages, now, key, _encode(outcome) if key is not None else b"")
        slot = (submission.tenant, key.key) if key is not None else None
        if slot is not None:
            self._running.add(slot)
        self._pending += len(messages)
        done = self._store.commit([change])
        done.addBoth(self._settled, slot, len(messages))
        done.addCallback(self._committed, outcome, messages, places)
        return done  # type: ignore[return-value] # the callbacks make an Outcome of the store's results

    def _gate(self, submission: Submission) -> Account:
        """What refuses a submission as a whole, before any work."""
        if self._closed:
            raise Refused(Refusal.SHUTTING_DOWN)
        if not self._store.healthy:
            raise Refused(Refusal.STORE_UNAVAILABLE)
        if self._pending + len(submission.items) > _MAX_PENDING:
            raise Refused(Refusal.OVERLOADED)
        account = self._accounts(submission.tenant)
        if account is None:
            raise Refused(Refusal.UNAUTHENTICATED, "this tenant is not there any more")
        key = submission.idempotency
        if key is not None and (submission.tenant, key.key) in self._running:
            raise Refused(Refusal.IDEMPOTENCY_RUNNING)
        return account

    def _admit(
        self, submission: Submission, account: Account, first: int, now: int
    ) -> tuple[Outcome, list[Message], list[int]]:
        """The outcome if everything commits, the messages to commit, and the place of each in the outcome."""
        entries: list[Entry] = []
        messages: list[Message] = []
        places: list[int] = []
        for place, item in enumerate(submission.items):
            try:
                message = self._message(item, account, first, place, now)
            except Refused as refused:
                entries.append(Entry(item.dest, error=Failure(refused.refusal.code, refused.detail)))
                continue
            messages.append(message)
            places.append(place)
            entries.append(
                Entry(item.dest, message.id, message.state, message.parts, message.coding, message.price, None)
            )
        return Outcome(first, entries), messages, places

    def _message(self, item: Item, account: Account, first: int, place: int, now: int) -> Message:
        """The message an item becomes; raises Refused."""
        tenant = account.tenant
        admitted = admit(item, account, now, self._policy)
        rule = self._routes.find(tenant.id, admitted.source, admitted.msisdn)
        if rule is None:
            raise Refused(Refusal.NO_ROUTE)
        return Message(
            id=first + 1 + place,
            submission=first,
            tenant=tenant.id,
            source=admitted.source,
            dest=item.dest,
            msisdn=admitted.msisdn,
            body=admitted.body,
            coding=admitted.coding,
            parts=admitted.parts,
            connector=self._chooser.choose(rule),
            submitted_at=now,
            deadline=admitted.deadline,
            state=State.SCHEDULED if admitted.due_at else State.QUEUED,
            due_at=admitted.due_at,
            priority=item.priority,
            flash=item.flash,
            price=admitted.price,
            client_ref=item.client_ref,
            dlr_url=item.dlr_url or tenant.dlr_url,
        )

    def _settled(self, result: object, slot: tuple[str, str] | None, count: int) -> object:
        """The commit is over, well or not."""
        self._pending -= count
        if slot is not None:
            self._running.discard(slot)
        if isinstance(result, TwistedFailure) and isinstance(result.value, StoreUnavailable):
            self._observe(0, 0, {Refusal.STORE_UNAVAILABLE.code: count})
            raise Refused(Refusal.STORE_UNAVAILABLE)
        return result

    def _committed(
        self, results: list[Result], outcome: Outcome, messages: list[Message], places: list[int]
    ) -> Outcome:
        """The commit is durable: the answer, and on with the messages."""
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
            _refuse(outcome, places, result.refused)
            messages = [message for index, message in enumerate(messages) if index not in result.refused]
        self._observed(outcome)
        queued = [message for message in messages if message.state is State.QUEUED]
        if queued:
            self._dispatcher.offer(queued)
        for message in messages:
            if message.due_at:
                self._scheduled(message.due_at)
        return outcome

    def _observed(self, outcome: Outcome) -> None:
        accepted = parts = 0
        refused: dict[str, int] = {}
        for entry in outcome.entries:
            if entry.error is None:
                accepted += 1
                parts += entry.parts
            else:
                refused[entry.error.code] = refused.get(entry.error.code, 0) + 1
        self._observe(accepted, parts, refused)


def _refuse(outcome: Outcome, places: list[int], refused: Mapping[int, str]) -> None:
    """Write the store's refusals (index among the messages → code) into the outcome."""
    for index, code in refused.items():
        entry = outcome.entries[places[index]]
        refusal = BY_CODE.get(code, Refusal.INTERNAL)
        outcome.entries[places[index]] = Entry(entry.dest, error=Failure(code, refusal.title))
