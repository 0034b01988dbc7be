"""An orderly end with a limit: nothing new begins, what is under way may finish."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Ending:
    """`begin`, and `look` whenever something has finished. Beginning again changes nothing.

    When `idle` says so, or the limit is over, `ended` is called and the Deferred fires.
    """

    def __init__(self, reactor: IReactorTime, idle: Callable[[], bool], ended: Callable[[], None]) -> None:
        self._reactor = reactor
        self._idle = idle
        self._ended = ended
        self._limit: IDelayedCall | None = None
        self._done: Deferred[None] = Deferred()

    def begin(self, limit_s: float) -> Deferred[None]:
        """Wait for what is under way, `limit_s` seconds at most."""
        if self._limit is None and not self._done.called:
            self._limit = self._reactor.callLater(limit_s, self._end)
            self.look()
        told: Deferred[None] = Deferred()
        self._done.chainDeferred(told)
        return told

    def look(self) -> None:
        """Something has finished, or may have."""
        if self._limit is not None and self._idle():
            self._limit.cancel()
            self._end()

    def _end(self) -> None:
        self._limit = None
        self._ended()
        self._done.callback(None)
