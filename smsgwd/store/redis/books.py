"""The money of one transaction: entries that the server numbers and adds up, within bounds that it checks.

The balance of a tenant is what was read last: other nodes may have booked since. So whether money suffices is decided
for a range of balances, not for one: each decision narrows it (`Purse.low`, `Purse.high`), and the server commits only
where the real balance is within. Two nodes that submit for one tenant conflict only near the end of its money. (What is
reserved decides nothing but in which order a transaction's entries stand.)

How far a balance may fall is in the tenant's row, which is checked like any row that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from smsgwd.model.business import Booked
from smsgwd.model.message import FINAL_FROM, Message
from smsgwd.model.tenant import Tenant
from smsgwd.store.books import Account, Booking, Books, floor_of, refunds_of
from smsgwd.store.counts import Counts
from smsgwd.store.redis.base import Base
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.money import Sums
from smsgwd.store.redis.program import Bounds, Entry
from smsgwd.store.redis.tenants import tenant_from
from smsgwd.store.redis.tx import Tx
from smsgwd.store.work import Work

_FINAL: Final = int(FINAL_FROM)
_PAGE: Final = 1000  # messages read at once
_UNREAD: Final = Sums(0, 0)
_encode: Final = msgspec.msgpack.Encoder().encode


class EntryRest(msgspec.Struct, array_like=True, gc=False):
    """What an entry says besides its number and the sums after it. New fields come last, with defaults."""

    kind: int
    at: int
    amount: int
    reserved: int
    messages: int
    parts: int
    message: int | None
    reference: str | None
    note: str | None


class Purse(Account, gc=False):
    """A tenant's money, and for which balances before the transaction all that was decided holds."""

    start: int = 0  #: the balance before the transaction, as far as this node knows
    low: int | None = None  #: from this balance on; None = any
    high: int | None = None  #: up to this one
    number: int | None = None  #: of the first entry that was numbered beforehand
    entries: list[Entry] = msgspec.field(default_factory=list)

    def short(self, amount: int) -> bool:
        """See Account; from now on it holds."""
        floor = self.floor
        if floor is None or amount <= 0:
            return False
        needed = floor + amount - self.balance + self.start  # at least, before the transaction
        if self.start < needed:
            self._upto(needed - 1)
            return True
        self._from(needed)
        return False

    def beyond(self, amount: int, most: int) -> bool:
        """See Account; from now on it holds."""
        lowest, highest = (edge - amount - self.balance + self.start for edge in (-most, most))
        if self.start > highest:
            self._from(highest + 1)
            return True
        if self.start < lowest:
            self._upto(lowest - 1)
            return True
        self._from(lowest)
        self._upto(highest)
        return False

    def exact(self) -> None:
        """The balance is told to somebody: it must be this one."""
        self.low = self.high = self.start

    def _from(self, balance: int) -> None:
        if self.low is None or balance > self.low:
            self.low = balance

    def _upto(self, balance: int) -> None:
        if self.high is None or balance < self.high:
            self.high = balance


@lru_cache(maxsize=4096)
def _terms(row: bytes) -> tuple[int | None, frozenset[int] | None]:
    """Floor and refunds of a tenant's row."""
    tenant: Tenant = tenant_from(row)
    return floor_of(tenant), refunds_of(tenant.refunds)


class RedisBooks(Books):
    """What is owed and paid in a transaction."""

    def __init__(self, tx: Tx, memory: Memory, counts: Counts) -> None:
        self._purses: dict[str, Purse] = {}
        super().__init__(self._purses, counts)  # type: ignore[arg-type]  # whoever reads there finds accounts
        self._tx = tx
        self._memory = memory
        self._keys = memory.keys

    def account(self, tenant: str) -> Purse | None:
        """See Books. Of a tenant that was unknown of late it is taken that it is so still: the commit finds out."""
        purse = self._purses.get(tenant)
        if purse is not None:
            return purse
        tx, key = self._tx, self._keys.tenant(tenant)
        sums = self._memory.sums.get(tenant, _UNREAD)
        if sums is None and tx.absent(key):
            return None
        row = tx.get(key)
        if row is None:
            self._memory.sums[tenant] = None
            return None
        if sums is None or sums is _UNREAD:
            self.read((tenant,))
            sums = self._memory.sums[tenant]
            assert sums is not None
        floor, refunds = _terms(row)
        purse = Purse(tenant, sums.balance, floor, refunds, sums.balance, sums.held, start=sums.balance)
        self._purses[tenant] = purse
        return purse

    def read(self, tenants: Iterable[str]) -> None:
        """Read these tenants' sums at once."""
        names = list(tenants)
        if names:
            self.learn(names, self._tx.asks([("HMGET", self._keys.account(name), "b", "h") for name in names]))

    def learn(self, tenants: Sequence[str], found: Sequence[Sequence[bytes | None]]) -> None:
        """These are the sums of these tenants: balance and what is held."""
        for name, (balance, held) in zip(tenants, found, strict=True):
            self._memory.sums[name] = Sums(int(balance or 0), int(held or 0))

    def known(self, tenant: str, reference: str) -> bool:
        """See Books. The commit finds out when another node has used it meanwhile."""
        return self._tx.get(self._keys.reference(tenant, reference)) is not None

    def reserve(self, tenant: str, messages: Sequence[Message], amount: int, at: int) -> bool:
        """See Books."""
        account = self.account(tenant)
        if account is None:
            self._unknown(tenant, amount)
            return True
        return not account.short(amount) and super().reserve(tenant, messages, amount, at)

    def _payers(self, message: Message, tenant: str) -> list[tuple[Account, int]]:
        if self.account(tenant) is None:
            self._unknown(tenant, message.price)
        return super()._payers(message, tenant)

    def _unknown(self, tenant: str, amount: int) -> None:
        """Say that messages are taken for a tenant that pays nothing so far: whoever makes it known looks for them, and
        finds out when another one comes meanwhile."""
        if amount:
            self._tx.put(self._keys.unknown(tenant), b"")

    def booked(self, account: Account, number: int) -> Booked:
        """See Books. The entry, and those before it, get their numbers now: others when somebody books meanwhile."""
        purse = self._purses[account.id]
        fresh = [entry for entry in purse.entries if entry.number is None]
        key = self._keys.entry
        found = self._tx.ask("FCALL", "smsgwd_number", 1, key, *(entry.at for entry in fresh))
        for entry, given in zip(fresh, found, strict=True):
            entry.number = int(given)
        if purse.number is None:
            purse.number = fresh[0].number
        purse.exact()
        last = fresh[-1].number
        assert last is not None
        return Booked(last, purse.balance)

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
        """See Books. It has no number yet (0): who needs it asks `booked`."""
        at = booking.at
        rest = EntryRest(kind, at, amount, reserved, booking.messages, booking.parts, booking.message, reference, note)
        self._purses[account.id].entries.append(Entry(at, amount, reserved, _encode(rest)))
        if reference is not None:
            self._tx.put(self._keys.reference(account.id, reference), b"")
        return 0

    def write(self) -> None:
        """See Books."""
        order = [self._purses[account.id] for account in self._touched]
        self.enter_touched()
        keys, program = self._keys, self._tx.program
        program.entry_key = keys.entry
        for purse in order:
            if purse.entries:
                program.entries.append((keys.account(purse.id), keys.ledger(purse.id), purse.entries))
        for purse in self._purses.values():
            if purse.low is not None or purse.high is not None or purse.number is not None:
                program.bounds[keys.account(purse.id)] = Bounds(purse.low, purse.high, purse.number)

    def committed(self) -> None:
        """It happened: this is what tenants have now, as far as this node knows."""
        for name, purse in self._purses.items():
            self._memory.sums[name] = Sums(purse.balance, purse.held)

    def undone(self) -> None:
        """It was taken to happen, and did not: nothing is known of these tenants' money."""
        for name in self._purses:
            self._memory.sums.pop(name, None)


class MoneyWork(Base, Work):
    """How a tenant's account begins."""

    books: RedisBooks
    flush: Callable[[], None]

    def prefetch_accounts(self, tenants: Iterable[str]) -> None:
        """Read the money of these tenants at once, as far as it is not known."""
        sums, tx, row, account = self.memory.sums, self.tx, self.keys.tenant, self.keys.account
        names = [name for name in dict.fromkeys(tenants) if sums.get(name, _UNREAD) is not None]
        missing = [key for key in map(row, names) if tx.peek(key) is None]
        unread = [name for name in names if name not in sums]
        if missing and unread:  # both at once
            values, *found = tx.asks([("MGET", *missing), *(("HMGET", account(name), "b", "h") for name in unread)])
            self.books.learn(unread, found)
            for key, value in zip(missing, values, strict=True):
                if value is not None:
                    self.memory.cache.put(key, value)
        else:
            self.books.read(unread)
        tx.fetch(missing)

    def set_terms(self, tenant: str, floor: int | None, refunds: frozenset[int] | None) -> None:
        """See Work. They are in the tenant's row, too."""
        account = self.books.account(tenant)
        assert account is not None
        account.floor, account.refunds = floor, refunds

    def unsettled(self, tenant: str) -> tuple[int, int, int]:
        """See Work; nothing is read where no message was taken for it before it was known (`Keys.unknown`)."""
        tx, mark = self.tx, self.keys.unknown(tenant)
        if tx.get(mark) is None:
            return 0, 0, 0
        tx.delete(mark)
        self.flush()
        price = messages = parts = 0
        low = b""
        while page := tx.members(self.keys.of_tenant(tenant), low, b"", _PAGE):
            ids = [number_of(member) for member in page]
            self.prefetch(ids)
            for number in ids:
                row = self.row(number)
                if row is not None and row.state < _FINAL and row.told.price:
                    price += row.told.price
                    messages += 1
                    parts += row.parts
            low = page[-1] + b"\0"
        return price, messages, parts
