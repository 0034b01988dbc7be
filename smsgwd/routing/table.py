"""The routing table: rules in order, the first that matches wins."""

from collections.abc import Sequence

import msgspec


class Rule(msgspec.Struct, frozen=True):
    """One route. A pattern is a number or sender, a prefix followed by `*`, or `*` alone; any of a list may match."""

    connectors: tuple[str, ...]
    to: tuple[str, ...] = ("*",)
    sender: tuple[str, ...] = ("*",)
    tenant: str | None = None
    strategy: str = "failover"  #: failover, round_robin
    on_undelivered: str = "final"  #: final, next: what a receipt 'undelivered' or 'rejected' means

    def fallback(self, chosen: str) -> str | None:
        """What `Message.fallback` says of a message that begins at `chosen`: the other connectors, joined by ','."""
        if self.on_undelivered != "next":
            return None
        return ",".join(connector for connector in self.connectors if connector != chosen) or None


class _Patterns:
    """Patterns of one kind: exact values in a set, prefixes in a tuple for one `startswith`."""

    def __init__(self, patterns: Sequence[str], *, numbers: bool) -> None:
        written = [pattern.lstrip("+") if numbers else pattern for pattern in patterns]
        self._all = "*" in written
        self._exact = frozenset(pattern for pattern in written if not pattern.endswith("*"))
        self._prefixes = tuple(pattern[:-1] for pattern in written if pattern.endswith("*") and pattern != "*")

    def match(self, value: str) -> bool:
        return self._all or value in self._exact or value.startswith(self._prefixes)


class Routes:
    """An immutable table compiled from rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(
            (rule, rule.tenant, _Patterns(rule.to, numbers=True), _Patterns(rule.sender, numbers=False))
            for rule in rules
        )

    def find(self, tenant: str, source: str, msisdn: str) -> Rule | None:
        """The rule for a message of `tenant` from `source` to the number `msisdn` (digits); None when none matches."""
        for rule, only, to, sender in self._rules:
            if (only is None or only == tenant) and to.match(msisdn) and sender.match(source):
                return rule
        return None

    def connectors(self) -> frozenset[str]:
        """All that stand in a rule."""
        return frozenset(connector for rule, *_ in self._rules for connector in rule.connectors)

    def beside(self, connector: str) -> frozenset[str]:
        """The connectors that stand in a rule with this one: where what is queued for it may go."""
        rules = (rule.connectors for rule, *_ in self._rules if connector in rule.connectors)
        return frozenset(other for connectors in rules for other in connectors) - {connector}
