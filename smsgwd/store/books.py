"""The money of one transaction under construction: who pays, and the entries of the ledger that say so.

What a transaction does to one tenant in one kind is one entry, made by `enter_touched` at its end. Entries get their
numbers then, in the order in which tenants were touched first; of one tenant refunds come before charges and
reservations, so that no entry shows a balance lower than it ever was: but where less than nothing would be reserved
then, since some of it was reserved in this transaction. An entry of its own (`enter`: a top-up, a correction, a lookup)
closes what is open of its tenant before it. So the sum of a tenant's amounts up to an entry, in the order of their
numbers, is the balance that entry shows, always.

A number is 1024 times the time (ms) of its entry, or one more than the last where that is higher: entries of a span of
time are a range of numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from smsgwd.model.business import Booked
from smsgwd.model.ledger import EntryKind, pack_payers, unpack_payers
from smsgwd.model.message import Message, states_called
from smsgwd.model.tenant import Tenant
from smsgwd.store.counts import Counts

#: Entries of one millisecond before their numbers run ahead of it.
A_MS: Final = 1024

_RESERVE: Final = int(EntryKind.RESERVE)
_CHARGE: Final = int(EntryKind.CHARGE)
_REFUND: Final = int(EntryKind.REFUND)

payers_of = lru_cache(maxsize=4096)(unpack_payers)


class Booking(msgspec.Struct, gc=False):
    """What one transaction did to one tenant in one kind: an entry that is not written yet."""

    at: int  #: ms since 1970, of the first change
    amount: int = 0  #: micro-units, from 0 (a reservation may be made smaller: below 0)
    messages: int = 0
    parts: int = 0
    message: int | None = None  #: the one it is about; None = several


class Account(msgspec.Struct, gc=False):
    """Micro-units; `booked` and `held` are balance and reserved after the last entry that has its number."""

    id: str
    balance: int
    floor: int | None  #: the balance may not fall below this; None = no limit
    refunds: frozenset[int] | None  #: final states refunded also when sent; None = none
    booked: int
    held: int
    reserve: Booking | None = None
    charge: Booking | None = None
    refund: Booking | None = None
    touched: bool = False  #: this transaction changed it

    def short(self, amount: int) -> bool:
        """True when it cannot pay this much more."""
        return self.floor is not None and amount > 0 and self.balance - amount < self.floor

    def beyond(self, amount: int, most: int) -> bool:
        """True when with this much more its balance were further from nothing than `most`, up or down."""
        return abs(self.balance + amount) > most


def floor_of(tenant: Tenant) -> int | None:
    """How far (micro-units) this tenant's balance may fall; None = no limit."""
    if tenant.credit_limit is not None:
        return -tenant.credit_limit
    return None if tenant.credit is None else 0


def refunds_of(names: tuple[str, ...]) -> frozenset[int] | None:
    """The numbers of the states of these public names; None when there are none."""
    return frozenset(int(state) for name in names for state in states_called(name)) or None


class Books(ABC):
    """What is owed and paid in a transaction. What fails undoes the transaction: nothing of it counts then.

    `accounts` has the money of tenants that need not be looked for; what is None there, or not there, is asked of
    `account`. `counts` are those of the same transaction.
    """

    def __init__(self, accounts: dict[str, Account | None], counts: Counts) -> None:
        self._accounts = accounts
        self._counts = counts
        self._touched: list[Account] = []
        self._references: set[tuple[str, str]] = set()  # of entries of this transaction

    @abstractmethod
    def account(self, tenant: str) -> Account | None:
        """A tenant's money, the same object throughout the transaction; None for a tenant the store does not know."""

    @abstractmethod
    def known(self, tenant: str, reference: str) -> bool:
        """True when the tenant's ledger has an entry with this reference, be it of this transaction."""

    @abstractmethod
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
        """Add an entry (`kind` of EntryKind) that added `amount` to the balance and `reserved` to what is reserved:
        `account.booked` and `account.held` are what they are after it. Its number: see above."""

    @abstractmethod
    def write(self) -> None:
        """Write the entries: once, at the end of the transaction. Calls `enter_touched` first."""

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

    def enter(
        self, account: Account, kind: EntryKind, amount: int, at: int, reference: str | None = None, note: str = ""
    ) -> int:
        """An entry of its own that adds `amount` to the balance; its number."""
        self._touch(account)
        self._enter_open(account)
        account.balance += amount
        account.booked += amount
        number = self.put(account, int(kind), Booking(at), amount, 0, reference, note or None)
        if reference is not None:
            self._references.add((account.id, reference))
        if kind is EntryKind.TOPUP:
            self._counts.of(account.id).orders += 1
        return number

    def booked(self, account: Account, number: int) -> Booked:
        """What `enter` has just done, for whoever wanted it."""
        return Booked(number, account.balance)

    def open(self, account: Account, amount: int, messages: int, parts: int, at: int) -> None:
        """Reserve what messages cost that were taken before their tenant was known, whatever it has."""
        self._take(account, amount, at, messages, parts, None)

    def enter_touched(self) -> None:
        """Make entries of what is open of all tenants."""
        for account in self._touched:
            self._enter_open(account)
            account.touched = False
        self._touched = []

    def _enter_open(self, account: Account) -> None:
        if account.reserve is not None and _settled(account) > account.held:
            self._enter_reserve(account)  # some of what ended was reserved in this transaction
        booking = account.refund
        if booking is not None:
            account.refund = None
            account.booked += booking.amount
            account.held -= booking.amount
            self.put(account, _REFUND, booking, booking.amount, -booking.amount)
        booking = account.charge
        if booking is not None:
            account.charge = None
            account.held -= booking.amount
            self.put(account, _CHARGE, booking, 0, -booking.amount)
        if account.reserve is not None:
            self._enter_reserve(account)

    def _enter_reserve(self, account: Account) -> None:
        booking = account.reserve
        assert booking is not None
        account.reserve = None
        account.booked -= booking.amount
        account.held += booking.amount
        self.put(account, _RESERVE, booking, -booking.amount, booking.amount)


def _settled(account: Account) -> int:
    """What the open entries of a tenant take from what it has reserved."""
    refund, charge = account.refund, account.charge
    return (0 if refund is None else refund.amount) + (0 if charge is None else charge.amount)
