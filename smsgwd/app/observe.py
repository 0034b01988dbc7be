"""Metrics of what happens between the rooms, and the figures that are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.app.test_numbers import TEST_CONNECTOR
from smsgwd.model.business import Booked
from smsgwd.model.changes import Ignored, Moved, Parked, Result, Submitted, Swept
from smsgwd.model.message import FINAL_FROM, Message, State
from smsgwd.model.spooled import Drained
from smsgwd.model.upkeep import Erased, Rematched
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import Metrics, get_logger

_LAG_EVERY_S = 0.5
_STRAYS_EVERY_S = 300.0
_SOON_S = 1.0
_LAG_WORTH_A_LINE_S = 0.5
_WELL: Final = State.DELIVERED
_log = get_logger("daemon")


class Intake:
    """Counts what the pipeline takes and refuses, by the way in: http, smpp."""

    def __init__(self, metrics: Metrics) -> None:
        self._accepted = {intake: metrics.accepted.labels(intake) for intake in ("http", "smpp")}
        self._parts = metrics.parts
        self._refused = metrics.refused

    def __call__(self, intake: str, accepted: int, parts: int, refused: Mapping[str, int]) -> None:
        """Count one submission's items, and the parts of those accepted."""
        if accepted:
            self._accepted[intake].inc(accepted)
            self._parts.inc(parts)
        for code, count in refused.items():
            self._refused.labels(intake, code).inc(count)


class Results:
    """Counts what became durable: messages that ended, by state, second ways, parked receipts, bookings."""

    def __init__(self, metrics: Metrics) -> None:
        self._final = {state: metrics.final.labels(state.public) for state in State if state.final}
        self._parked = metrics.receipts_early
        self._failovers = metrics.failovers
        self._booked = metrics.bookings
        self._not_booked = {
            reason: metrics.bookings_refused.labels(reason)
            for reason in ("no_credit", "repeated", "no_tenant", "too_large")
        }

    def __call__(self, results: Sequence[Result]) -> None:
        """Count the results of one batch."""
        delivered = 0
        for result in results:
            kind = type(result)
            if kind is Submitted or kind is NoneType:  # with Moved: nearly all there are
                continue
            if isinstance(result, Moved):
                state = result.state
                if state is _WELL:  # counted once a batch: to find the counter of a State costs more than all the rest
                    delivered += 1
                elif state >= FINAL_FROM:
                    self._final[state].inc()
            elif isinstance(result, Swept):
                self._swept(result)
            elif isinstance(result, Parked):
                self._parked.inc()
            elif isinstance(result, Rematched):  # of other receipts the connectors count it
                for message in result.resent:
                    self._second_way(message)
            elif isinstance(result, Erased) and result.cancelled:
                self._final[State.CANCELLED].inc(len(result.cancelled))
            elif isinstance(result, Drained):
                self._final[State.REJECTED].inc(len(result.refused))
            elif isinstance(result, Booked):
                self._booked.inc()
            elif isinstance(result, Ignored) and not result.message_id and result.reason in self._not_booked:
                self._not_booked[result.reason].inc()
        if delivered:
            self._final[_WELL].inc(delivered)

    def _swept(self, result: Swept) -> None:
        if not result.messages:
            return
        count = len(result.messages)
        if result.state.final:
            self._final[result.state].inc(count)

    def _second_way(self, message: Message) -> None:
        left = (message.tried or "").rpartition(",")[2]
        self._failovers.labels(left, "undelivered").inc()


class Requests:
    """Counts the HTTP requests of one listener, and how long those that submit take."""

    def __init__(self, metrics: Metrics, listener: str) -> None:
        self._requests = metrics.http_requests
        self._seconds = metrics.accept_seconds.labels(listener)
        self._listener = listener

    def __call__(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(self._listener, route or "none", str(status)).inc()
        if status == 202:
            self._seconds.observe(seconds)


class Strays:
    """Looks which queues no connector sends from, says so once each, and tells `adopt`: they go another way or wait."""

    def __init__(
        self, reactor: IReactorTime, store: Store, dispatcher: Dispatcher, adopt: Callable[[Iterable[str]], None]
    ) -> None:
        self._reactor = reactor
        self._store = store
        self._dispatcher = dispatcher
        self._adopt = adopt
        self._told: set[str] = set()
        self._call: IDelayedCall | None = None
        self._soon = False
        self._looked_at = -_SOON_S  # seconds of the reactor
        self._stopped = False

    def start(self) -> None:
        """Look now and every five minutes: retries become due, and second ways may lead to a connector of the past."""
        self._stopped = False
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._look_now()

    def _look_now(self) -> None:
        self._call = None
        self._soon = False
        self._looked_at = self._reactor.seconds()
        Deferred.fromCoroutine(self._look()).addErrback(_not_looked).addCallback(self._again)

    def look_soon(self) -> None:
        """The connectors are others now, or a message came for one that is gone: look at once, or a second after the
        last look. One that is under way may have looked too early."""
        if not self._soon:
            self._soon = True
            if self._call is not None and self._call.active():
                self._call.reset(self._soonest())

    def _soonest(self) -> float:
        return max(0.0, self._looked_at + _SOON_S - self._reactor.seconds())

    def stop(self) -> None:
        """Look no more, and leave what was found to others."""
        self._stopped = True
        self._adopt(())
        if self._call is not None and self._call.active():
            self._call.cancel()

    async def _look(self) -> None:
        try:
            counts = await self._store.counts()
        except StoreUnavailable:
            return  # said once, by the store itself
        served = {connector.id for connector in self._dispatcher.status()} | {TEST_CONNECTOR}
        strays = {queue.connector: queue.queued for queue in counts.queues if queue.connector not in served}
        for connector, queued in strays.items():
            if connector not in self._told:
                self._told.add(connector)
                _log.warning("connector.missing", connector=connector, queued=queued)
        if not self._stopped:
            self._adopt(strays)

    def _again(self, _: object) -> None:
        if not self._stopped:
            if self._call is not None and self._call.active():
                self._call.cancel()  # begun anew while the look before was under way
            delay = self._soonest() if self._soon else _STRAYS_EVERY_S
            self._call = self._reactor.callLater(delay, self._look_now)


def _not_looked(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)


class Lag:
    """Measures how late the reactor wakes up, which is how long something blocked it."""

    def __init__(self, reactor: IReactorTime, clock: Clock, metrics: Metrics) -> None:
        self._reactor = reactor
        self._clock = clock
        self._observe = metrics.reactor_lag.observe
        self._call = reactor.callLater(_LAG_EVERY_S, self._wake)
        self._due = clock.monotonic() + _LAG_EVERY_S

    def stop(self) -> None:
        """Measure no more."""
        if self._call.active():
            self._call.cancel()

    def _wake(self) -> None:
        now = self._clock.monotonic()
        late = max(0.0, now - self._due)
        self._observe(late)
        if late > _LAG_WORTH_A_LINE_S:
            _log.warning("daemon.reactor_lag", seconds=round(late, 3))
        self._due = now + _LAG_EVERY_S
        self._call = self._reactor.callLater(_LAG_EVERY_S, self._wake)
