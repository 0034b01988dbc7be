"""The changes of a reactor turn, of all connectors, as one commit.

Whoever adds changes is called back with their results when they are durable: a plain function that gets those of its
changes that stand side by side in one call, with the argument of each; no Deferred a change. While the store cannot
commit, changes are kept and tried again each second; those that a peer will send again (receipts) are given back
instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smsgwd.model.changes import Change, Ignored, Moved, Noted, Owed, Resent, Result
from smsgwd.model.message import Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.net.turn import Turn
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger

T = TypeVar("T")

_RETRY_S = 1.0
_FAILED = Ignored("error")
_log = get_logger("southbound")

Then = Callable[[Sequence[Result], Sequence[Any]], None]
"""Gets results and, in the same places, the arguments that were given with the changes."""
_Entry = tuple[Change, Then | None, Any, bool]


class Batch:
    """Gathers changes and commits them at the end of the turn."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        reactor: IReactorTime,
        turn: Turn,
        resend: Callable[[Sequence[Message]], None] | None = None,
    ) -> None:
        """`resend` gets the messages that are queued again, on the second way of their route."""
        self._resend = resend
        self._store = store
        self._outbox = outbox
        self._reactor = reactor
        self._turn = turn
        self._entries: list[_Entry] = []
        self._kept: list[_Entry] = []  # of failed commits, oldest first
        self._running = 0
        self._stuck = False
        self._scheduled = False
        self._waiting: list[Deferred[None]] = []
        self._works_again: list[Callable[[], None]] = []

    @property
    def working(self) -> bool:
        """False while the store cannot commit: send nothing new then."""
        return not self._stuck and self._store.healthy

    def when_working_again(self, call: Callable[[], None]) -> None:
        """Call this each time commits work again after a failure."""
        self._works_again.append(call)

    def tell_no_more(self, call: Callable[[], None]) -> None:
        """Undo `when_working_again`."""
        self._works_again.remove(call)

    def add(self, change: Change, then: Then | None = None, arg: Any = None, *, give_back: bool = False) -> None:
        """Commit a change; `then([result], [arg])` is called when it is durable, maybe together with its neighbours.

        With `give_back` a commit that fails calls `then` with Ignored('unavailable') and forgets the change; without,
        it is tried until it works.
        """
        self._entries.append((change, then, arg, give_back))
        if not self._scheduled:
            self._scheduled = True
            self._turn.add(self._flush)

    def add_many(self, entries: Iterable[_Entry]) -> None:
        """Commit changes: (change, then, arg, give_back) each, see `add`."""
        self._entries += entries
        if not self._scheduled:
            self._scheduled = True
            self._turn.add(self._flush)

    def idle(self) -> Deferred[None]:
        """Fires when nothing waits for a commit."""
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        self._look_idle()
        return done

    def _flush(self) -> None:
        self._scheduled = False
        if self._stuck:
            self._put_aside(self._entries)
            self._entries = []
        else:
            entries, self._entries = self._entries, []
            self._commit(entries)

    def _commit(self, entries: list[_Entry]) -> None:
        if not entries:
            return
        self._running += 1
        self._store.commit([entry[0] for entry in entries]).addCallbacks(
            self._committed, self._failed, callbackArgs=(entries,), errbackArgs=(entries,)
        ).addErrback(_unexpected)

    def _committed(self, results: list[Result], entries: list[_Entry]) -> None:
        self._running -= 1
        owed: list[OutboxItem] = []
        resent: list[Message] = []
        last: Then | None = None
        its_results: list[Result] = []
        its_args: list[Any] = []
        for result, (_, then, arg, _) in zip(results, entries, strict=True):
            if isinstance(result, (Moved, Noted, Owed)) and result.outbox:
                owed += result.outbox
            elif type(result) is Resent:
                resent.append(result.message)
                owed += result.outbox
            if then is not last:
                if last is not None:
                    _tell(last, its_results, its_args)
                last, its_results, its_args = then, [], []
            its_results.append(result)
            its_args.append(arg)
        if last is not None:
            _tell(last, its_results, its_args)
        # All of it is durable: what is wrong with handing on the one must not keep the other from its way.
        if owed:
            _hand_on(self._outbox.offer, owed)
        if resent and self._resend is not None:
            _hand_on(self._resend, resent)
        self._look_idle()

    def _failed(self, failure: Failure, entries: list[_Entry]) -> None:
        self._running -= 1
        if isinstance(failure.value, StoreUnavailable):
            self._put_aside(entries)
            if not self._stuck:
                self._stuck = True
                self._reactor.callLater(_RETRY_S, self._retry)
        elif len(entries) > 1:
            for entry in entries:  # one of them is poison: find it, the others are good
                self._commit([entry])
        else:
            _log.error("connector.error", change=type(entries[0][0]).__name__, reason=repr(failure.value))
            self._give(entries[0], _FAILED)
        self._look_idle()

    def _put_aside(self, entries: list[_Entry]) -> None:
        for entry in entries:
            if entry[3]:
                self._give(entry, Ignored("unavailable"))
            else:
                self._kept.append(entry)

    def _retry(self) -> None:
        """Try what was kept, alone and in order, before anything newer."""
        if not self._kept:  # all was given back: the store itself tells when it works again
            if self._store.healthy:
                self._recovered()
            else:
                self._reactor.callLater(_RETRY_S, self._retry)
            return
        entries, self._kept = self._kept, []
        self._running += 1
        self._store.commit([entry[0] for entry in entries]).addCallbacks(
            self._retried, self._retry_failed, callbackArgs=(entries,), errbackArgs=(entries,)
        ).addErrback(_unexpected)

    def _retried(self, results: list[Result], entries: list[_Entry]) -> None:
        self._committed(results, entries)
        self._recovered()

    def _retry_failed(self, failure: Failure, entries: list[_Entry]) -> None:
        if isinstance(failure.value, StoreUnavailable):
            self._running -= 1
            self._kept[:0] = entries
            self._reactor.callLater(_RETRY_S, self._retry)
            return
        self._stuck = False
        self._failed(failure, entries)
        self._recovered()

    def _recovered(self) -> None:
        """Commits work: what came meanwhile goes first, then new work."""
        self._stuck = False
        kept, self._kept = self._kept, []
        self._commit(kept)
        for call in self._works_again:
            call()

    def _give(self, entry: _Entry, result: Result) -> None:
        if entry[1] is not None:
            _tell(entry[1], (result,), (entry[2],))

    def _look_idle(self) -> None:
        if self._waiting and not (self._running or self._entries or self._kept):
            waiting, self._waiting = self._waiting, []
            for done in waiting:
                done.callback(None)


def _tell(then: Then, results: Sequence[Result], args: Sequence[Any]) -> None:
    """What one does with its results must keep nobody else from theirs."""
    try:
        then(results, args)
    except Exception as error:
        _log.error("connector.error", reason=f"results: {type(error).__name__}", exc_info=error)


def _hand_on(to: Callable[[list[T]], None], durable: list[T]) -> None:
    try:
        to(durable)
    except Exception as error:
        _log.error("connector.error", reason=f"handing on: {type(error).__name__}", exc_info=error)


def _unexpected(failure: Failure) -> None:
    _log.error("connector.error", reason=repr(failure.value), exc_info=failure.value)
