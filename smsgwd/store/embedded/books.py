"""The ledger of one transaction under construction: who pays, and the entries that say so.

What a transaction does to one tenant in one kind is one entry, written by `write` at its end. Entries get their numbers
then, in the order in which tenants were touched first; of one tenant refunds come before charges and reservations, so
that no entry shows a balance lower than it ever was: but where less than nothing would be reserved then, since some of
it was reserved in this transaction. An entry of its own (`enter`: a top-up, a correction, a lookup) closes what is open
of its tenant before it. So the sum of a tenant's amounts up to an entry, in the order of their numbers, is the balance
that entry shows, always.

A number is 1024 times the time (ms) of its entry, or one more than the last where that is higher: entries of a span of
time are a range of the primary key. The newest entry of a tenant is its balance, and what it has reserved: no further
row is written. Which entries are a tenant's is entered for some thousands of them at once: each tenant that a commit
writes another page for costs 5 us.
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from smsgwd.model.ledger import EntryKind, pack_payers, unpack_payers
from smsgwd.model.message import Message
from smsgwd.store.embedded.account import Account, Booking
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.counts import Counts
from smsgwd.store.embedded.memory import Memory

#: Entries of one millisecond before their numbers run ahead of it.
A_MS: Final = 1024

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
_RESERVE: Final = int(EntryKind.RESERVE)
_CHARGE: Final = int(EntryKind.CHARGE)
_REFUND: Final = int(EntryKind.REFUND)

payers_of = lru_cache(maxsize=4096)(unpack_payers)


class Books:
    """What is owed and paid in a transaction. Methods raise sqlite3.Error; after a rollback nothing of it counts."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory, counts: Counts) -> None:
        self._connection = connection
        self._memory = memory
        self._counts = counts
        self._accounts = memory.accounts
        self._touched: list[Account] = []
        self._values: list[Any] = []  # of _PUT
        self._others: list[tuple[Any, ...]] = []  # of _PUT_OTHER
        self._references: set[tuple[str, str]] = set()  # of entries in `_others`

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

    def affordable(self, messages: Sequence[Message]) -> bool:
        """True when all of these can be reserved with everybody who pays for them."""
        owed: dict[str, tuple[Account, int]] = {}
        for message in messages:
            for account, price in self._payers(message, message.tenant):
                _, sum_of = owed.get(account.id, (account, 0))
                owed[account.id] = account, sum_of + price
        return not any(account.short(amount) for account, amount in owed.values())

    def payable(self, messages: Sequence[Message]) -> list[bool]:
        """Of each message, in order, whether it could be reserved beside those before it that could."""
        owed: dict[str, int] = {}
        found: list[bool] = []
        for message in messages:
            payers = [
                (account, owed.get(account.id, 0) + price) for account, price in self._payers(message, message.tenant)
            ]
            found.append(not any(account.short(amount) for account, amount in payers))
            if found[-1]:
                owed.update((account.id, amount) for account, amount in payers)
        return found

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

    def close(self, message: Message, after: int, free: bool, at: int) -> int:
        """A message ended in the state `after`: what was reserved is paid, or given back to all of its payers where
        nothing of it was sent (`free`) or its tenant is refunded for this state. What its tenant paid for it."""
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
        return 0 if free or account is None else message.price

    def _take(self, account: Account, amount: int, at: int, messages: int, parts: int, message: int | None) -> None:
        account.balance -= amount
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
        values = (number, account.id, at, int(kind), amount, 0, account.booked, account.held, 0, 0, None)
        self._others.append((*values, reference, note or None))
        if reference is not None:
            self._references.add((account.id, reference))
        if kind is EntryKind.TOPUP:
            self._counts.of(account.id).orders += 1
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
        if account.reserve is not None and _settled(account) > account.held:
            self._put_reserve(account)  # some of what ended was reserved in this transaction
        if account.refund is not None:
            booking, account.refund = account.refund, None
            self._put(account, booking, _REFUND, booking.amount, -booking.amount)
        if account.charge is not None:
            booking, account.charge = account.charge, None
            self._put(account, booking, _CHARGE, 0, -booking.amount)
        self._put_reserve(account)

    def _put_reserve(self, account: Account) -> None:
        if account.reserve is not None:
            booking, account.reserve = account.reserve, None
            self._put(account, booking, _RESERVE, -booking.amount, booking.amount)

    def _put(self, account: Account, booking: Booking, kind: int, amount: int, reserved: int) -> None:
        at, memory = booking.at, self._memory
        number = at * A_MS
        if number < memory.next_entry:
            number = memory.next_entry
        memory.next_entry = number + 1
        account.booked = booked = account.booked + amount
        account.held = held = account.held + reserved
        self._values += (
            *(number, account.id, at, kind, amount, reserved, booked, held),
            *(booking.messages, booking.parts, booking.message),
        )

    def write(self) -> None:
        """Write the entries: once, at the end of the transaction."""
        if not self._touched:
            return
        for account in self._touched:
            self._number_open(account)
            account.touched = False
        self._touched = []
        memory = self._memory
        memory.entries += len(self._values) // _WIDTH + len(self._others)
        if self._values:
            _PUT.run(self._connection, self._values)
            self._values = []
        if self._others:
            self._connection.executemany(_PUT_OTHER, self._others)
            self._others = []
            self._references.clear()
        if memory.entries >= MOST_APART:
            self._connection.execute(_ENTER)
            self._connection.execute("UPDATE meta SET value = (SELECT max(id) FROM ledger) WHERE key = 'ledger_of'")
            memory.entries = 0


def _settled(account: Account) -> int:
    """What the open entries of a tenant take from what it has reserved."""
    refund, charge = account.refund, account.charge
    return (0 if refund is None else refund.amount) + (0 if charge is None else charge.amount)
