"""`connector list`: each connector with the rate it allows itself and for how long it has been unable to send."""

from __future__ import annotations

from typing import Any

from smsgwd.ops.registry import Command, Params
from smsgwd.ports.dispatch import Dispatcher


class Connectors:
    """Commands about connectors."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [Command("connector", "list", "Connectors: since when down, suspended, at what rate", self._list)]

    def _list(self, params: Params) -> list[dict[str, Any]]:
        return [
            {
                "id": connector.id,
                "kind": connector.kind,
                "up": connector.up,
                "down_s": round(self._dispatcher.down_for(connector.id), 1),
                "suspended_s": round(connector.suspended_s, 1),
                "rate": round(connector.rate, 1),
                "ready": connector.ready,
                "in_flight": connector.in_flight,
                "sent": connector.sent,
                "refused": connector.refused,
            }
            for connector in self._dispatcher.status()
        ]
