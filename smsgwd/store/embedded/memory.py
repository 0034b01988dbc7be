"""What the writer remembers between transactions, so that it need not be read in each."""

from __future__ import annotations

import sqlite3
from typing import Final

_OUTBOX_BLOCK: Final = 10_000


class Memory:
    """Balances, the number of parked receipts, the next outbox id. True only for what is committed: after a rollback
    call `forget`.
    """

    def __init__(self) -> None:
        self.balances: dict[str, int | None] = {}  #: of tenants seen since `forget`; None = postpaid or unknown
        self.parked = 0  #: receipts waiting for their response, orphans not counted
        self.next_outbox = 1
        self.outbox_reserved = 1  #: ids below this may have been used: never to be used again after a restart

    def load(self, connection: sqlite3.Connection) -> None:
        """Read everything from the store."""
        self.balances.clear()
        (self.parked,) = connection.execute("SELECT count(*) FROM parked WHERE orphan = 0").fetchone()
        (reserved,) = connection.execute("SELECT value FROM meta WHERE key = 'outbox_ids'").fetchone()
        self.outbox_reserved = max(1, reserved)
        self.next_outbox = max(self.next_outbox, self.outbox_reserved)

    def outbox_id(self, connection: sqlite3.Connection) -> int:
        """A new outbox id, never used before: receivers tell pushes apart by it, also after finished ones went."""
        number = self.next_outbox
        self.next_outbox += 1
        if number >= self.outbox_reserved:
            self.outbox_reserved = number + _OUTBOX_BLOCK
            connection.execute("UPDATE meta SET value = ? WHERE key = 'outbox_ids'", (self.outbox_reserved,))
        return number

    def balance(self, connection: sqlite3.Connection, tenant: str) -> int | None:
        """Micro-units left; None for a postpaid or unknown tenant."""
        try:
            return self.balances[tenant]
        except KeyError:
            found = connection.execute("SELECT balance FROM tenant WHERE id = ?", (tenant,)).fetchone()
            balance: int | None = None if found is None else found[0]
            self.balances[tenant] = balance
            return balance
