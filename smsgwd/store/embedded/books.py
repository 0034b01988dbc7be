"""The ledger in the file: how entries of a transaction are written, and which are a tenant's.

The newest entry of a tenant is its balance, and what it has reserved: no further row is written. Which entries are a
tenant's is entered for some thousands of them at once: each tenant that a commit writes another page for costs 5 us.
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Any, Final

from smsgwd.store.books import A_MS, Account, Booking
from smsgwd.store.books import Books as BaseBooks
from smsgwd.store.counts import Counts
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.memory import Memory

_COLUMNS: Final = "id, tenant, at, kind, amount, reserved, balance, held, messages, parts, message"
_PUT: Final = Many(f"INSERT INTO ledger ({_COLUMNS}) VALUES ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
_PUT_OTHER: Final = f"INSERT INTO ledger ({_COLUMNS}, reference, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_WIDTH: Final = 11
#: Entries that may be missing in `ledger_of`: who asks for a tenant's reads them all, in a millisecond.
MOST_APART: Final = 4096
_ENTER: Final = (
    "INSERT INTO ledger_of (tenant, id) SELECT tenant, id FROM ledger"
    " WHERE id > (SELECT value FROM meta WHERE key = 'ledger_of') ORDER BY tenant, id"
)


class Books(BaseBooks):
    """What is owed and paid in a transaction. Methods raise sqlite3.Error; after a rollback nothing of it counts."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory, counts: Counts) -> None:
        super().__init__(memory.accounts, counts)
        self._connection = connection
        self._memory = memory
        self._values: list[Any] = []  # of _PUT
        self._others: list[tuple[Any, ...]] = []  # of _PUT_OTHER

    def account(self, tenant: str) -> Account | None:
        """A tenant's money; None for a tenant the store does not know."""
        return self._accounts.get(tenant) or self._memory.account(self._connection, tenant)

    def known(self, tenant: str, reference: str) -> bool:
        """True when the tenant's ledger has an entry with this reference."""
        if (tenant, reference) in self._references:
            return True
        found = self._connection.execute(
            "SELECT 1 FROM ledger WHERE tenant = ? AND reference = ?", (tenant, reference)
        ).fetchone()
        return found is not None

    def put(
        self,
        account: Account,
        kind: int,
        booking: Booking,
        amount: int,
        reserved: int,
        reference: str | None = None,
        note: str | None = None,
    ) -> int:
        """Add an entry; its number. Most have neither reference nor note: they are written together."""
        at, memory = booking.at, self._memory
        number = at * A_MS
        if number < memory.next_entry:
            number = memory.next_entry
        memory.next_entry = number + 1
        values = (
            *(number, account.id, at, kind, amount, reserved, account.booked, account.held),
            *(booking.messages, booking.parts, booking.message),
        )
        if reference is None and note is None:
            self._values += values
        else:
            self._others.append((*values, reference, note))
        return number

    def write(self) -> None:
        """Write the entries: once, at the end of the transaction."""
        if not self._touched:
            return
        self.enter_touched()
        memory = self._memory
        memory.entries += len(self._values) // _WIDTH + len(self._others)
        if self._values:
            _PUT.run(self._connection, self._values)
            self._values = []
        if self._others:
            self._connection.executemany(_PUT_OTHER, self._others)
            self._others = []
        if memory.entries >= MOST_APART:
            self._connection.execute(_ENTER)
            self._connection.execute("UPDATE meta SET value = (SELECT max(id) FROM ledger) WHERE key = 'ledger_of'")
            memory.entries = 0
