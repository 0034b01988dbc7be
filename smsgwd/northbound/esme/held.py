"""Requests of one account that are over its rate for now: they wait their turn, in order, with one timer for all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.northbound.esme.asks import Ask
from smsgwd.northbound.esme.dialogue import Dialogue
from smsgwd.ports.clock import Clock

_LEAST_S: Final = 0.005  # what is due within the same few milliseconds goes together


class Held(NamedTuple):
    """One request that waits until `due` (monotonic seconds); its `parts` are reserved."""

    due: float
    ask: Ask
    parts: int

    @property
    def dialogue(self) -> Dialogue:
        """The bind it came on."""
        return self.ask.dialogue


class Line:
    """First come, first served. `release` gets those that are due, in order."""

    def __init__(self, reactor: IReactorTime, clock: Clock, release: Callable[[list[Held]], None]) -> None:
        self._reactor = reactor
        self._clock = clock
        self._release = release
        self._waiting: deque[Held] = deque()
        self._timer: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, ask: Ask, parts: int, wait: float) -> None:
        """Hold a request back for `wait` seconds, or longer when others wait before it."""
        due = self._clock.monotonic() + wait
        if self._waiting:
            due = max(due, self._waiting[-1].due)
        self._waiting.append(Held(due, ask, parts))
        self._set_timer()

    def drop(self, dialogue: Dialogue) -> list[Held]:
        """Take out what came on one bind."""
        dropped = [held for held in self._waiting if held.dialogue is dialogue]
        if dropped:
            self._waiting = deque(held for held in self._waiting if held.dialogue is not dialogue)
        return dropped

    def clear(self) -> list[Held]:
        """Take out everything."""
        waiting, self._waiting = list(self._waiting), deque()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        return waiting

    def _set_timer(self) -> None:
        if self._timer is None and self._waiting:
            wait = self._waiting[0].due - self._clock.monotonic()
            self._timer = self._reactor.callLater(max(_LEAST_S, wait), self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        due: list[Held] = []
        while self._waiting and self._waiting[0].due <= now:
            due.append(self._waiting.popleft())
        self._set_timer()
        if due:
            self._release(due)
