"""What time does to messages: due ones are queued, stale ones expire, unanswered ones end, old leftovers go.

Each sweep is a commit of one small change, repeated soon while there is more, so that a large sweep never holds up the
traffic for longer than such a change takes.

Of several nodes that share a store each sees to it that what it has taken for its own connectors expires; one of them
(role: `lead`) does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.model.changes import Change, Expire, Promote, Promoted, Result, Swept
from smsgwd.model.upkeep import Tidy, TimeOutReceipts
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store

_EXPIRE_EVERY_S = 2.0
_TIDY_EVERY_S = 60.0
_TIME_OUT_EVERY_S = 10.0
_EXPIRE = "expire"  # the sweep that all nodes do
_LOOK_EVERY_S = 1.0  # for due times nobody tells of: retries, and a wall clock that was set
_RETRY_S = 1.0
_STEP_MS = 2000  # the wall clock is set back by less all the time
# Of a sweep of many so many at once, with that pause between: what tenants submit meanwhile waits for one such commit
# at most (some 20 ms; a thousand at once took 100).
_AT_ONCE = 200
_PAUSE_S = 0.02


class Sweeps:
    """Runs the sweeps on the reactor. All waiting times are milliseconds, as the store keeps them."""

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        clock: Clock,
        store: Store,
        dispatcher: Dispatcher,
        outbox: Outbox,
        receipt_wait_ms: int,
        keys_kept_ms: int,
        pushes_kept_ms: int,
        orphan_after_ms: int,
        failed: Callable[[BaseException], None],
        tell_due: Callable[[int], object] = lambda due_ms: None,
    ) -> None:
        """`tell_due` tells the node that leads of a message that is due (ms) before it looks again."""
        self._tell_due = tell_due
        self._told_due = 0
        self._leading = False
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._receipt_wait_ms = receipt_wait_ms
        self._keys_kept_ms = keys_kept_ms
        self._pushes_kept_ms = pushes_kept_ms
        self._orphan_after_ms = orphan_after_ms
        self._failed = failed
        self._calls: dict[str, IDelayedCall] = {}
        self._running: set[str] = set()
        self._next_due: int | None = None
        self._wall = self._ahead()
        self._moved_back = 0
        self._stopped = False

    def follow(self, *, receipt_wait_ms: int, keys_kept_ms: int, pushes_kept_ms: int) -> None:
        """Keep to these times from the next sweep on."""
        self._receipt_wait_ms = receipt_wait_ms
        self._keys_kept_ms = keys_kept_ms
        self._pushes_kept_ms = pushes_kept_ms

    def start(self) -> None:
        """Begin with what each node does."""
        self._again(_EXPIRE, 0, self._expire)

    def lead(self) -> None:
        """Do the rest, too; messages due already are queued at once."""
        if not self._leading:
            self._leading = True
            self._again("receipts", 0, self._time_out)
            self._again("tidy", _TIDY_EVERY_S, self._tidy)
            self._again("due", 0, self._promote)

    def leave(self) -> None:
        """Another node leads; what is being committed is left to finish."""
        self._leading = False
        for name, call in self._calls.items():
            if name != _EXPIRE and call.active():
                call.cancel()

    def stop(self) -> None:
        """Begin nothing new; what is being committed is left to finish."""
        self._stopped = True
        for call in self._calls.values():
            if call.active():
                call.cancel()

    def wake_at(self, due_ms: int) -> None:
        """A message is due at `due_ms`: be awake then."""
        if not self._leading:
            now = self._clock.now_ms()
            if due_ms < now + _LOOK_EVERY_S * 1000 and not now <= self._told_due <= due_ms:
                self._told_due = due_ms
                self._tell_due(due_ms)
            return
        if self._next_due is None or due_ms < self._next_due:
            self._next_due = due_ms
            if "due" not in self._running:
                self._wait_due()

    def _wait_due(self) -> None:
        delay = _LOOK_EVERY_S
        if self._next_due is not None:
            delay = min(delay, max(0.0, (self._next_due - self._clock.now_ms()) / 1000))
        self._again("due", delay, self._look)

    def _ahead(self) -> int:
        """How far the wall clock is ahead of the monotonic one (ms)."""
        return self._clock.now_ms() - int(self._clock.monotonic() * 1000)

    def _set_back(self) -> int:
        """By how much the wall clock was set back since this was asked last (ms); steps that do no harm are 0."""
        before, self._wall = self._wall, self._ahead()
        return before - self._wall if before - self._wall >= _STEP_MS else 0

    def _look(self) -> None:
        """Queue what is due; when nothing is known to be, ask the store (a read, not a commit)."""
        ahead = self._ahead()
        self._wall = max(self._wall, ahead)
        if ahead <= self._wall - _STEP_MS or (self._next_due is not None and self._next_due <= self._clock.now_ms()):
            self._promote()
        else:
            self._store.next_due().addCallback(self._due_known).addErrback(self._due_unknown)

    def _again(self, name: str, delay: float, work: Callable[[], None]) -> None:
        if self._stopped or (name != _EXPIRE and not self._leading):
            return
        call = self._calls.get(name)
        if call is not None and call.active():
            call.cancel()
        self._calls[name] = self._reactor.callLater(delay, work)

    def _commit(
        self, name: str, change: Change, then: Callable[[Result], float | None], work: Callable[[], None]
    ) -> None:
        """Commit one sweep, and run `work` again after the seconds that `then` gives (None: it sees to that)."""
        self._running.add(name)

        def done(results: list[Result]) -> None:
            self._running.discard(name)
            delay = then(results[0])
            if delay is not None:
                self._again(name, delay, work)

        def failed(failure: object) -> None:
            self._running.discard(name)
            self._failed(getattr(failure, "value", RuntimeError("sweep failed")))
            self._again(name, _RETRY_S, work)

        self._store.commit([change]).addCallback(done).addErrback(failed)

    def _promote(self) -> None:
        now = self._clock.now_ms()
        self._next_due = None

        def then(result: Result) -> float | None:
            self._moved_back -= change.set_back
            if isinstance(result, Promoted):
                self._dispatcher.offer(result.messages, result.sent_parts)
                if result.outbox:
                    self._outbox.offer(result.outbox)
                if result.more:
                    self._next_due = now  # nobody's later time puts this off
                    return _PAUSE_S
            self._look()
            return None

        back = self._set_back()
        self._moved_back += back  # until a commit has it
        change = Promote(now, _AT_ONCE, self._moved_back)
        self._commit("due", change, then, self._promote)

    def _due_known(self, due: int | None) -> None:
        if due is not None:
            self._next_due = due if self._next_due is None else min(due, self._next_due)
        self._wait_due()

    def _due_unknown(self, failure: object) -> None:
        self._failed(getattr(failure, "value", RuntimeError("next_due failed")))
        self._wait_due()

    def _expire(self) -> None:
        change = Expire(self._clock.now_ms(), self._dispatcher.in_flight(), _AT_ONCE)
        self._commit(
            _EXPIRE, change, lambda result: _PAUSE_S if self._expired(result) else _EXPIRE_EVERY_S, self._expire
        )

    def _time_out(self) -> None:
        now = self._clock.now_ms()
        change = TimeOutReceipts(now, now - self._receipt_wait_ms, _AT_ONCE)
        self._commit(
            "receipts", change, lambda result: _PAUSE_S if self._swept(result) else _TIME_OUT_EVERY_S, self._time_out
        )

    def _expired(self, result: Result) -> bool:
        if isinstance(result, Swept) and result.messages:
            self._dispatcher.ended(result.messages)
        return self._swept(result)

    def _swept(self, result: Result) -> bool:
        if not isinstance(result, Swept):
            return False
        if result.outbox:
            self._outbox.offer(result.outbox)
        return result.more

    def _tidy(self) -> None:
        now = self._clock.now_ms()
        change = Tidy(now - self._keys_kept_ms, now - self._pushes_kept_ms, now - self._orphan_after_ms)
        self._commit(
            "tidy",
            change,
            lambda result: 0 if isinstance(result, int) and result >= change.limit else _TIDY_EVERY_S,
            self._tidy,
        )
