"""Which connector of a rule carries the next message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final
from zlib import crc32

from smsgwd.routing.costs import Costs
from smsgwd.routing.rule import Rule

_MASK: Final = (1 << 64) - 1
_ODD_1: Final = 0xBF58476D1CE4E5B9  # the constants of splitmix64, which spread near numbers far apart
_ODD_2: Final = 0x94D049BB133111EB
_MOST_KEYS: Final = 10_000

#: Connectors in order of preference.
_Order = Sequence[str]


class Chooser:
    """Applies a rule's strategy. Holds whose turn it is and nothing else: the same questions get the same answers.

    `costs` may be exchanged at any time; turns go on where they are, also when rules are compiled anew.
    """

    def __init__(self, up: Callable[[str], bool], costs: Costs | None = None) -> None:
        """`up` tells whether a connector can send now."""
        self._up = up
        self.costs = costs or Costs()
        self._turn: dict[tuple[str, ...], int] = {}
        self._weighed: dict[tuple[tuple[str, ...], tuple[int, ...]], dict[str, int]] = {}
        self._keys: dict[str, int] = {}

    def choose(
        self,
        rule: Rule,
        msisdn: str = "",
        *,
        rate: int | None = None,
        network: str = "",
        same_way: int | None = None,
    ) -> str | None:
        """A connector of the rule: one that is up where there is one, else the preferred one (it will come back). None
        when the margin leaves none.

        `rate` is what the tenant pays a part (micro-units); None = not known, and no margin is asked. Messages with one
        number `same_way` (parts that will be one text) begin at one connector, whosever turn it is.
        """
        return self._first(rule, msisdn, rate, network, same_way, counts=True)

    def look(self, rule: Rule, msisdn: str = "", *, rate: int | None = None, network: str = "") -> str | None:
        """What `choose` would say, without anybody's turn being over."""
        return self._first(rule, msisdn, rate, network, None, counts=False)

    def carrying(self, rule: Rule, msisdn: str, *, rate: int | None = None, network: str = "") -> _Order:
        """The connectors that the margin allows, those that stand by included; the cheapest first where that counts."""
        allowed = self._allowed(rule, msisdn, rate, network)
        return self._cheapest(allowed, msisdn, network) if rule.strategy == "least_cost" else allowed

    def fallback(
        self, rule: Rule, chosen: str, msisdn: str, *, rate: int | None = None, network: str = ""
    ) -> str | None:
        """As `Rule.fallback`, with only those that the margin allows."""
        if rule.on_undelivered != "next" or not rule.prices_matter:
            return rule.fallback(chosen)
        others = self.carrying(rule, msisdn, rate=rate, network=network)
        return ",".join(connector for connector in others if connector != chosen) or None

    # ------------------------------------------------------------------ how
    def _first(
        self, rule: Rule, msisdn: str, rate: int | None, network: str, same_way: int | None, *, counts: bool
    ) -> str | None:
        connectors: _Order = rule.connectors
        if rule.margin is not None:
            connectors = self._allowed(rule, msisdn, rate, network)
        if len(connectors) < 2:
            return connectors[0] if connectors else None
        strategy = rule.strategy
        if strategy == "weighted":
            return self._by_weight(rule, connectors, same_way, counts=counts)
        if strategy == "round_robin":
            connectors = self._in_turn(connectors, same_way, counts=counts)
        elif strategy == "least_cost":
            connectors = self._cheapest(connectors, msisdn, network)
        elif strategy == "sticky":
            connectors = self._sticking(connectors, msisdn)
        up = self._up
        for connector in connectors:
            if up(connector):
                return connector
        return connectors[0]

    def _allowed(self, rule: Rule, msisdn: str, rate: int | None, network: str) -> _Order:
        """Those that leave at least the margin; one whose cost is not known is not among them."""
        margin = rule.margin
        if margin is None or rate is None:
            return rule.connectors
        most = rate * (100 - margin)
        cost = self.costs.cost
        return [
            connector
            for connector in rule.connectors
            if (each := cost(connector, msisdn, network)) is not None and each * 100 <= most
        ]

    def _cheapest(self, connectors: _Order, msisdn: str, network: str) -> _Order:
        """The cheapest first, those of one cost in the order of the rule, those whose cost is not known last."""
        cost = self.costs.cost
        priced = [(cost(connector, msisdn, network), connector) for connector in connectors]
        known = sorted(((each, connector) for each, connector in priced if each is not None), key=lambda pair: pair[0])
        return [connector for _, connector in known] + [connector for each, connector in priced if each is None]

    def _in_turn(self, connectors: _Order, same_way: int | None, *, counts: bool) -> _Order:
        if same_way is not None:
            start = same_way % len(connectors)
        else:
            key = tuple(connectors)
            start = self._turn.get(key, 0)
            if counts:
                self._turn[key] = (start + 1) % len(connectors)
        return [*connectors[start:], *connectors[:start]]

    def _by_weight(self, rule: Rule, connectors: _Order, same_way: int | None, *, counts: bool) -> str:
        """Smooth weighted round robin over those that are up: 5:1:1 goes a a b a c a a, not five in a row."""
        weights = dict(zip(rule.connectors, rule.weights, strict=False))
        ready = [connector for connector in connectors if self._up(connector)]
        if not ready:
            return max(connectors, key=lambda connector: weights.get(connector, 1))
        total = sum(weights.get(connector, 1) for connector in ready)
        if same_way is not None and total:
            point = same_way % total
            for connector in ready:
                point -= weights.get(connector, 1)
                if point < 0:
                    return connector
        lead = self._weighed.setdefault((rule.connectors, rule.weights), {})
        if not counts:
            lead = dict(lead)
        for connector in ready:
            lead[connector] = lead.get(connector, 0) + weights.get(connector, 1)
        chosen = max(ready, key=lead.__getitem__)
        lead[chosen] -= total
        return chosen

    def _sticking(self, connectors: _Order, msisdn: str) -> _Order:
        """By a hash of recipient and connector (rendezvous hashing): when one goes down only its own recipients move,
        and they come back with it."""
        number = crc32(msisdn.encode())
        keys = self._keys
        scored = []
        for connector in connectors:
            key = keys.get(connector)
            if key is None:
                if len(keys) >= _MOST_KEYS:
                    keys.clear()
                key = keys[connector] = int.from_bytes(blake2b(connector.encode(), digest_size=8).digest(), "big")
            score = ((number ^ key) * _ODD_1) & _MASK
            score = ((score ^ (score >> 27)) * _ODD_2) & _MASK
            scored.append((score ^ (score >> 31), connector))
        scored.sort(reverse=True)
        return [connector for _, connector in scored]
