"""The one process of a store that is not shared: everything is its own, at once and for ever."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed

from smsgwd.delivery.allotment import bind_name
from smsgwd.ports.nodes import NodeState, NodeView, NotShared, Pin


class Alone:
    """See `ports.nodes.Nodes`. `on_gained(thing, None)` is called for what comes to be, `let_go(thing)` for what is no
    more; nothing waits for its Deferred. `view` tells what there is to know about this node."""

    alone = True
    fenced = ""

    def __init__(
        self,
        view: Callable[[], NodeView],
        on_gained: Callable[[str, str | None], object],
        let_go: Callable[[str], object],
    ) -> None:
        self.name = view().name
        self._view = view
        self._on_gained = on_gained
        self._let_go = let_go
        self._things: dict[str, None] = {}
        self._binds: dict[str, int] = {}

    def things(self, binds: Mapping[str, int], others: Collection[str], here: Collection[str] = ()) -> None:
        """See Nodes."""
        self._binds = dict(binds)
        now = dict.fromkeys([*(bind_name(name, at) for name in binds for at in range(binds[name])), *others, *here])
        before, self._things = self._things, now
        for thing in before:
            if thing not in now:
                maybeDeferred(self._let_go, thing)
        for thing in now:
            if thing not in before:
                self._on_gained(thing, None)

    def owns(self, thing: str) -> bool:
        """See Nodes."""
        return thing in self._things

    def owner(self, thing: str) -> str | None:
        """See Nodes."""
        return self.name if thing in self._things else None

    def owners(self) -> Mapping[str, str]:
        """See Nodes."""
        return dict.fromkeys(self._things, self.name)

    def live(self) -> list[NodeView]:
        """See Nodes."""
        view = self._view()
        return [view] if view.state is not NodeState.LOST else []

    def listed(self) -> list[NodeView]:
        """See Nodes."""
        return [self._view()]

    def refresh(self) -> Deferred[None]:
        """See Nodes."""
        return succeed(None)

    def binds(self) -> Mapping[str, int]:
        """See Nodes."""
        return self._binds

    def pins(self) -> list[Pin]:
        """See Nodes."""
        return []

    def drain(self, name: str, *, intake: bool = True) -> Deferred[None]:
        """See Nodes: fails with NotShared."""
        return _alone()

    def undrain(self, name: str) -> Deferred[None]:
        """See Nodes: fails with NotShared."""
        return _alone()

    def forget(self, name: str) -> Deferred[None]:
        """See Nodes: fails with NotShared."""
        return _alone()

    def move(self, pin: Pin) -> Deferred[None]:
        """See Nodes: fails with NotShared."""
        return _alone()


def _alone() -> Deferred[None]:
    return fail(NotShared("this process shares its store with no other: there is no node to move anything to"))
