"""What the writer remembers between transactions, so that it need not be read in each.

The writer is the only one who writes: what is here is what the store holds, with the changes of the transaction under
construction. After a rollback everything is forgotten and read again (`load`).
"""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import Any, Final

from smsgwd.store.books import Account
from smsgwd.store.counts import Count
from smsgwd.store.embedded.account import load_account
from smsgwd.store.embedded.walks import Walks
from smsgwd.store.rows import Row

_OUTBOX_BLOCK: Final = 10_000
_MOST_ROWS: Final = 50_000
_MOST_IDS: Final = 50_000
_MOST_KEYS: Final = 20_000
_MOST_LISTED: Final = 10_000
# A tenant after the other by the key, instead of reading every entry.
_OPTED: Final = (
    "WITH RECURSIVE each (tenant) AS (SELECT min(tenant) FROM optout UNION ALL"
    " SELECT (SELECT min(tenant) FROM optout o WHERE o.tenant > each.tenant) FROM each WHERE each.tenant IS NOT NULL)"
    " SELECT tenant FROM each"
)
_TAIL: Final = "SELECT count(*) FROM ledger WHERE id > (SELECT value FROM meta WHERE key = 'ledger_of')"


class Memory:
    """Open messages of late with their SMSC ids, tenants' money, what receipts are parked under, the next outbox id."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}  #: open messages by id, the longest known first
        self.ids: dict[
            str, dict[str, tuple[int, int]]
        ] = {}  #: (message, place) by group and canonical id: `Work.map_smsc`
        self.accounts: dict[str, Account | None] = {}  #: of tenants seen since `load`; None = unknown
        self.counts: dict[str, Count] = {}  #: of tenants seen since `load`
        self.next_entry = 1  #: the ledger's next number, at least
        self.entries = 0  #: of the ledger, not entered in `ledger_of` yet
        self.parked = 0  #: receipts waiting for their response, orphans not counted
        # All they are parked under, and some that were before; None = too many.
        self._keys: set[tuple[str, str]] | None = set()
        self.opted: set[str] = set()  #: tenants whose opt-out lists may have entries
        self.listed: dict[tuple[str, str], bool] = {}  #: (tenant, msisdn) looked up of late: whether it has opted out
        self.walks = Walks()  #: over old rows, for retention and erasure
        self.esmes = False  #: False while surely nothing is owed to any ESME
        self.next_outbox = 1  #: never used before: receivers tell pushes apart by it, also after finished ones went
        self.finals = False  #: what ends is kept for whoever writes it down elsewhere
        self.next_final = 1  #: its next number: never used before
        self.outbox_reserved = 1  #: ids below this may have been used: never to be used again after a restart

    def load(self, connection: sqlite3.Connection) -> None:
        """Forget, and read what must be known."""
        self.rows.clear()
        self.ids.clear()
        self.listed.clear()
        self.walks = Walks()
        self.accounts.clear()
        self.counts.clear()
        if self.next_entry == 1:  # afterwards it only grows
            (last,) = connection.execute("SELECT max(id) FROM ledger").fetchone()
            self.next_entry = (last or 0) + 1
        (self.entries,) = connection.execute(_TAIL).fetchone()
        (self.parked,) = connection.execute("SELECT count(*) FROM parked WHERE orphan = 0").fetchone()
        keys = connection.execute("SELECT grp, key FROM parked_key LIMIT ?", (_MOST_KEYS + 1,)).fetchall()
        self._keys = set(keys) if len(keys) <= _MOST_KEYS else None
        (reserved,) = connection.execute("SELECT value FROM meta WHERE key = 'outbox_ids'").fetchone()
        self.outbox_reserved = max(1, reserved)
        self.next_outbox = max(self.next_outbox, self.outbox_reserved)
        ended = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'final'").fetchone()
        self.next_final = max(self.next_final, 1 if ended is None else ended[0] + 1)
        (owed,) = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE status = 0 AND target >= '@' AND target < 'A')"
            " OR EXISTS (SELECT 1 FROM outbox WHERE status = 2 AND target >= '@' AND target < 'A')"
        ).fetchone()
        self.esmes = bool(owed)
        self.opted = {tenant for (tenant,) in connection.execute(_OPTED) if tenant is not None}

    def trim(self) -> None:
        """Forget the longest known where there is too much; only between transactions."""
        _trim(self.rows, _MOST_ROWS)
        _trim(self.listed, _MOST_LISTED)
        for ids in self.ids.values():
            _trim(ids, _MOST_IDS)
        if not self.parked and self._keys != set():
            self._keys = set()

    def parked_under(self, group: str, key: str) -> None:
        """A receipt is parked under this form of its id."""
        if self._keys is not None:
            self._keys.add((group, key))
            if len(self._keys) > _MOST_KEYS:
                self._keys = None

    def may_be_parked(self, group: str, key: str) -> bool:
        """False when surely no receipt is parked under this id: one that nobody claims would cost each message that is
        sent a SELECT otherwise, 2 us and three hand-overs of the interpreter's lock."""
        return self.parked > 0 and (self._keys is None or (group, key) in self._keys)

    def reserve_outbox(self, connection: sqlite3.Connection) -> None:
        """Take a further block of outbox ids."""
        self.outbox_reserved = self.next_outbox + _OUTBOX_BLOCK
        connection.execute("UPDATE meta SET value = ? WHERE key = 'outbox_ids'", (self.outbox_reserved,))

    def number_final(self, message_id: int) -> int:
        """The number of a message that ends now, under which it is kept for whoever writes it down elsewhere."""
        purged = self.walks.messages
        if message_id < purged.owed_below:
            purged.owed.add(message_id)
        number = self.next_final
        self.next_final = number + 1
        return number

    def account(self, connection: sqlite3.Connection, tenant: str) -> Account | None:
        """A tenant's money; None for an unknown tenant."""
        if tenant not in self.accounts:
            self.accounts[tenant] = load_account(connection, tenant)
        return self.accounts[tenant]


def _trim(known: dict[Any, Any], most: int) -> None:
    """Drop the oldest quarter when there are more than `most`."""
    if len(known) > most:
        for key in list(islice(known, len(known) - most * 3 // 4)):
            del known[key]
