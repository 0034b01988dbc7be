"""Receipts without a message, in a transaction: those that wait for their response, and orphans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from smsgwd.model.receipts import Receipt
from smsgwd.store.embedded.transaction import Transaction
from smsgwd.store.rows import ParkedRow

_UNDER: Final = (
    "SELECT p.id, k.form, p.receipt FROM parked_key k JOIN parked p ON p.id = k.parked"
    " WHERE k.grp = ? AND k.key = ? ORDER BY p.id"
)
# '+' keeps SQLite from taking the index by age and sorting all of them.
_ORPHANS: Final = "SELECT id, receipt FROM parked WHERE +orphan = 1 AND id > ? ORDER BY id LIMIT ?"
_DROP: Final = (
    "DELETE FROM parked WHERE id IN"
    " (SELECT id FROM parked WHERE orphan = 1 AND received_at < ? ORDER BY received_at LIMIT ?)"
)
_OLD: Final = "SELECT id FROM parked WHERE orphan = 0 AND received_at < ? ORDER BY received_at LIMIT ?"
_encode = msgspec.json.encode
_receipt_of = msgspec.json.Decoder(Receipt).decode


class ParkedReceipts(Transaction):
    """A transaction that keeps receipts. See `smsgwd.store.work.Work`."""

    def park(self, receipt: Receipt, keys: Sequence[str]) -> None:
        """Keep a receipt until a response has one of these forms of its id; the first is the likeliest."""
        number = self.connection.execute(
            "INSERT INTO parked (received_at, receipt) VALUES (?, ?)", (receipt.received_at, _encode(receipt))
        ).lastrowid
        self.connection.executemany(
            "INSERT OR IGNORE INTO parked_key (grp, key, parked, form) VALUES (?, ?, ?, ?)",
            [(receipt.group, key, number, form) for form, key in enumerate(keys)],
        )
        for key in keys:
            self.memory.parked_under(receipt.group, key)
        self.memory.parked += 1

    def may_be_parked(self, group: str, key: str) -> bool:
        """False when surely no receipt is parked under this form of an id."""
        return self.memory.parked > 0 and self.memory.may_be_parked(group, key)

    def parked_under(self, group: str, key: str) -> list[ParkedRow]:
        """Receipts parked under this form of an id, in the order they came."""
        found = self.connection.execute(_UNDER, (group, key)).fetchall()
        return [ParkedRow(number, form, _receipt_of(encoded)) for number, form, encoded in found]

    def unpark(self, number: int) -> None:
        """A parked receipt, or an orphan, is done with."""
        execute = self.connection.execute
        if execute("DELETE FROM parked WHERE id = ? AND orphan = 0", (number,)).rowcount > 0:
            execute("DELETE FROM parked_key WHERE parked = ?", (number,))
            self.memory.parked -= 1
        else:
            execute("DELETE FROM parked WHERE id = ?", (number,))

    def orphans(self, after: int, limit: int) -> list[ParkedRow]:
        """Receipts that no message was found for in time, by number, those behind `after`."""
        found = self.connection.execute(_ORPHANS, (after, limit)).fetchall()
        return [ParkedRow(number, 0, _receipt_of(encoded)) for number, encoded in found]

    def drop_orphans(self, before: int, limit: int) -> int:
        """Forget the oldest orphans received before then (ms); how many."""
        return self.connection.execute(_DROP, (before, limit)).rowcount

    def orphan_parked(self, before: int, limit: int) -> int:
        """Parked receipts received before then (ms) become orphans, the oldest first; how many."""
        old = self.connection.execute(_OLD, (before, limit)).fetchall()
        self.connection.executemany("UPDATE parked SET orphan = 1 WHERE id = ?", old)
        self.connection.executemany("DELETE FROM parked_key WHERE parked = ?", old)
        self.memory.parked -= len(old)
        return len(old)
