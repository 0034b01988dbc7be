"""Which connector of a rule carries the next message."""

from collections.abc import Callable

from smsgwd.routing.table import Rule


class Chooser:
    """Applies a rule's strategy. Holds the turn of each round robin and nothing else."""

    def __init__(self, up: Callable[[str], bool]) -> None:
        """`up` tells whether a connector can send now."""
        self._up = up
        self._turn: dict[tuple[str, ...], int] = {}

    def choose(self, rule: Rule) -> str:
        """A connector of the rule: one that is up where there is one, else the preferred one (it will come back)."""
        connectors = rule.connectors
        start = 0
        if rule.strategy == "round_robin" and len(connectors) > 1:
            start = self._turn.get(connectors, 0)
            self._turn[connectors] = (start + 1) % len(connectors)
        for offset in range(len(connectors)):
            connector = connectors[(start + offset) % len(connectors)]
            if self._up(connector):
                return connector
        return connectors[start]
