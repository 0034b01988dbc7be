"""Where else a message may go: `ports.dispatch.Ways` over the routing table."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.model.message import Message
from smsgwd.routing.table import Routes


class Ways:
    """Reads the routes as they are now: one that changed since a message was taken counts as it is.

    `up` tells whether a connector can send now.
    """

    def __init__(self, routes: Routes, up: Callable[[str], bool]) -> None:
        self._routes = routes
        self._up = up

    def next_way(self, message: Message, left: str) -> str | None:
        """See `ports.dispatch.Ways`: one that is up before one that is not, in the rule's order."""
        others = self._others(message, left)
        for connector in others:
            if self._up(connector):
                return connector
        return others[0] if others else None

    def way_for(self, message: Message, without: str) -> str | None:
        """A connector for a message whose own, `without`, is down: one that is up; None when there is none.

        Those that it was tried on are not asked again.
        """
        for connector in self._others(message, without):
            if self._up(connector):
                return connector
        return None

    def up_beside(self, connector: str) -> frozenset[str]:
        """The connectors that are up and stand in a rule with this one: empty = nothing queued for it can go over."""
        return frozenset(filter(self._up, self._routes.beside(connector)))

    def up(self) -> frozenset[str]:
        """The connectors of all rules that are up."""
        return frozenset(filter(self._up, self._routes.connectors()))

    def _others(self, message: Message, left: str) -> list[str]:
        """The connectors of the message's rule, but those it was tried on and the one it leaves."""
        rule = self._routes.find(message.tenant, message.source, message.msisdn)
        if rule is None:
            return []
        tried = message.tried.split(",") if message.tried else ()
        return [connector for connector in rule.connectors if connector != left and connector not in tried]
