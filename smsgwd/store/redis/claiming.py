"""This node's claims on what is ready (`ports.claims.Claims`)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred

from smsgwd.ports.store import QueuedMessage
from smsgwd.store.redis import claims, reads_queues
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.program import Arg

_T = TypeVar("_T")


class Asks(Protocol):
    """How a query gets its answer: see `Reads`."""

    def __call__(self, query: Coroutine[Any, Any, _T]) -> Deferred[_T]:
        """Fails with StoreUnavailable."""
        ...


class Claiming:
    """See Claims. Its calls go to the server in their order. `fence` tells the key and token of the node's lease."""

    def __init__(
        self, asking: Asking, memory: Memory, ask: Asks, fence: Callable[[], tuple[str, bytes] | None]
    ) -> None:
        self._asking = asking
        self._memory = memory
        self._ask = ask
        self._fence = fence
        self._rooms: dict[str, int] = {}
        memory.room = lambda connector: self._rooms.get(connector, 0)

    def accept(self, connector: str, room: int) -> None:
        """See Claims."""
        self._rooms[connector] = room

    def claimed_here(self, message_id: int) -> bool:
        """See Claims."""
        return self._memory.claimed_here(message_id)

    def page(self, connector: str, after: tuple[int, int] | None, limit: int) -> Deferred[list[QueuedMessage]]:
        """See Claims."""
        return self._ask(reads_queues.claimed(self._asking, self._memory.node, connector, after, limit))

    def take(self, connector: str, limit: int) -> Deferred[tuple[list[QueuedMessage], bool]]:
        """See Claims."""
        return self._ask(reads_queues.take(self._asking, self._memory.node, self._token(), connector, limit))

    def release(self, connector: str) -> Deferred[int]:
        """See Claims."""
        self.accept(connector, 0)
        self._memory.claims_end()
        return self._ask(claims.release(self._asking, connector, self._memory.node, self._token()))

    def release_of(self, connector: str, node: str) -> Deferred[int]:
        """See Claims."""
        return self._ask(claims.release(self._asking, connector, node))

    def holders(self) -> Deferred[list[tuple[str, str]]]:
        """See Claims."""
        return self._ask(claims.claimed_by(self._asking))

    def _token(self) -> Arg:
        """What the lease must be when the server does it: a call that comes late does nothing."""
        fence = self._fence()
        return claims.ANY_LEASE if fence is None else fence[1]
