"""Opt-out lists in a transaction. `Memory.opted` and `listed` have what need not be looked up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.transaction import Transaction

_FIND: Final = Many(
    "WITH wanted (tenant, msisdn) AS (VALUES ",
    "(?, ?)",
    ") SELECT o.tenant, o.msisdn FROM wanted w CROSS JOIN optout o ON o.tenant = w.tenant AND o.msisdn = w.msisdn",
)


class OptOuts(Transaction):
    """A transaction that knows who takes no more messages. See `smsgwd.store.work.Work`."""

    def opted(self) -> Collection[str]:
        """Tenants whose lists may have entries."""
        return self.memory.opted

    def listed(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these (tenant, msisdn) that are on the tenant's list.

        All of them are known afterwards: one look-up for those of a transaction does for each of its changes.
        """
        known = self.memory.listed
        unknown = [pair for pair in pairs if pair not in known]
        if unknown:
            known.update(dict.fromkeys(unknown, False))
            found = _FIND.find(self.connection, [word for pair in unknown for word in pair])
            known.update(((tenant, msisdn), True) for tenant, msisdn in found)
        return {pair for pair in pairs if known[pair]}

    def list_number(self, tenant: str, msisdn: str, at: int, source: str) -> bool:
        """Put a number on a list; False when it is there: the first entry stands."""
        changed = self.connection.execute(
            "INSERT OR IGNORE INTO optout (tenant, msisdn, at, source) VALUES (?, ?, ?, ?)",
            (tenant, msisdn, at, source),
        ).rowcount
        self.memory.opted.add(tenant)
        self.memory.listed[tenant, msisdn] = True
        return changed > 0

    def unlist_number(self, tenant: str, msisdn: str) -> bool:
        """Take a number off a list; False when it is not there."""
        if tenant not in self.memory.opted:
            return False
        self.memory.listed[tenant, msisdn] = False
        gone = self.connection.execute("DELETE FROM optout WHERE tenant = ? AND msisdn = ?", (tenant, msisdn))
        return gone.rowcount > 0
