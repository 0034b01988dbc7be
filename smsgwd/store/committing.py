"""The writing half of a store as the reactor sees it: commits, their answers, health."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall

from smsgwd.model.changes import Change, Result
from smsgwd.model.spooled import SpoolView
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.writer import Batch, Report, Writer

_PROBE_S: Final = 1.0


class Committing:
    """What stores that write by a `Writer` share. `start` it once it is open, `end` it before it closes.

    `on_health(healthy)` hears of changes, `observe_commit(seconds, changes)` of each transaction,
    `observe_results(results)` of each batch that became durable, `observe_batch(changes, results)` likewise, with a
    result a change. All are called on the reactor.
    """

    writer: Writer[Any]

    def __init__(
        self,
        reactor: Any,
        *,
        on_health: Callable[[bool], None] | None = None,
        observe_commit: Callable[[float, int], None] | None = None,
        observe_results: Callable[[list[Result]], None] | None = None,
        observe_batch: Callable[[Sequence[Change], Sequence[Result]], None] | None = None,
    ) -> None:
        self._reactor = reactor
        self.on_health = on_health
        self.observe_commit = observe_commit
        self.observe_results = observe_results
        self.observe_batch = observe_batch
        #: See ports.Store.
        self.spooled: Callable[[], SpoolView | None] = lambda: None
        self._usable = False
        self._healthy = False
        self.trouble = ""  #: why the last transaction that failed did
        self._probe: IDelayedCall | None = None

    @property
    def healthy(self) -> bool:
        """See ports.Store."""
        return self._healthy

    def start(self) -> None:
        """It is open."""
        self._usable = True
        self.set_healthy(True)

    def end(self) -> None:
        """It takes nothing more."""
        self._usable = False
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def set_healthy(self, healthy: bool) -> None:
        """Tell who wants to know, where that is new."""
        if healthy != self._healthy:
            self._healthy = healthy
            if self.on_health is not None:
                self.on_health(healthy)

    def commit(self, changes: Sequence[Change]) -> Deferred[list[Result]]:
        """See ports.Store. A batch that cannot be applied for its own content fails alone, with that exception."""
        if not self._usable:
            return fail(StoreUnavailable("the store is not open"))
        if not changes:
            return succeed([])
        done: Deferred[list[Result]] = Deferred()
        self.writer.put(Batch(done, changes))
        return done

    def keep_finals(self, on: bool) -> Deferred[None]:
        """See ports.Store."""
        if not self._usable:
            return fail(StoreUnavailable("the store is not open"))
        done: Deferred[None] = Deferred()

        def answered(answer: BaseException | None) -> None:
            if answer is None:
                done.callback(None)
            else:
                done.errback(answer)

        self.writer.keep_finals(on, lambda answer: self._reactor.callFromThread(answered, answer))
        return done

    def committed(self, report: Report) -> None:
        """One transaction is over: everybody who waited for it hears, whatever the observers do."""
        try:
            if self._usable:
                if not report.writable and self._probe is None:
                    self._probe = self._reactor.callLater(_PROBE_S, self._try_again)
                if not report.writable:
                    self.trouble = next(
                        (str(out) for _, out in report.outcomes if isinstance(out, StoreUnavailable)), ""
                    )
                self.set_healthy(report.writable)
            if self.observe_commit is not None:
                self.observe_commit(report.seconds, report.changes)
            if self.observe_results is not None:
                for _, outcome in report.outcomes:
                    if isinstance(outcome, list):
                        self.observe_results(outcome)
            if self.observe_batch is not None:
                for batch, (_, outcome) in zip(report.batches, report.outcomes, strict=True):
                    if isinstance(outcome, list) and batch.changes:
                        self.observe_batch(batch.changes, outcome)
        finally:
            self._answer(report)

    def failed(self, error: BaseException) -> None:
        """Hears of each failure of a batch, before whoever waits for it does."""

    def _answer(self, report: Report) -> None:
        for ticket, outcome in report.outcomes:
            if isinstance(outcome, BaseException):
                self.failed(outcome)
            if not isinstance(ticket, Deferred):
                continue  # a probe
            if isinstance(outcome, list):
                ticket.callback(outcome)
            else:
                ticket.errback(outcome)

    def _try_again(self) -> None:
        self._probe = None
        if not self._healthy:
            self.writer.put(Batch(None, ()))
