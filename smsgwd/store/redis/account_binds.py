"""How many binds an SMPP account has on all nodes: `max_binds` counts them together.

Each node says how many there are with it; what a node said counts as long as it has the lease it said it under.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.nodes import unanswered, unhandled

_AGAIN_S: Final = 1.0
_NO_LIMIT: Final = -1


class Lease(Protocol):
    """What is asked of a node's lease."""

    name: str
    key: str
    token: str

    @property
    def held(self) -> bool:
        """See NodeLease."""
        ...


class AccountBinds:
    """`nodes` gives the names of those that are known: what one said that is not among them counts. All calls are on
    one connection, so that the server hears them in order."""

    def __init__(
        self, calls: Calls, keys: Keys, lease: Lease, nodes: Callable[[], Iterable[str]], reactor: Any
    ) -> None:
        self._calls = calls
        self._keys = keys
        self._lease = lease
        self._nodes = nodes
        self._reactor = reactor
        self._counts: dict[str, int] = {}  # what was said last
        self._unsaid: set[str] = set()
        self._timer: IDelayedCall | None = None

    def reserve(self, account: str, count: int, most: int) -> Deferred[bool]:
        """Say that `count` are with this node, unless there would be more than `most` on all nodes: False, and nothing
        was said. True also when the server does not answer: then each node goes by its own. Never fails."""
        if not self._lease.held:
            self._counts[account] = count
            return succeed(True)

        def said(answer: int) -> bool:
            if answer:
                self._heard(account, count)
            return bool(answer)

        def unsaid(failure: Failure) -> bool:
            self._unheard(failure, account, count)
            return True

        return self._say(account, count, most).addCallbacks(said, unsaid)

    def tell(self, account: str, count: int) -> None:
        """So many are with this node; said again until the server has heard it."""
        self._counts[account] = count
        if self._lease.held:
            self._say(account, count, _NO_LIMIT).addCallbacks(
                lambda _: self._heard(account, count), lambda failure: self._unheard(failure, account, count)
            ).addErrback(unhandled)

    def again(self) -> None:
        """There is a new lease: what was said under the old one counts no more."""
        for account, count in list(self._counts.items()):
            self.tell(account, count)

    def _say(self, account: str, count: int, most: int) -> Deferred[Any]:
        lease, keys = self._lease, self._keys
        others = [name for name in self._nodes() if name != lease.name]
        return self._calls.function(
            "smsgwd_binds",
            (keys.binds(account), lease.key, *(keys.node(name) for name in others)),
            (lease.name, lease.token, count, most, *others),
        )

    def _heard(self, account: str, count: int) -> None:
        if count:
            self._counts[account] = count
        elif self._counts.get(account) == 0:
            del self._counts[account]

    def _unheard(self, failure: Failure, account: str, count: int) -> None:
        unanswered(failure)
        self._counts.setdefault(account, count)
        self._unsaid.add(account)
        if self._timer is None:
            self._timer = self._reactor.callLater(_AGAIN_S, self._say_again)

    def _say_again(self) -> None:
        self._timer = None
        unsaid, self._unsaid = self._unsaid, set()
        for account in unsaid:
            self.tell(account, self._counts.get(account, 0))
