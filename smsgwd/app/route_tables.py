"""The routing table: what the configuration declares, and the stored routes that go before it.

A table is compiled whole, in a thread, and takes the place of the old one in one turn of the reactor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from smsgwd.app.tables import RuleKey, devices_of, rule_key, rules_of, stored_rules, usable_rules
from smsgwd.config import Config
from smsgwd.model.records import Record
from smsgwd.net.breaks import Breaks
from smsgwd.routing.table import Routes, Rule


@dataclass(frozen=True, slots=True)
class Declared:
    """What routing takes from the configuration: its rules, the connectors by kind, and what suppliers cost."""

    rules: Sequence[Rule]
    connectors: frozenset[str]
    devices: frozenset[str]
    supplier_lists: dict[str, str]  #: stored price lists by connector


def declared_of(config: Config) -> Declared:
    """The routing part of a configuration."""
    return Declared(
        rules_of(config),
        frozenset(each.id for each in config.connectors),
        devices_of(config),
        {each.id: each.price_list for each in config.connectors if each.price_list is not None},
    )


@dataclass(frozen=True, slots=True)
class Compiled:
    """A table ready for use, and the stored routes that cannot be used, with the reason."""

    routes: Routes
    declared: Declared
    unusable: list[tuple[Record, str]]
    rules: dict[RuleKey, Rule] = field(repr=False)


class RouteTables:
    """Compiles routing tables; remembers the stored rules as they were read, so that only new ones are read again."""

    def __init__(self, declared: Declared, network_of: Callable[[str], str]) -> None:
        self.declared = declared
        self._network_of = network_of
        self._rules: dict[RuleKey, Rule] = {}
        self._fresh: dict[RuleKey, Rule] = {}  # as they were checked: they may be stored next

    def alone(self) -> Routes:
        """The table of the declared rules."""
        return Routes(self.declared.rules, self._network_of, self.declared.devices)

    def forget_checked(self) -> None:
        """What was checked before is not stored after all."""
        self._fresh = {}

    def check(self, record: Record) -> None:
        """Raise Refused(INVALID) for a stored route that cannot be compiled. Pure: it may run in a thread."""
        if rule_key(record) in self._rules:
            return
        [rule] = stored_rules([record], self.declared.connectors)
        Routes([rule], self._network_of, self.declared.devices)
        self._fresh[rule_key(record)] = rule

    def compiled(self, records: Sequence[Record], declared: Declared | None = None) -> Compiled:
        """The table of these stored routes and the declared ones (of another configuration, where that is given).
        It runs in a thread."""
        wanted = self.declared if declared is None else declared
        known = {**self._rules, **self._fresh}
        if declared is not None:  # what was good may name a connector that is not there any more
            known = {key: rule for key, rule in known.items() if wanted.connectors.issuperset(rule.connectors)}
        rules, unusable = usable_rules(Breaks().among(records), wanted.connectors, known)
        routes = Routes(Breaks().among([*rules, *wanted.rules]), self._network_of, wanted.devices)
        keys = map(rule_key, records)
        return Compiled(routes, wanted, unusable, {key: known[key] for key in keys if key in known})

    def become(self, compiled: Compiled) -> Routes:
        """This is the table from now on; gives its routes."""
        self.declared, self._rules = compiled.declared, compiled.rules
        return compiled.routes
