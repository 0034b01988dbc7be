"""The routing table: rules in order, the first that matches wins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smsgwd.routing.conditions import Conditions, NetworkOf, Opening
from smsgwd.routing.rule import Hours, Rewriting, Rule

__all__ = ["Hours", "Rewriting", "Routes", "Rule"]

_BEHIND_ALL: Final = 1 << 60


class _Index:
    """The rules of one tenant (or of everybody) by the number they take."""

    __slots__ = ("_exact", "_lengths", "_prefixes")

    def __init__(self) -> None:
        self._exact: dict[str, list[Conditions]] = {}
        self._prefixes: dict[str, list[Conditions]] = {}
        self._lengths: tuple[int, ...] = ()

    def add(self, conditions: Conditions) -> None:
        """The next rule, in order."""
        exact, prefixes = self._exact, self._prefixes
        patterns = conditions.rule.to
        for pattern in ("*",) if "*" in patterns else patterns:
            rows, key = (prefixes, pattern[:-1]) if pattern[-1] == "*" else (exact, pattern)
            if key[:1] == "+":
                key = key[1:]
            bucket = rows.get(key)
            if bucket is None:
                rows[key] = [conditions]
            elif bucket[-1] is not conditions:
                bucket.append(conditions)

    def close(self) -> None:
        """All rules are in."""
        self._lengths = tuple(sorted(set(map(len, self._prefixes))))

    def buckets(self, msisdn: str) -> list[list[Conditions]]:
        """The rules that take a number, those of each prefix in order. At most one list a length of prefix."""
        prefixes = self._prefixes
        found = []
        for length in self._lengths:
            bucket = prefixes.get(msisdn[:length])
            if bucket is not None:
                found.append(bucket)
        if self._exact:
            bucket = self._exact.get(msisdn)
            if bucket is not None:
                found.append(bucket)
        return found


class Routes:
    """An immutable table compiled from rules. Pure: it may be made in a thread.

    A look-up asks, for each length of prefix there is, for the rules of that prefix, and walks these few in order; it
    never walks the table. Rules of one tenant are in a table of their own: those of others cost nothing.
    """

    def __init__(self, rules: Iterable[Rule], network_of: NetworkOf | None = None) -> None:
        """`rules` in the order they are tried. `network_of` tells the mcc+mnc of a number, '' when it is not known: it
        is asked only where a rule wants to know."""
        self._network_of = network_of or _unknown
        openings: dict[Hours, Opening] = {}
        self._all = tuple(Conditions(place, rule, openings) for place, rule in enumerate(rules))
        self._everybody = _Index()
        self._tenants: dict[str, _Index] = {}
        for conditions in self._all:
            tenant = conditions.rule.tenant
            index = self._everybody if tenant is None else self._tenants.get(tenant)
            if index is None:
                assert tenant is not None
                index = self._tenants[tenant] = _Index()
            index.add(conditions)
        for index in (self._everybody, *self._tenants.values()):
            index.close()
        together = {conditions.rule.connectors for conditions in self._all}
        self._connectors = frozenset(connector for connectors in together for connector in connectors)
        beside: dict[str, set[str]] = {connector: set() for connector in self._connectors}
        for connectors in together:
            for connector in connectors:
                beside[connector].update(connectors)
        self._beside = {connector: frozenset(others - {connector}) for connector, others in beside.items()}

    def find(
        self,
        tenant: str,
        source: str,
        msisdn: str,
        parts: int = 1,
        coding: int = 0,
        channel: str | None = None,
        priority: int = 1,
        now: int = 0,
    ) -> Rule | None:
        """The rule for a message of `tenant` from `source` to the number `msisdn` (digits); None when none matches.

        `coding` is a `Coding`; `channel` what its tenant asked for, None = any; `now` (milliseconds since 1970, UTC)
        when it leaves.
        """
        best = None
        before = _BEHIND_ALL
        index = self._everybody
        own = self._tenants.get(tenant) if self._tenants else None
        network_of = self._network_of
        while True:
            for bucket in index.buckets(msisdn):
                for conditions in bucket:
                    if conditions.place >= before:
                        break
                    if (conditions.plain and channel is None) or conditions.failing(
                        source, msisdn, parts, coding, channel, priority, now, network_of
                    ) is None:
                        best, before = conditions.rule, conditions.place
                        break
            if own is None:
                return best
            index, own = own, None

    @property
    def conditions(self) -> tuple[Conditions, ...]:
        """Every rule in order, compiled: for `explain`."""
        return self._all

    def network_of(self, msisdn: str) -> str:
        """mcc+mnc of a number as the rules see it; '' when it is not known."""
        return self._network_of(msisdn)

    def __len__(self) -> int:
        return len(self._all)

    def connectors(self) -> frozenset[str]:
        """All that stand in a rule."""
        return self._connectors

    def beside(self, connector: str) -> frozenset[str]:
        """The connectors that stand in a rule with this one: where what is queued for it may go."""
        return self._beside.get(connector, frozenset())


def _unknown(_msisdn: str) -> str:
    return ""
