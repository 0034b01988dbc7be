"""Binds of accounts where several nodes share a store: `max_binds` counts those on all nodes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred


class Counts(Protocol):
    """What all nodes say (`store.redis.account_binds`)."""

    def reserve(self, account: str, count: int, most: int) -> Deferred[bool]:
        """`count` are here; False when that would be more than `most` on all nodes, True when nobody knows. Never
        fails."""
        ...

    def tell(self, account: str, count: int) -> None:
        """`count` are here."""
        ...


class SharedBinds:
    """`alive(account)` tells how many of an account's binds are here and not leaving."""

    def __init__(self, counts: Counts, alive: Callable[[str], int]) -> None:
        self._counts = counts
        self._alive = alive
        self._coming: Counter[str] = Counter()  # let in by the others, or being asked about

    def reserve(self, account: str, most: int) -> Deferred[bool]:
        """Whether one more may bind. After True `settled` must follow, whatever becomes of it."""
        self._coming[account] += 1

        def asked(may: bool) -> bool:
            if not may:
                self._gone(account)
            return may

        return self._counts.reserve(account, self._here(account), most).addCallback(asked)

    def settled(self, account: str) -> None:
        """One that was reserved is bound, or will not be."""
        self._gone(account)
        self.tell(account)

    def tell(self, account: str) -> None:
        """There are more or fewer of this account here than before."""
        self._counts.tell(account, self._here(account))

    def _here(self, account: str) -> int:
        return self._alive(account) + self._coming[account]

    def _gone(self, account: str) -> None:
        self._coming[account] -= 1
        if not self._coming[account]:
            del self._coming[account]
