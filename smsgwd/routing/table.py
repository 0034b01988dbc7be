"""The routing table: rules in order, the first that matches wins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smsgwd.routing.conditions import Conditions, NetworkOf, Opening
from smsgwd.routing.rule import Hours, Rewriting, Rule

__all__ = ["Hours", "Rewriting", "Routes", "Rule"]

_BEHIND_ALL: Final = 1 << 60
_EXACT: Final = -1


class _Keys:
    """Rules by patterns of one kind: exact values and prefixes, each with its rules in order."""

    __slots__ = ("exact", "first", "lengths", "prefixes")

    def __init__(self) -> None:
        self.exact: dict[str, list[Conditions]] = {}
        self.prefixes: dict[str, list[Conditions]] = {}
        self.lengths: tuple[int, ...] = ()  #: of prefixes; _EXACT = there are exact values as well
        self.first = _BEHIND_ALL  #: place of the first rule in it

    def add(self, conditions: Conditions, patterns: tuple[str, ...]) -> None:
        """The next rule, in order."""
        self.first = min(self.first, conditions.place)
        exact, prefixes = self.exact, self.prefixes
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
        lengths = sorted(set(map(len, self.prefixes)))
        self.lengths = (*lengths, _EXACT) if self.exact else tuple(lengths)


class _Index:
    """The rules of one tenant (or of everybody): those that ask for a network by network, the others by number."""

    __slots__ = ("networks", "numbers")

    def __init__(self) -> None:
        self.numbers = _Keys()
        self.networks = _Keys()

    def add(self, conditions: Conditions) -> None:
        """The next rule, in order."""
        rule = conditions.rule
        if rule.networks:
            self.networks.add(conditions, rule.networks)
        else:
            self.numbers.add(conditions, rule.to)

    def close(self) -> None:
        """All rules are in."""
        self.numbers.close()
        self.networks.close()


class Routes:
    """An immutable table compiled from rules. Pure: it may be made in a thread.

    A look-up asks, for each length of prefix there is, for the rules of that prefix, and walks these few in order; it
    never walks the table. Rules of one tenant are in a table of their own: those of others cost nothing.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        network_of: NetworkOf | None = None,
        devices: frozenset[str] = frozenset(),
    ) -> None:
        """`rules` in the order they are tried. `network_of` tells the mcc+mnc of a number, '' when it is not known: it
        is asked only where a rule wants to know. `devices` are the connectors whose channel is a device."""
        self._network_of = network_of or _unknown
        openings: dict[Hours, Opening] = {}
        self._all = tuple(
            Conditions(place, rule, _channel(rule.connectors, devices), openings) for place, rule in enumerate(rules)
        )
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
        best: Conditions | None = None
        before = _BEHIND_ALL
        index = self._everybody
        own = self._tenants.get(tenant) if self._tenants else None
        network: str | None = None
        keys, value = index.numbers, msisdn
        while True:
            prefixes = keys.prefixes
            for length in keys.lengths:
                bucket = prefixes.get(value[:length]) if length >= 0 else keys.exact.get(value)
                if bucket is None:
                    continue
                for conditions in bucket:
                    place = conditions.place
                    if place >= before:
                        break
                    if (conditions.plain and channel is None) or conditions.failing(
                        source, msisdn, parts, coding, channel, priority, now
                    ) is None:
                        best, before = conditions, place
                        break
            if keys is not index.networks and index.networks.first < before:
                if network is None:
                    network = self._network_of(msisdn)
                keys, value = index.networks, network
                if network:
                    continue
            if own is None:
                return None if best is None else best.rule
            index, own = own, None
            keys, value = index.numbers, msisdn

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


def _channel(connectors: tuple[str, ...], devices: frozenset[str]) -> str | None:
    """What all of them are: network or device; None when they are of both kinds."""
    if devices.isdisjoint(connectors):
        return "network"
    return "device" if devices.issuperset(connectors) else None


def _unknown(_msisdn: str) -> str:
    return ""
