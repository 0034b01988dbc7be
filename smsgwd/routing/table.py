"""The routing table: rules in order, the first that matches wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from smsgwd.model.prefixes import HEAD
from smsgwd.routing.conditions import Conditions, NetworkOf, Opening
from smsgwd.routing.rule import Hours, Rewriting, Rule

__all__ = ["Hours", "Rewriting", "Routes", "Rule"]

_BEHIND_ALL: Final = 1 << 60
_EXACT: Final = -1
_HEADS_REMEMBERED: Final = 20_000
_FEW_LENGTHS: Final = 2  # asking for these costs no more than a head does


#: What a number is asked for: the first rule of its head that asks nothing more; rules in order that may stand before
#: it; the lengths of prefixes whose rules may (`_EXACT` = those of the whole number).
_Candidates = tuple[Conditions | None, Sequence[list[Conditions]], tuple[int, ...]]


class _Keys:
    """Rules by patterns of one kind: exact values and prefixes, each with its rules in order."""

    __slots__ = ("_below", "all", "exact", "first", "heads", "prefixes")

    def __init__(self) -> None:
        self.exact: dict[str, list[Conditions]] = {}
        self.prefixes: dict[str, list[Conditions]] = {}
        self.first = _BEHIND_ALL  #: place of the first rule in it
        self.all: _Candidates = (None, (), ())  #: each length there is: what any value may be asked for
        self.heads: dict[str, _Candidates] | None = None  #: by first characters, of late; None = they would not help
        self._below: tuple[tuple[int, dict[str, int]], ...] = ()  #: longer than a head: place of the first rule by head

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
        self.all = (None, (), (*lengths, _EXACT) if self.exact else tuple(lengths))
        if len(self.all[2]) <= _FEW_LENGTHS:
            return
        self.heads = {}
        # Keys stand in the order of their first rules: from the end, the first of a head is written last.
        rows = [(key, bucket[0].place) for key, bucket in reversed(self.prefixes.items()) if len(key) > HEAD]
        below = [
            (length, {key[:HEAD]: place for key, place in rows if len(key) == length})
            for length in lengths
            if length > HEAD
        ]
        if self.exact:
            whole = {key[:HEAD]: bucket[0].place for key, bucket in reversed(self.exact.items())}
            below.append((_EXACT, whole))
        self._below = tuple(below)

    def remember(self, head: str, heads: dict[str, _Candidates]) -> _Candidates:
        """What a value that begins so is asked for, where any channel will do."""
        buckets = [self.prefixes.get(head[:length]) for length in self.all[2] if 0 <= length <= HEAD]
        fitting = [bucket for bucket in buckets if bucket is not None]
        sure: Conditions | None = None
        before = _BEHIND_ALL
        for bucket in fitting:
            plain = next((conditions for conditions in bucket if conditions.plain), None)
            if plain is not None and plain.place < before:
                sure, before = plain, plain.place
        below = [length for length, places in self._below if places.get(head, _BEHIND_ALL) < before]
        if len(heads) >= _HEADS_REMEMBERED:
            heads.clear()
        known = heads[head] = sure, tuple([bucket for bucket in fitting if bucket[0].place < before]), tuple(below)
        return known


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

    A look-up asks for the rules of a number's head (its first digits) and, for each length of longer prefix that there
    is below that head and that may stand before these, for the rules of that prefix. It walks these few in order, never
    the table. Rules of one tenant are in a table of their own: those of others cost nothing.
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
        self._everybody = _Index()
        self._tenants: dict[str, _Index] = {}
        compiled: list[Conditions] = []
        for place, rule in enumerate(rules):  # whoever gives them may make breaks in between
            conditions = Conditions(place, rule, _channel(rule.connectors, devices), openings)
            compiled.append(conditions)
            tenant = rule.tenant
            index = self._everybody if tenant is None else self._tenants.get(tenant)
            if index is None:
                assert tenant is not None
                index = self._tenants[tenant] = _Index()
            index.add(conditions)
        self._all = tuple(compiled)
        for index in (self._everybody, *self._tenants.values()):
            index.close()
        together = {conditions.rule.connectors for conditions in self._all}
        self._connectors = frozenset(connector for connectors in together for connector in connectors)
        beside: dict[str, set[str]] = {connector: set() for connector in self._connectors}
        for connectors in together:
            for connector in connectors:
                beside[connector].update(connectors)
        network = self._connectors - devices  # where what asked for a phone may go, if it says so
        for connector in self._connectors & devices:
            beside[connector] |= network
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
            heads = keys.heads
            if heads is None or channel is not None:
                sure, buckets, lengths = keys.all
            else:
                sure, buckets, lengths = heads.get(value[:HEAD]) or keys.remember(value[:HEAD], heads)
                if sure is not None and sure.place < before:
                    best, before = sure, sure.place
            if lengths:
                asked = list(buckets)
                for length in lengths:
                    found = keys.prefixes.get(value[:length]) if length >= 0 else keys.exact.get(value)
                    if found is not None:
                        asked.append(found)
                buckets = asked
            for bucket in buckets:
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
