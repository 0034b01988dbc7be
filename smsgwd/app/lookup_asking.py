"""Asks the lookup sources: so many numbers at a time, each once for all who wait, patiently but not forever."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smsgwd.config.model.lookups import Lookups as Section
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.ports.lookups import LookupSource
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

NO_ANSWER: Final = "no_answer"  #: `error` of a number about which every source was in trouble
_STORE_RETRY_S: Final = 2.0
_UNKNOWN: Final = LookupFacts(LookupState.UNKNOWN)
_log = get_logger("lookups")


class Asking:
    """Queues of numbers before the sources, one a tenant, served in turn.

    `told` is given what was found, and fires when that is kept."""

    def __init__(self, reactor: IReactorTime, section: Section, sources: Sequence[LookupSource]) -> None:
        self._reactor = reactor
        self._section = section
        self._sources = tuple(sources)
        #: Set by whoever asks. Fails with StoreUnavailable: then it is told again.
        self.told: Callable[[str, LookupFacts], Deferred[None]] = lambda number, facts: succeed(None)
        #: Hears the name of a source whenever it gives no answer.
        self.failed: Callable[[str], None] = lambda source: None
        self._queues: dict[str, deque[str]] = {}  # numbers by tenant; whose turn is next comes first
        self._known: set[str] = set()  # queued or running
        self._running: dict[str, Deferred[None]] = {}
        self._troubled: set[str] = set()
        self._stopped = False

    def ask(self, number: str, tenant: str) -> None:
        """Ask about a number (digits), unless it is being asked about; when it is its tenant's turn."""
        if self._stopped or number in self._known:
            return
        self._known.add(number)
        self._queues.setdefault(tenant, deque()).append(number)
        self._pump()

    def running(self, number: str) -> bool:
        """True while the sources are asked about it."""
        return number in self._running

    def stop(self) -> None:
        """Ask no more; what is being asked is dropped."""
        self._stopped = True
        self._queues.clear()
        for task in list(self._running.values()):
            task.cancel()

    def _pump(self) -> None:
        while self._queues and len(self._running) < self._section.concurrency and not self._stopped:
            number = self._next()
            task: Deferred[None] = Deferred.fromCoroutine(self._run(number))
            self._running[number] = task
            task.addErrback(_ended_badly)
            task.addCallback(self._done, number)  # at once, where everything was at hand

    def _next(self) -> str:
        """The next number of the tenant whose turn it is: one who asks about many keeps nobody else waiting."""
        tenant = next(iter(self._queues))
        queue = self._queues.pop(tenant)
        number = queue.popleft()
        if queue:
            self._queues[tenant] = queue  # behind all others
        return number

    def _done(self, _: object, number: str) -> None:
        self._running.pop(number, None)
        self._known.discard(number)
        # In a turn of its own: sources that answer at once would else make this as deep as the queue is long.
        self._reactor.callLater(0, self._pump)

    async def _run(self, number: str) -> None:
        facts = await self._find(number)
        while True:
            try:
                await self.told(number, facts)
                return
            except StoreUnavailable:  # said once, by the store itself
                await self._sleep(_STORE_RETRY_S)

    async def _find(self, number: str) -> LookupFacts:
        """What the sources say of a number, in their order; UNKNOWN where nobody knows its subscriber."""
        deadline = self._reactor.seconds() + self._section.deadline_s
        best: LookupFacts | None = None
        troubled = 0
        for source in self._sources:
            try:
                facts = await self._said(source, number, deadline)
            except _Trouble:
                troubled += 1
                continue
            if facts is None:
                continue
            best = facts if best is None else _merged(best, facts)
            if facts.state.final and facts.state is not LookupState.UNKNOWN:
                return _decided(facts, best)
        if best is not None:
            return msgspec.structs.replace(best, state=LookupState.UNKNOWN)
        return msgspec.structs.replace(_UNKNOWN, error=NO_ANSWER) if troubled else _UNKNOWN

    async def _said(self, source: LookupSource, number: str, deadline: float) -> LookupFacts | None:
        """What one source says, asked again while it is in trouble. Raises _Trouble."""
        wait = self._section.retry_s
        for attempt in range(self._section.retries + 1):
            left = deadline - self._reactor.seconds()
            if left <= 0:
                break
            try:
                facts = await source.lookup(number).addTimeout(left, self._reactor)
            except CancelledError:
                raise
            except Exception as error:  # whatever a source fails with, others may still know
                self._trouble(source.name, error)
            else:
                self._well(source.name)
                return facts
            if attempt < self._section.retries:
                await self._sleep(min(wait, max(0.0, deadline - self._reactor.seconds())))
                wait *= 2
        raise _Trouble

    def _sleep(self, seconds: float) -> Deferred[None]:
        call = self._reactor.callLater(seconds, lambda: woken.callback(None))
        woken: Deferred[None] = Deferred(lambda _: call.cancel())
        return woken

    def _trouble(self, source: str, error: Exception) -> None:
        self.failed(source)
        if source not in self._troubled:
            self._troubled.add(source)
            _log.warning("lookup.source_failed", source=source, reason=str(error) or type(error).__name__)

    def _well(self, source: str) -> None:
        if source in self._troubled:
            self._troubled.discard(source)
            _log.info("lookup.source_recovered", source=source)


class _Trouble(Exception):  # noqa: N818 -- of a source
    """A source gave no answer in all its attempts."""


def _merged(first: LookupFacts, then: LookupFacts) -> LookupFacts:
    """What two sources said that both did not know the subscriber: the first one's words stand."""
    return LookupFacts(
        LookupState.UNKNOWN,
        first.country or then.country,
        first.operator or then.operator,
        first.mcc or then.mcc,
        first.mnc or then.mnc,
        first.imsi or then.imsi,
        first.msc or then.msc,
        first.error or then.error,
        then.ported if first.ported is None else first.ported,
        first.source or then.source,
    )


def _decided(facts: LookupFacts, best: LookupFacts) -> LookupFacts:
    """What the source that knows said, with the country others told: a range's owner is no finding."""
    return facts if facts.country or not best.country else msgspec.structs.replace(facts, country=best.country)


def _ended_badly(failure: Failure) -> None:
    if not isinstance(failure.value, CancelledError):
        _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
