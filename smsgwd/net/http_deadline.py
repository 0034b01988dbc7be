"""A connection with one deadline, which moves with every request and is seldom reached."""

from __future__ import annotations

from math import inf
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol


class TimedProtocol(Protocol):
    """Deadlines are only written down (`_deadline`, in the reactor's seconds; inf = none); the timer is moved when it
    would fire too late, and else looks when it fires."""

    transport: Any

    def __init__(self, reactor: Any) -> None:
        """`reactor` is an IReactorTime."""
        self._reactor = reactor
        self._seconds = reactor.seconds
        self._deadline = inf
        self._timer: IDelayedCall | None = None
        self._timer_at = inf

    def _wait(self, seconds: float) -> None:
        """Set the deadline."""
        self._deadline = deadline = self._seconds() + seconds
        if deadline < self._timer_at:
            self._arm()

    def _arm(self) -> None:
        """Have the timer fire at the deadline: it would be too late, or there is none."""
        left = max(0.0, self._deadline - self._seconds())
        if self._timer is None:
            self._timer = self._reactor.callLater(left, self._due)
        else:
            self._timer.reset(left)
        self._timer_at = self._deadline

    def _disarm(self) -> None:
        """The connection is gone: no timer may keep it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._timer_at = inf
        if self._deadline == inf:
            return
        if self._deadline > self._seconds():
            self._arm()
        else:
            self._late()

    def _late(self) -> None:
        """The deadline has passed: the connection is given up, if it does not know better."""
        self.transport.abortConnection()
