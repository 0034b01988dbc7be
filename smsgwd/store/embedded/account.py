"""A tenant's money as the writer remembers it, with what the transaction under construction has done to it."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from smsgwd.model.message import states_called
from smsgwd.model.tenant import Tenant


class Booking(msgspec.Struct, gc=False):
    """What one transaction did to one tenant in one kind: an entry that is not written yet."""

    at: int  #: ms since 1970, of the first change
    amount: int = 0  #: micro-units, from 0 (a reservation may be made smaller: below 0)
    messages: int = 0
    parts: int = 0
    message: int | None = None  #: the one it is about; None = several


class Account(msgspec.Struct, gc=False):
    """Micro-units; `booked` is the balance after the last entry that has its number."""

    id: str
    balance: int
    reserved: int
    floor: int | None  #: the balance may not fall below this; None = no limit
    refunds: frozenset[int] | None  #: final states refunded also when sent; None = none
    booked: int
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
    """As it is in the file; None for an unknown tenant."""
    found = connection.execute("SELECT balance, reserved, floor, record FROM tenant WHERE id = ?", (tenant,)).fetchone()
    if found is None:
        return None
    balance, reserved, floor, record = found
    return Account(tenant, balance or 0, reserved, floor, refunds_of(_terms_of(record).refunds), balance or 0)
