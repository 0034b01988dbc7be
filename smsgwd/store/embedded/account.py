"""A tenant's money as it is in the file."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from smsgwd.store.books import Account, refunds_of

_IN_TAIL: Final = (
    "SELECT balance, held FROM ledger WHERE id > (SELECT value FROM meta WHERE key = 'ledger_of') AND tenant = ?"
    " ORDER BY id DESC LIMIT 1"
)
_BEFORE: Final = (
    "SELECT balance, held FROM ledger WHERE id = (SELECT max(id) FROM ledger_of WHERE ledger_of.tenant = ?)"
)


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


def load_account(connection: sqlite3.Connection, tenant: str) -> Account | None:
    """As it is in the file; None for an unknown tenant. May read what was not entered in `ledger_of` yet."""
    found = connection.execute("SELECT floor, record FROM tenant WHERE id = ?", (tenant,)).fetchone()
    if found is None:
        return None
    floor, record = found
    balance, held = sums_of(connection, tenant)
    return Account(tenant, balance, floor, refunds_of(_terms_of(record).refunds), balance, held)
