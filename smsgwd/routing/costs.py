"""What connectors cost us: their suppliers' price lists, as they are in effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smsgwd.model.prices import PriceTable, in_effect
from smsgwd.model.records import PriceListRecord


class Costs:
    """Immutable: connector → price list. A connector without a list has no cost that is known."""

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[str, PriceTable] | None = None) -> None:
        """`tables` by connector."""
        self._tables = dict(tables or {})

    def cost(self, connector: str, msisdn: str, network: str = "") -> int | None:
        """Micro-units a part to a number in a network (mcc+mnc, '' = not known); None when it is not known."""
        table = self._tables.get(connector)
        return None if table is None else table.price(msisdn, network)

    @property
    def needs_network(self) -> bool:
        """True when a list has prices by operator."""
        return any(table.needs_network for table in self._tables.values())


def costs_at(
    named: Mapping[str, str], lists: Iterable[PriceListRecord], now: int, known: Mapping[str, PriceTable] | None = None
) -> tuple[Costs, int | None]:
    """The costs at `now` (milliseconds since 1970) of connectors whose lists are `named`, and when they change next.

    `known` are tables compiled already, by name, with which a list of that name is not compiled again.
    """
    lists = list(lists)
    tables: dict[str, PriceTable | None] = dict(known or {})
    following: int | None = None
    for name in set(named.values()):
        record, change = in_effect(lists, name, now)
        if change is not None and (following is None or change < following):
            following = change
        if name not in tables:
            tables[name] = None if record is None else PriceTable(record.rates)
    found = {connector: table for connector, name in named.items() if (table := tables[name]) is not None}
    return Costs(found), following
