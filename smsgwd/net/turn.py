"""The end of a reactor turn: where what gathered during the turn goes out in one piece."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from smsgwd.telemetry import get_logger

_log = get_logger("net")


class Turn:
    """Runs callables once, after the events of the current turn have been handled, in the order they were added.

    One `callLater(0)` serves all of them, so that a thousand connections that have something to write cost one timer.
    A callable that fails is logged and does not keep the others from running.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._waiting: list[Callable[[], None]] = []

    def add(self, flush: Callable[[], None]) -> None:
        """Run `flush` at the end of this turn. The caller sees to it that it adds itself once a turn."""
        if not self._waiting:
            self._reactor.callLater(0, self.run)
        self._waiting.append(flush)

    def run(self) -> None:
        """Run what waits now (the reactor calls this). What is added meanwhile waits for the next turn."""
        waiting, self._waiting = self._waiting, []
        for flush in waiting:
            try:
                flush()
            except Exception:
                _log.error("daemon.unhandled_error", exc_info=True)
