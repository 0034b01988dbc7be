"""Where else a message may go: `ports.dispatch.Ways` over the routing table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smsgwd.model.message import DEVICE_THEN_NETWORK, HELD, Message
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes


class RoutingTables(Protocol):
    """What routing goes by, as it is now."""

    @property
    def routes(self) -> Routes:
        """The routing table."""
        ...

    @property
    def chooser(self) -> Chooser:
        """Chooses among a rule's connectors."""
        ...

    def network_of(self, msisdn: str) -> str:
        """mcc+mnc of a number; '' when it is not known."""
        ...


class Ways:
    """Reads the tables as they are now: a route that changed since a message was taken counts as it is.

    `up` tells whether a connector can send now.
    """

    def __init__(self, tables: RoutingTables, up: Callable[[str], bool]) -> None:
        self._tables = tables
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

    def beyond(self, message: Message, left: str) -> str | None:
        """See `ports.dispatch.Ways`."""
        if message.channel != DEVICE_THEN_NETWORK or left not in self._carrying(message, "device"):
            return None
        tried = message.tried.split(",") if message.tried else ()
        others = [connector for connector in self._carrying(message, "network") if connector not in tried]
        return next(filter(self._up, others), others[0] if others else None)

    def up_beside(self, connector: str) -> frozenset[str]:
        """The connectors that are up and stand in a rule with this one: empty = nothing queued for it can go over."""
        return frozenset(filter(self._up, self._tables.routes.beside(connector)))

    def up(self) -> frozenset[str]:
        """The connectors of all rules that are up."""
        return frozenset(filter(self._up, self._tables.routes.connectors()))

    def _others(self, message: Message, left: str) -> list[str]:
        """The connectors of the message's rule that its margin allows, but those it was tried on and the one it leaves;
        the cheapest first where the rule is for that."""
        channel = message.channel
        if channel == DEVICE_THEN_NETWORK:
            connectors = [*self._carrying(message, "device"), *self._carrying(message, "network")]
        else:
            connectors = self._carrying(message, channel)
        tried = message.tried.split(",") if message.tried else ()
        return [connector for connector in connectors if connector != left and connector not in tried]

    def _carrying(self, message: Message, channel: str | None) -> list[str]:
        """The connectors of the rule of one channel that the message's margin allows."""
        tables = self._tables
        rule = tables.routes.find(
            message.tenant,
            message.source,
            message.msisdn,
            message.parts,
            message.coding,
            channel,
            message.priority,
            message.due_at % HELD or message.submitted_at,
        )
        if rule is None:
            return []
        if not rule.prices_matter:
            return list(rule.connectors)
        rate = message.price // max(1, message.parts)
        network = tables.network_of(message.msisdn)
        return list(tables.chooser.carrying(rule, message.msisdn, rate=rate, network=network))
