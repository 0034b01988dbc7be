"""Who is bound over SMPP and may not be any more: looked for after each change, and whenever a credential expires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.accounts.directory import SMPP, Account, Directory
from smsgwd.ports.clock import Clock

_LOOK_AGAIN_S: Final = 5.0  # the wall clock, which credentials expire by, may be set


class CredentialWatch:
    """`review` is `EsmeServer.review`."""

    def __init__(
        self,
        reactor: IReactorTime,
        clock: Clock,
        directory: Directory,
        review: Callable[[Callable[[str], Sequence[Account]]], object],
    ) -> None:
        self._reactor = reactor
        self._clock = clock
        self._directory = directory
        self._review = review
        self._next: int | None = None
        self._call: IDelayedCall | None = None

    def look(self) -> None:
        """Unbind who may not be bound; called after each change of tenants, and once at the start."""
        now = self._clock.now_ms()
        self._next = self._directory.next_expiry(now)
        self._wait(now)
        self._review(lambda name: self._directory.live(SMPP, name, now))

    def stop(self) -> None:
        """Look no more."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _wait(self, now: int) -> None:
        self.stop()
        if self._next is not None:
            delay = min(max(0.0, (self._next - now) / 1000), _LOOK_AGAIN_S)
            self._call = self._reactor.callLater(delay, self._due)

    def _due(self) -> None:
        now = self._clock.now_ms()
        if self._next is not None and now >= self._next:
            self.look()
        else:
            self._wait(now)
