"""What a store that is being opened is at, told once a second: a migration of a large file takes minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall

_EVERY_S: Final = 1.0


class Opening:
    """Calls `told(done, total, what)` each second from `begin` to `end`, and at each step; all on the reactor."""

    def __init__(self, reactor: Any, told: Callable[[int, int, str], None] | None) -> None:
        self._reactor = reactor
        self._told = told
        self._at = (0, 0, "opening the store")
        self._call: IDelayedCall | None = None

    def begin(self) -> None:
        """The store is being opened from now on."""
        if self._told is not None:
            self._call = self._reactor.callLater(_EVERY_S, self._beat)

    def step(self, done: int, total: int, what: str) -> None:
        """So many steps are done; the next one begins."""
        self._at = (done, total, what)
        if self._told is not None and self._call is not None:
            self._told(*self._at)

    def end(self) -> None:
        """It is open, or cannot be opened."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _beat(self) -> None:
        assert self._told is not None
        self._call = self._reactor.callLater(_EVERY_S, self._beat)
        self._told(*self._at)
