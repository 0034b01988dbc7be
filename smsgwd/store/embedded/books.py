"""The ledger of one transaction under construction: who pays, and the entries that say so.

What a transaction does to one tenant in one kind is one entry, written by `write` at its end. Entries get their numbers
then, in the order in which tenants were touched first; of one tenant refunds come before charges and reservations, so
that no entry shows a balance lower than it ever was. An entry of its own (`enter`: a top-up, a correction, a lookup)
closes what is open of its tenant before it. So the sum of a tenant's amounts up to an entry, in the order of their
numbers, is the balance that entry shows, always.

A number is 1024 times the time (ms) of its entry, or one more than the last where that is higher: entries of a span of
time are a range of the primary key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from smsgwd.model.ledger import EntryKind, pack_payers, unpack_payers
from smsgwd.model.message import Message
from smsgwd.store.embedded.account import Account, Booking
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.memory import Memory

#: Entries of one millisecond before their numbers run ahead of it.
A_MS: Final = 1024

_PUT: Final = Many(
    "INSERT INTO ledger (id, tenant, at, kind, amount, reserved, balance, messages, parts, message, reference, note)"
    " VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
)
_SET: Final = Many(
    "WITH new (balance, reserved, id) AS (VALUES ",
    "(?, ?, ?)",
    ") UPDATE tenant SET balance = new.balance, reserved = new.reserved FROM new WHERE tenant.id = new.id",
)
_RESERVE: Final = int(EntryKind.RESERVE)
_CHARGE: Final = int(EntryKind.CHARGE)
_REFUND: Final = int(EntryKind.REFUND)

payers_of = lru_cache(maxsize=4096)(unpack_payers)


class Books:
    """What is owed and paid in a transaction. Methods raise sqlite3.Error; after a rollback nothing of it counts."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self._connection = connection
        self._memory = memory
        self._accounts = memory.accounts
        self._touched: list[Account] = []
        self._values: list[Any] = []  # of _PUT
        self._references: set[tuple[str, str]] = set()  # of entries in `_values`

    def account(self, tenant: str) -> Account | None:
        """A tenant's money; None for a tenant the store does not know."""
        return self._accounts.get(tenant) or self._memory.account(self._connection, tenant)

    # -- messages --------------------------------------------------------------------------------------------------

    def reserve(self, tenant: str, messages: Sequence[Message], amount: int, at: int) -> bool:
        """Reserve `amount`, the price of all these messages that only their tenant pays for; False, and nothing
        reserved, when it has not that much."""
        account = self._accounts.get(tenant) or self.account(tenant)
        if account is None or amount == 0:
            return True
        floor = account.floor
        if floor is not None and account.balance - amount < floor:
            return False
        if len(messages) == 1:
            message = messages[0]
            self._take(account, amount, at, 1, message.parts, message.id)
        else:
            paid = [message.parts for message in messages if message.price]
            self._take(account, amount, at, len(paid), sum(paid), None)
        return True

    def reserve_chain(self, message: Message, at: int) -> bool:
        """Reserve a message with everybody who pays for it, or with nobody (False).

        Who the store does not know pays nothing: `message.payers` has only those that do, afterwards.
        """
        who = self._payers(message, message.tenant)
        if any(account.short(price) for account, price in who):
            return False
        for account, price in who:
            if price:
                self._take(account, price, at, 1, message.parts, message.id)
        return True

    def exchange(self, old: Message, new: Message, at: int) -> bool:
        """What was reserved for a message becomes what another in its place costs, of everybody who pays for the one
        or the other; False, and nothing changed, when one of them cannot pay the difference."""
        more = {account.id: (account, price) for account, price in self._payers(new, old.tenant)}
        for account, price in self._payers(old, old.tenant):
            more[account.id] = (account, more.get(account.id, (account, 0))[1] - price)
        who = list(more.values())
        if any(account.short(amount) for account, amount in who):
            return False
        for account, amount in who:
            if amount:
                self._take(account, amount, at, 0, new.parts - old.parts, new.id)
        return True

    def _payers(self, message: Message, tenant: str) -> list[tuple[Account, int]]:
        """Everybody the store knows who pays for a message of this tenant, with what; drops others from it."""
        own = self.account(tenant)
        who = [] if own is None else [(own, message.price)]
        if message.payers is None:
            return who
        payers = payers_of(message.payers)
        known = [(account, price) for name, price in payers if (account := self.account(name)) is not None]
        if len(known) < len(payers):
            message.payers = pack_payers(tuple((account.id, price) for account, price in known))
        return who + known

    def close(self, message: Message, after: int, free: bool, at: int) -> None:
        """A message ended in the state `after`: what was reserved is paid, or given back to all of its payers where
        nothing of it was sent (`free`) or its tenant is refunded for this state."""
        account = self._accounts.get(message.tenant) or self.account(message.tenant)
        if account is not None:
            if account.refunds is not None and after in account.refunds:
                free = True
            if message.price:
                self._settle(account, message.price, free, at, message)
        if message.payers is not None:
            for name, price in payers_of(message.payers):
                ancestor = self.account(name)
                if ancestor is not None and price:
                    self._settle(ancestor, price, free, at, message)

    def _take(self, account: Account, amount: int, at: int, messages: int, parts: int, message: int | None) -> None:
        account.balance -= amount
        account.reserved += amount
        booking = account.reserve
        if booking is None:
            account.reserve = Booking(at, amount, messages, parts, message)
            self._touch(account)
            return
        booking.amount += amount
        booking.messages += messages
        booking.parts += parts
        if booking.message != message:
            booking.message = None

    def _settle(self, account: Account, price: int, free: bool, at: int, message: Message) -> None:
        account.reserved -= price
        if free:
            account.balance += price
            booking = account.refund
        else:
            booking = account.charge
        if booking is None:
            booking = Booking(at, price, 1, message.parts, message.id)
            if free:
                account.refund = booking
            else:
                account.charge = booking
            self._touch(account)
            return
        booking.amount += price
        booking.messages += 1
        booking.parts += message.parts
        if booking.message != message.id:
            booking.message = None

    def _touch(self, account: Account) -> None:
        if not account.touched:
            account.touched = True
            self._touched.append(account)

    # -- anything else ---------------------------------------------------------------------------------------------

    def known(self, tenant: str, reference: str) -> bool:
        """True when the tenant's ledger has an entry with this reference."""
        if (tenant, reference) in self._references:
            return True
        found = self._connection.execute(
            "SELECT 1 FROM ledger WHERE tenant = ? AND reference = ?", (tenant, reference)
        ).fetchone()
        return found is not None

    def enter(
        self, account: Account, kind: EntryKind, amount: int, at: int, reference: str | None = None, note: str = ""
    ) -> int:
        """An entry of its own that adds `amount` to the balance; its number."""
        self._touch(account)
        self._number_open(account)
        account.balance += amount
        account.booked += amount
        number = self._number(at)
        values = (number, account.id, at, int(kind), amount, 0, account.booked, 0, 0, None, reference, note or None)
        self._values += values
        if reference is not None:
            self._references.add((account.id, reference))
        return number

    def open(self, account: Account, amount: int, messages: int, parts: int, at: int) -> None:
        """Reserve what messages cost that were taken before their tenant was known, whatever it has."""
        self._take(account, amount, at, messages, parts, None)

    # -- writing ---------------------------------------------------------------------------------------------------

    def _number(self, at: int) -> int:
        memory = self._memory
        number = max(memory.next_entry, at * A_MS)
        memory.next_entry = number + 1
        return number

    def _number_open(self, account: Account) -> None:
        """Give the open entries of a tenant their numbers."""
        name, values = account.id, self._values
        booking = account.refund
        if booking is not None:
            account.refund = None
            account.booked = booked = account.booked + booking.amount
            values += (self._number(booking.at), name, booking.at, _REFUND, booking.amount, -booking.amount, booked)
            values += (booking.messages, booking.parts, booking.message, None, None)
        booking = account.charge
        if booking is not None:
            account.charge = None
            values += (self._number(booking.at), name, booking.at, _CHARGE, 0, -booking.amount, account.booked)
            values += (booking.messages, booking.parts, booking.message, None, None)
        booking = account.reserve
        if booking is not None:
            account.reserve = None
            account.booked = booked = account.booked - booking.amount
            values += (self._number(booking.at), name, booking.at, _RESERVE, -booking.amount, booking.amount, booked)
            values += (booking.messages, booking.parts, booking.message, None, None)

    def write(self) -> None:
        """Write the entries, and the sums of whom they are about: once, at the end of the transaction."""
        if not self._touched:
            return
        sums: list[Any] = []
        for account in self._touched:
            self._number_open(account)
            account.touched = False
            sums += (account.balance, account.reserved, account.id)
        self._touched = []
        _PUT.run(self._connection, self._values)
        _SET.run(self._connection, sums)
        self._values = []
        self._references.clear()
