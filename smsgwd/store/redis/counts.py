"""Counts of tenants in one transaction: how much each changes, which the server adds to what there is.

Other nodes count the same tenants at the same time, so nothing is read and written back. Messages taken (`accepted`)
are counted by the server, which numbers them (`Program.numbered`).
"""

from __future__ import annotations

from typing import Final

from smsgwd.store.counts import Count, Counts
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.tx import Tx

_ADDED: Final = (
    "scheduled", "delivered", "failed", "cancelled", "contacts", "groups", "templates", "orders",
)  # fmt: skip


class RedisCounts(Counts):
    """What one transaction adds: each `Count` begins at nothing."""

    def __init__(self, tx: Tx, keys: Keys) -> None:
        super().__init__({})
        self._tx = tx
        self._keys = keys

    def of(self, tenant: str) -> Count:
        """What is added to a tenant's counts."""
        count = self.known.get(tenant)
        if count is None:
            count = self.known[tenant] = Count(tenant, touched=True)
        return count

    def write(self) -> None:
        """Have the server add it: once, at the end of the transaction."""
        for tenant, count in self.known.items():
            key = self._keys.tally(tenant)
            for name in _ADDED:
                more = getattr(count, name)
                if more:
                    self._tx.increment(key, name, more)
