"""Which connector of a rule carries the next message."""

from collections.abc import Callable

from smsgwd.routing.table import Rule


class Chooser:
    """Applies a rule's strategy. Holds the turn of each round robin and nothing else."""

    def __init__(self, up: Callable[[str], bool]) -> None:
        """`up` tells whether a connector can send now."""
        self._up = up
        self._turn: dict[tuple[str, ...], int] = {}

    def choose(self, rule: Rule, same_way: int | None = None) -> str:
        """A connector of the rule: one that is up where there is one, else the preferred one (it will come back).

        Messages with one number `same_way` (parts that will be one text) begin at one connector, whosever turn it is.
        """
        connectors = rule.connectors
        if len(connectors) == 1:
            return connectors[0]
        start = 0
        if rule.strategy == "round_robin":
            if same_way is None:
                start = self._turn.get(connectors, 0)
                self._turn[connectors] = (start + 1) % len(connectors)
            else:
                start = same_way % len(connectors)
        for offset in range(len(connectors)):
            connector = connectors[(start + offset) % len(connectors)]
            if self._up(connector):
                return connector
        return connectors[start]
