"""What connectors cost us: their suppliers' price lists, as they are in effect."""

from __future__ import annotations

from collections.abc import Mapping

from smsgwd.model.prices import PriceTable


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
