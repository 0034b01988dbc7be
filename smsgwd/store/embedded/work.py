"""One transaction under construction, whole: what `smsgwd.store.apply` may ask of it, and money and upkeep by SQL."""

from __future__ import annotations

from typing import Final

from smsgwd.store.embedded.mo_parts import MoParts
from smsgwd.store.embedded.optouts import OptOuts
from smsgwd.store.embedded.parked import ParkedReceipts
from smsgwd.store.embedded.submissions import Submissions
from smsgwd.store.embedded.sweeps import Sweeps

_UNSETTLED: Final = (
    "SELECT COALESCE(sum(price), 0), count(*), COALESCE(sum(parts), 0) FROM message INDEXED BY message_tenant"
    " WHERE tenant = ? AND state < 10 AND price != 0"
)
_DROP_ANSWERS: Final = (
    "DELETE FROM idempotency WHERE (tenant, key) IN"
    " (SELECT tenant, key FROM idempotency WHERE made_at < ? ORDER BY made_at LIMIT ?)"
)
_DROP_PUSHES: Final = (
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE status = 1 AND done_at < ? ORDER BY done_at LIMIT ?)"
)
_REVIVE: Final = (
    "UPDATE outbox SET status = 0, attempts = 0, due_at = ?, done_at = NULL, last_error = NULL WHERE id IN"
    " (SELECT id FROM outbox WHERE target = ? AND status = 2 ORDER BY id LIMIT ?)"
)


class Work(Submissions, OptOuts, ParkedReceipts, MoParts, Sweeps):
    """The state of one transaction. Methods raise sqlite3.Error; the writer rolls back then, and loads `memory`."""

    # -- tenants ---------------------------------------------------------------------------------------------------

    def set_terms(self, tenant: str, floor: int | None, refunds: frozenset[int] | None) -> None:
        """How far a tenant's balance may fall, and what it is refunded."""
        self.connection.execute("UPDATE tenant SET floor = ? WHERE id = ?", (floor, tenant))
        account = self.memory.accounts.get(tenant)
        if account is None:
            self.memory.accounts.pop(tenant, None)  # it was unknown: look again
        else:
            account.floor, account.refunds = floor, refunds

    def unsettled(self, tenant: str) -> tuple[int, int, int]:
        """What a tenant's open messages cost it, how many of them cost something, and how many parts these have."""
        self.flush()  # what this transaction took for it is in the table then
        found: tuple[int, int, int] = self.connection.execute(_UNSETTLED, (tenant,)).fetchone()
        return found

    # -- upkeep ----------------------------------------------------------------------------------------------------

    def drop_answers(self, before: int, limit: int) -> int:
        """Forget idempotency keys used before then (ms), the oldest first; how many."""
        return self.connection.execute(_DROP_ANSWERS, (before, limit)).rowcount

    def drop_pushes(self, before: int, limit: int) -> int:
        """Forget pushes that were done before then (ms), the oldest first; how many."""
        self.pushes.flush()
        return self.connection.execute(_DROP_PUSHES, (before, limit)).rowcount

    def revive(self, target: str, at: int, limit: int) -> int:
        """What was given up of a target is due at `at` (ms), as if never tried, the oldest first; how many."""
        self.pushes.flush()
        self.memory.walks.messages.gather()
        return self.connection.execute(_REVIVE, (at, target, limit)).rowcount
