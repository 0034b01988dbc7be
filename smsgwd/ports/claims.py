"""Which node sends what is ready for a connector, where several nodes share the store: who has claimed it, and nobody
else. Without other nodes there are no claims: everything is this process's to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from smsgwd.ports.store import QueuedMessage

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Lease(Protocol):
    """What a node may act by."""

    @property
    def held(self) -> bool:
        """False from the moment on at which another node may act in this one's place: write nothing more then."""
        ...


class Always:
    """The lease of a process that shares its store with no other."""

    held = True


ALWAYS: Final = Always()


class Claims(Protocol):
    """This node's claims. Deferreds fail with StoreUnavailable."""

    def accept(self, connector: str, room: int) -> None:
        """Of what a commit of this node makes ready for a connector so many are claimed by it from now on, the rest is
        left for any node."""
        ...

    def claimed_here(self, message_id: int) -> bool:
        """Whether a commit of this node has made this message ready and claimed it. True once for each time: whoever
        asks sends it. What was released since (`release`) is not."""
        ...

    def page(self, connector: str, after: tuple[int, int] | None, limit: int) -> Deferred[list[QueuedMessage]]:
        """As Store.ready, of what this node has claimed alone."""
        ...

    def take(self, connector: str, limit: int) -> Deferred[tuple[list[QueuedMessage], bool]]:
        """Claim the first messages that nobody has; and whether there may be more of them."""
        ...

    def release(self, connector: str) -> Deferred[int]:
        """What this node has claimed for a connector is for any node to claim again, but for nobody to send before; how
        many messages. Whatever it had in hand it must have dropped."""
        ...

    def release_of(self, connector: str, node: str) -> Deferred[int]:
        """The same of what another node has claimed that has no lease any more; 0, and nothing done, if it has one."""
        ...

    def holders(self) -> Deferred[list[tuple[str, str]]]:
        """Connectors and nodes that may have claims for them, this one too."""
        ...
