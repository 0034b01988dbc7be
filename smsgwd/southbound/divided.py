"""The half of the dispatcher that is about other nodes: which part of each connector is this one's."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred, succeed

from smsgwd.southbound.connector import Connector
from smsgwd.southbound.provider.connector import ProviderConnector
from smsgwd.southbound.shared_queue import SharedQueue
from smsgwd.southbound.shares import AnySettings, Shares

AnyConnector = Connector | ProviderConnector


class Divided:
    """See `shares`: what this node has is told from outside, from the start on, which finds it with nothing."""

    shares: Shares
    _connectors: Mapping[str, AnyConnector]

    def _reconfigured(self, connector: AnyConnector, settings: AnySettings) -> str:
        """These are its settings now, as a whole."""
        raise NotImplementedError

    def _who_have(self, connector: str) -> list[AnyConnector]:
        """All connectors of this name, those that leave too."""
        raise NotImplementedError

    def share(self, connector: str, mine: int, *, cut: bool = False) -> None:
        """This node has so many of a connector's binds from now on. With `cut` others may have the rest already."""
        self.shares.give(connector, mine)
        found = self._connectors.get(connector)
        if found is None:
            for leaving in self._who_have(connector):
                leaving.present(mine > 0)  # it may come back, and what it had claimed is released meanwhile
        else:
            if cut and isinstance(found, Connector):
                found.cut(mine, "another node may be bound in its place")
            self._reconfigured(found, self.shares.whole(found.settings))
            found.present(mine > 0)

    def left(self, connector: str) -> Deferred[None]:
        """Fires when the binds are closed that this node has no more."""
        found = self._connectors.get(connector)
        return found.left() if isinstance(found, Connector) else succeed(None)

    def queue(self, connector: str) -> SharedQueue | None:
        """The queue of a connector that is configured and shared."""
        found = self._connectors.get(connector)
        return None if found is None else found.shared_queue

    def busy(self, connector: str) -> bool:
        """Whether any of its messages is out, also of one that a reload removed."""
        return any(True for each in self._who_have(connector) for _ in each.in_flight())
