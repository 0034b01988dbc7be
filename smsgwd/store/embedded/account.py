"""A tenant's money as the writer remembers it, with what the transaction under construction has done to it."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from smsgwd.model.message import states_called
from smsgwd.model.tenant import Tenant

_IN_TAIL: Final = (
    "SELECT balance, held FROM ledger WHERE id > (SELECT value FROM meta WHERE key = 'ledger_of') AND tenant = ?"
    " ORDER BY id DESC LIMIT 1"
)
_BEFORE: Final = (
    "SELECT balance, held FROM ledger WHERE id = (SELECT max(id) FROM ledger_of WHERE ledger_of.tenant = ?)"
)


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


class _Terms(msgspec.Struct, gc=False):
    """What is read of a tenant's record."""

    refunds: tuple[str, ...] = ()


def sums_of(connection: sqlite3.Connection, tenant: str) -> tuple[int, int]:
    """Balance and reserved, of the tenant's newest entry."""
    found: tuple[int, int] | None = (
        connection.execute(_IN_TAIL, (tenant,)).fetchone() or connection.execute(_BEFORE, (tenant,)).fetchone()
    )
    return found or (0, 0)


_terms_of: Final = msgspec.json.Decoder(_Terms).decode


def floor_of(tenant: Tenant) -> int | None:
    """How far (micro-units) this tenant's balance may fall; None = no limit."""
    if tenant.credit_limit is not None:
        return -tenant.credit_limit
    return None if tenant.credit is None else 0


def refunds_of(names: tuple[str, ...]) -> frozenset[int] | None:
    """The numbers of the states of these public names; None when there are none."""
    return frozenset(int(state) for name in names for state in states_called(name)) or None


def load_account(connection: sqlite3.Connection, tenant: str) -> Account | None:
    """As it is in the file; None for an unknown tenant. May read what was not entered in `ledger_of` yet."""
    found = connection.execute("SELECT floor, record FROM tenant WHERE id = ?", (tenant,)).fetchone()
    if found is None:
        return None
    floor, record = found
    balance, held = sums_of(connection, tenant)
    return Account(tenant, balance, floor, refunds_of(_terms_of(record).refunds), balance, held)
