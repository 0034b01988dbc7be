"""The submit pipeline, once, for every northbound edge: admit → route → commit → hand to the sending side.

Nothing is answered before it is durable, and nothing is handed on before it is durable. A submission's refused items
are answered beside the accepted ones; they are not stored.
What comes in one turn of the reactor, of whatever edge, goes to the store as one batch and is handed on in one piece: a
batch and an offer cost about as much for one message as for ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure as TwistedFailure

from smsgwd.admission.admit import Account
from smsgwd.app.guards import Guards
from smsgwd.app.maker import Maker
from smsgwd.model.changes import Change, KeyMismatch, Note, Replayed, Result, Submit, Submitted
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import HELD, Failure, Message
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.spooled import Spooled
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.net.turn import Turn
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Commits, StoreUnavailable
from smsgwd.telemetry import get_logger

if TYPE_CHECKING:
    from smsgwd.ports.submit import A, Taken

_MAX_PENDING: Final = 20_000  # messages waiting for their commit: bounds memory when the disk stalls
_MOST_GATHERED: Final = 1000  # messages of one batch: what a turn brings beyond that goes in a batch of its own

_log = get_logger("daemon")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Outcome).decode

#: Told what was taken: the way in, items accepted, their parts, and how many were refused by code. Once a batch.
Observer = Callable[[str, int, int, Mapping[str, int]], None]


class _Work(msgspec.Struct, gc=False):
    """A submission that waits for its commit; `slot` is its idempotency key."""

    change: Submit
    intake: str
    outcome: Outcome
    places: list[int]
    slot: tuple[str, str] | None
    then: Callable[[Outcome | BaseException, Any], None]
    arg: Any
    guarded: bool  #: what is not taken after all, the guards must hear of


class _Tally:
    """What was taken and refused by one way in."""

    __slots__ = ("accepted", "parts", "refused")

    def __init__(self) -> None:
        self.accepted = 0
        self.parts = 0
        self.refused: dict[str, int] = {}

    def count(self, entries: Sequence[Entry]) -> None:
        """Add what became of a submission's items."""
        for entry in entries:
            error = entry.error
            if error is None:
                self.accepted += 1
                self.parts += entry.parts
            else:
                self.refused[error.code] = self.refused.get(error.code, 0) + 1


class Pipeline:
    """`ports.Submitter`. `accounts` gives the compiled tenant; `scheduled` is told of every time to wake up for;
    `turn` tells when a turn of the reactor is over."""

    def __init__(
        self,
        *,
        store: Commits,
        dispatcher: Dispatcher,
        clock: Clock,
        turn: Turn,
        ids: IdGenerator,
        maker: Maker,
        guards: Guards,
        accounts: Callable[[str], Account | None],
        scheduled: Callable[[int], None],
        observe: Observer,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._turn = turn
        self._ids = ids
        self._maker = maker
        self._guards = guards
        self._accounts = accounts
        self._scheduled = scheduled
        self._observe = observe
        self._running: set[tuple[str, str]] = set()
        self._pending = 0
        self._gathered: list[_Work] = []  # taken in this turn
        self._gathered_messages = 0
        self._turn_ends = False  # `_commit_gathered` will be called
        self._closed = False

    def close(self) -> None:
        """Take nothing any more: every submission from now on is refused with SHUTTING_DOWN."""
        self._closed = True
        self._commit_gathered()

    def open(self) -> None:
        """Take submissions again."""
        self._closed = False

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
        done: Deferred[Outcome] = Deferred()
        self.take(submission, _fire, done)
        return done

    def take(self, submission: Submission, then: Taken[A], arg: A) -> None:
        """See `ports.Submitter.take`."""
        try:
            account = self._gate(submission)
        except Refused as refused:
            self._observe(submission.intake, 0, 0, {refused.refusal.code: len(submission.items)})
            _tell(then, refused, arg)
            return
        now = self._clock.now_ms()
        first = self._ids.block(len(submission.items) + 1, now)
        dry, duplicate_s = submission.dry, submission.duplicate_s
        made = self._maker.make(submission.items, account, first, now, guarded=not dry, duplicate_s=duplicate_s)
        outcome, messages = Outcome(first, made.entries, made.messages if dry else ()), made.messages
        if dry and not (submission.rehearsed and messages):
            _tell(then, outcome, arg)
            return
        if submission.whole and len(messages) < len(made.entries):
            if duplicate_s or self._guards.watches(account.tenant):
                self._unguard(messages)
            _tell(then, outcome, arg)
            return
        key = submission.idempotency
        if not messages and key is None:
            tally = _Tally()
            tally.count(outcome.entries)
            self._observe(submission.intake, 0, 0, tally.refused)
            _tell(then, outcome, arg)
            return
        # Without items it is asked what the key was answered; nothing is kept then.
        answer = _encode(outcome) if key is not None and submission.items else b""
        change = Submit(
            submission.tenant,
            messages,
            now,
            key,
            answer,
            tuple(made.links) if made.links else (),
            made.unique,
            submission.whole,
            first,
            _refused_of(made.entries) if submission.keep_refused else None,
            dry,
            made.texts,
        )
        slot = (submission.tenant, key.key) if key is not None else None
        if slot is not None:
            self._running.add(slot)
        count = len(messages)
        self._pending += count
        if self._gathered_messages + count > _MOST_GATHERED:
            self._commit_gathered()
        guarded = not dry and (duplicate_s > 0 or self._guards.watches(account.tenant))
        self._gathered.append(_Work(change, submission.intake, outcome, made.places, slot, then, arg, guarded))
        self._gathered_messages += count
        if not self._turn_ends:
            self._turn_ends = True
            self._turn.add(self._turn_ended)

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

    # ------------------------------------------------------------------ the store
    def _turn_ended(self) -> None:
        self._turn_ends = False
        self._commit_gathered()

    def _commit_gathered(self) -> None:
        """What this turn brought so far, as one batch."""
        works, self._gathered = self._gathered, []
        self._gathered_messages = 0
        if works:
            self._commit(works)

    def _commit(self, works: list[_Work]) -> None:
        try:
            done = self._store.commit(_changes(works))
        except Exception as error:  # a bug: who waits is told all the same
            self._not_committed(error, works)
            return
        done.addCallbacks(self._committed, self._failed, callbackArgs=(works,), errbackArgs=(works,))
        done.addErrback(_broken)

    def _failed(self, failure: TwistedFailure, works: list[_Work]) -> None:
        assert failure.value is not None
        self._not_committed(failure.value, works)

    def _not_committed(self, error: BaseException, works: list[_Work]) -> None:
        """The commit failed, having changed nothing."""
        if len(works) == 1 or isinstance(error, StoreUnavailable):
            for work in works:
                if work.guarded:
                    self._unguard(work.change.messages)
        if isinstance(error, StoreUnavailable):
            tallies: dict[str, _Tally] = {}
            for work in works:
                self._settle(work)
                code, refused = Refusal.STORE_UNAVAILABLE.code, _tally(tallies, work.intake).refused
                refused[code] = refused.get(code, 0) + len(work.change.messages)
            self._observed(tallies)
            for work in works:
                _tell(work.then, Refused(Refusal.STORE_UNAVAILABLE), work.arg)
        elif len(works) > 1:  # something in one of them: only that one is to fail
            for work in works:
                self._commit([work])
        else:
            [work] = works
            self._settle(work)
            _tell(work.then, error, work.arg)

    def _committed(self, results: list[Result], works: list[_Work]) -> None:
        """The commit is durable: the answers, and on with the messages."""
        tallies: dict[str, _Tally] = {}
        handed_on: list[Message] = []
        outcomes: list[Outcome | BaseException] = []
        for place, work in enumerate(works):
            self._settle(work)
            try:
                result = results[place]
                if isinstance(result, Submitted):
                    outcome = work.outcome
                    if work.change.rehearsed:
                        _refuse(outcome, work.places, result.refused)
                        outcomes.append(outcome)
                        continue
                    if result.refused:
                        _refuse(outcome, work.places, result.refused)
                        messages = work.change.messages
                        if work.guarded:
                            for at in result.refused:
                                self._guards.forget(messages[at])
                        handed_on += [each for at, each in enumerate(messages) if at not in result.refused]
                    elif type(result) is not Spooled:
                        handed_on += work.change.messages
                    _tally(tallies, work.intake).count(outcome.entries)
                    outcomes.append(outcome)
                else:
                    if work.guarded:
                        self._unguard(work.change.messages)
                    outcomes.append(_kept(result))
            except Exception as error:
                outcomes.append(error)
        # First the answers: what one lets in next depends on how many wait to be sent (northbound.doorway), and most of
        # these are gone at the end of the turn. `_tell` does not raise, so nothing is kept from being handed on.
        for work, told in zip(works, outcomes, strict=True):
            _tell(work.then, told, work.arg)
        try:
            self.hand_on(handed_on)
        except Exception as error:  # they are kept and queued: whatever is wrong with the sending, the answer was yes
            _log.error("daemon.unhandled_error", reason=f"handing on: {type(error).__name__}", exc_info=error)
        self._observed(tallies)

    def _unguard(self, messages: Sequence[Message]) -> None:
        """These were not taken after all: the same texts may come again."""
        for message in messages:
            self._guards.forget(message)

    def _settle(self, work: _Work) -> None:
        """The commit is over, well or not."""
        self._pending -= len(work.change.messages)
        if work.slot is not None:
            self._running.discard(work.slot)

    def hand_on(self, messages: list[Message]) -> None:
        """Durable ones to the sending side, or to the clock."""
        later = [message.due_at for message in messages if message.due_at]
        if later:
            messages = [message for message in messages if not message.due_at]
            self._scheduled(min(later))  # held ones are due at the end of time
        if messages:
            self._dispatcher.offer(messages)

    def _observed(self, tallies: Mapping[str, _Tally]) -> None:
        for intake, tally in tallies.items():
            self._observe(intake, tally.accepted, tally.parts, tally.refused)


def _fire(outcome: Outcome | BaseException, done: Deferred[Outcome]) -> None:
    if isinstance(outcome, BaseException):
        done.errback(outcome)
    else:
        done.callback(outcome)


def _tell(then: Taken[A], outcome: Outcome | BaseException, arg: A) -> None:
    """Tell who waits; one that cannot be told keeps the others from nothing."""
    try:
        then(outcome, arg)
    except Exception as error:
        _log.error("daemon.unhandled_error", reason=f"answering: {type(error).__name__}", exc_info=error)


def _broken(failure: TwistedFailure) -> None:
    _log.error("daemon.unhandled_error", reason="after a commit", exc_info=failure.value)


def _tally(tallies: dict[str, _Tally], intake: str) -> _Tally:
    tally = tallies.get(intake)
    if tally is None:
        tally = tallies[intake] = _Tally()
    return tally


def _changes(works: Sequence[_Work]) -> list[Change]:
    """One change a submission, in their order, and behind them why messages are held."""
    changes: list[Change] = [work.change for work in works]
    for work in works:
        if work.guarded:
            at = work.change.at
            changes += [
                Note(message.id, at, "held", "more than usual goes to this range of numbers")
                for message in work.change.messages
                if message.due_at >= HELD
            ]
    return changes


def _refused_of(entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """The recipients that were refused, with the codes."""
    return tuple((entry.dest, entry.error.code) for entry in entries if entry.error is not None)


def _kept(result: Result) -> Outcome:
    """The answer to a submission whose key the store has already. Raises Refused."""
    if isinstance(result, KeyMismatch):
        raise Refused(Refusal.IDEMPOTENCY_MISMATCH)
    if not isinstance(result, Replayed):
        raise TypeError(f"a store answered {type(result).__name__} to a Submit")
    outcome = _decode(result.answer)
    _refuse(outcome, [place for place, entry in enumerate(outcome.entries) if entry.id is not None], result.refused)
    return outcome


def _refuse(outcome: Outcome, places: list[int], refused: Mapping[int, str]) -> None:
    """Write the store's refusals (index among the messages → code) into the outcome."""
    for index, code in refused.items():
        entry = outcome.entries[places[index]]
        refusal = BY_CODE.get(code, Refusal.INTERNAL)
        outcome.entries[places[index]] = Entry(entry.dest, error=Failure(code, refusal.title))
