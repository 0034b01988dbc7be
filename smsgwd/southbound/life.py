"""Whether a connector is bound and sends: as operators want it, as its SMSC asks for it, and how it ends.

    ON ──pause──> PAUSED ──resume, start──> ON ──stop──> STOPPED ──start──> ON

To be bound anew with other settings, and to end, it is drained: it takes nothing more from its queue, waits for the
answers that are due, and unbinds. Messages that come meanwhile wait in the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.suspension import Suspension
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")


class Wanted(Enum):
    """What operators want of a connector; the value is what they see."""

    ON = "on"
    PAUSED = "paused"
    STOPPED = "stopped"


class Sending(Protocol):
    """What takes messages out of the queue: a Sender, or that of a provider."""

    taking: bool  #: may new messages begin
    suspended: bool  #: for a while nothing new begins

    @property
    def unfinished(self) -> bool:
        """True while a message has begun of which something is still to be written."""

    @property
    def pumping(self) -> bool:
        """True while it sends."""

    def sleep_no_more(self) -> None:
        """Look again only when something happens."""


class Links(Protocol):
    """What a connector sends over: its binds, or a provider's plugin."""

    def start(self) -> None:
        """Connect, and again whenever that ends."""

    def stop(self) -> None:
        """Leave in order and stay away."""

    def abort(self, reason: str) -> None:
        """Cut what does not leave in time."""

    def forget_closed(self) -> bool:
        """Drop those that left for good; True when there are none left that are to."""

    @property
    def outstanding(self) -> bool:
        """True when a request waits for its answer."""

    @property
    def closed(self) -> bool:
        """True when nothing is connected."""

    @property
    def count(self) -> int:
        """How many there are."""


class Life:
    """Of one connector. `suspend_s`: seconds of a suspension."""

    def __init__(
        self,
        connector: str,
        suspend_s: float,
        runtime: Runtime,
        sender: Sending,
        queue: ReadyQueue,
        binds: Links,
        look_soon: Callable[[], None],
    ) -> None:
        self.wanted = Wanted.ON
        self.busy = False  #: binds are on their way out: see `look`
        self.suspension = Suspension(connector, suspend_s, runtime, self._suspended)
        self._connector = connector
        self._runtime = runtime
        self._sender = sender
        self._queue = queue
        self._binds = binds
        self._look_soon = look_soon
        self._off_since = 0.0  # monotonic, since when operators want nothing sent
        self._started = False
        self._suspending = False
        self._draining = False
        self._ending = False  # the drain is for good, unless `start` comes
        self._waiting: list[Deferred[None]] = []  # to be told when all binds are closed
        self._limit: IDelayedCall | None = None
        self._between: Callable[[], None] | None = None  # what is to be done between the old binds and the new ones

    # ------------------------------------------------------------------ what operators want
    def start(self) -> None:
        """Bind, and send what is queued, unless operators want it stopped: the start of the gateway."""
        self._started = True
        if self.wanted is not Wanted.STOPPED:
            self._begin()

    def begin_again(self) -> None:
        """Bind and send after `stop`, `pause` or a drain, also one that is not over."""
        self.wanted = Wanted.ON
        self._ending = False
        self.suspension.end()
        self._suspended(False)
        self._begin_unless_it_will()

    def pause(self) -> None:
        """Stay bound, and send nothing more but the rest of messages of several parts that have begun."""
        self._want(Wanted.PAUSED)
        self._begin_unless_it_will()

    def resume(self) -> None:
        """Send again after `pause`, and after what the SMSC asked for; one that is stopped stays so."""
        self.suspension.end()
        if self.wanted is Wanted.PAUSED:
            self.wanted = Wanted.ON
        self._suspended(False)
        self._look_soon()

    def stop(self, limit_s: float) -> Deferred[None]:
        """Drain, and stay away until `begin_again`; fires when all binds are closed."""
        self._want(Wanted.STOPPED)
        return self._drain(limit_s)

    @property
    def started(self) -> bool:
        """True from `start` on."""
        return self._started

    @property
    def over(self) -> bool:
        """True when it was drained for good and all binds are closed."""
        return self._ending and not self._draining

    def off_for(self, now: float) -> float:
        """Seconds for which operators or its SMSC have wanted nothing sent; 0 = they want it to send."""
        wanted = 0.0 if self.wanted is Wanted.ON else now - self._off_since
        return max(wanted, self.suspension.lasts(now))

    def _want(self, wanted: Wanted) -> None:
        if self.wanted is Wanted.ON:
            self._off_since = self._runtime.clock.monotonic()
        self.wanted = wanted
        self._suspended(self._suspending)

    def _suspended(self, suspended: bool) -> None:
        """A suspension begins or ends."""
        self._suspending = suspended
        self._sender.suspended = suspended or self.wanted is Wanted.PAUSED
        if not self._sender.suspended:
            self._look_soon()

    # ------------------------------------------------------------------ binds that come and go
    def drain(self, limit_s: float) -> Deferred[None]:
        """Take nothing more, wait for the answers that are due, unbind, close: the end.

        Fires when all binds are closed. After `limit_s` what is still unanswered is left: its outcome is unknown and
        the store has it queued.
        """
        self._ending = True
        return self._drain(limit_s)

    def between_binds(self, call: Callable[[], None], limit_s: float) -> None:
        """Drain, call this when nothing is bound, and bind anew, where that is wanted."""
        self._between = call
        self._drain(limit_s)

    def bring_up_to_date(self) -> None:
        """Binds were taken away: see when they are closed."""
        self.busy = self._draining or not self._binds.forget_closed()

    def look(self) -> None:
        """Only while `busy`: unbind when nothing is unanswered, and see whether all binds are gone."""
        if self._sender.pumping:
            return
        if self._draining:
            if self._limit is not None and not self._sender.unfinished and not self._binds.outstanding:
                self._limit.cancel()
                self._unbind()
            if self._limit is None and self._binds.closed:
                self._closed()
        else:
            self.bring_up_to_date()

    def _begin_unless_it_will(self) -> None:
        """Where its binds are being made anew that begins it when it is done."""
        if self._started and not self._sender.taking and self._between is None:
            self._begin()

    def _begin(self) -> None:
        _log.info("connector.starting", connector=self._connector, binds=self._binds.count)
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        self._draining = False
        self._sender.taking = True
        self._queue.start()
        self._binds.start()
        self.bring_up_to_date()
        self._tell()

    def _drain(self, limit_s: float) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        self._sender.taking = False
        self._queue.stop()
        self._sender.sleep_no_more()
        if self._goes:
            self.suspension.end()
        if not self._draining:
            self._draining = self.busy = True
            self._limit = self._runtime.reactor.callLater(limit_s, self._leave)
        elif self._limit is not None and self._limit.getTime() > self._runtime.reactor.seconds() + limit_s:
            self._limit.reset(limit_s)
        self.look()
        return done

    def _unbind(self) -> None:
        self._limit = None
        self._binds.stop()

    def _leave(self) -> None:
        """The time to drain is over."""
        self._unbind()
        self._binds.abort("the time to drain is over")
        self.look()

    def _closed(self) -> None:
        """All binds are gone."""
        self._draining = False
        if self._goes:  # what was answered meanwhile may have begun one
            self.suspension.end()
        between, self._between = self._between, None
        if between is not None:
            between()
        self.bring_up_to_date()
        if between is not None and self._started and not self._goes:
            self._begin()
            return
        _log.info("connector.stopped", connector=self._connector)
        self._tell()

    @property
    def _goes(self) -> bool:
        """True when nothing is to be bound after the drain."""
        return self._ending or self.wanted is Wanted.STOPPED

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)
