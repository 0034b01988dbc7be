"""The end of a reactor turn: where what gathered during the turn goes out in one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsgwd.telemetry import get_logger

_log = get_logger("net")

Call = Callable[[], None]


class Turn:
    """Runs callables once, after the events of the current turn have been handled, in two steps.

    First what makes work of what the turn brought (`add_early`), then what writes and commits (`add`), so that both are
    in the same turn; each in the order of adding. One `callLater(0)` serves all of them, so that a thousand connections
    that have something to write cost one timer; `net.reactor` needs none. A callable that fails is logged and does not
    keep the others from running.
    """

    def __init__(self, reactor: Any) -> None:
        """`reactor` is an IReactorTime, or has `at_turn_end` (net/reactor.py)."""
        self._at_end: Callable[[Call], Any] = getattr(reactor, "at_turn_end", lambda call: reactor.callLater(0, call))
        self._early: list[Call] = []
        self._waiting: list[Call] = []
        self._set = False

    def add(self, flush: Call) -> None:
        """Run `flush` at the end of this turn. The caller sees to it that it adds itself once a turn."""
        self._waiting.append(flush)
        if not self._set:
            self._set = True
            self._at_end(self.run)

    def add_early(self, work: Call) -> None:
        """Run `work` at the end of this turn, before all that `add` has; what it adds there runs in the same turn."""
        self._early.append(work)
        if not self._set:
            self._set = True
            self._at_end(self.run)

    def run(self) -> None:
        """Run what waits now (the reactor calls this). What is added meanwhile waits for the next turn."""
        if self._early:
            early, self._early = self._early, []
            _run(early)
        waiting, self._waiting = self._waiting, []
        self._set = bool(self._early)
        if self._set:
            self._at_end(self.run)
        _run(waiting)


def _run(calls: list[Call]) -> None:
    for call in calls:
        try:
            call()
        except Exception:
            _log.error("daemon.unhandled_error", exc_info=True)
