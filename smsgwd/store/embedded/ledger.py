"""What can be asked of the ledger, and whether it is right. Runs in readers' threads."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from typing import Any, Final

from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.ports.store import LedgerFilter, LedgerReport
from smsgwd.store.embedded.books import A_MS, payers_of
from smsgwd.store.embedded.upkeep import Control

_MAX_ID: Final = (1 << 63) - 1
_MOST_PROBLEMS: Final = 100
# An entry's number is its time or ahead of it; so far ahead, where the wall clock was set back (books).
_CLOCK_SLACK_MS: Final = 24 * 3600 * 1000
_KINDS: Final = {int(kind): kind for kind in EntryKind}
_ENTRY: Final = (
    "SELECT id, tenant, at, kind, amount, reserved, balance, messages, parts, message, reference, COALESCE(note, '')"
    " FROM ledger"
)
_SUMS: Final = (
    "SELECT tenant, count(*), sum(amount), sum(reserved), min(CASE WHEN balance != running THEN id END) FROM"
    " (SELECT tenant, id, amount, reserved, balance,"
    " sum(amount) OVER (PARTITION BY tenant ORDER BY id ROWS UNBOUNDED PRECEDING) AS running FROM ledger)"
    " GROUP BY tenant ORDER BY tenant"
)
_OPEN: Final = (
    "SELECT tenant, payers, sum(price), count(*) FROM message INDEXED BY message_open WHERE state < 10"
    " AND (price != 0 OR payers IS NOT NULL) GROUP BY tenant, payers"
)


def funds(connection: sqlite3.Connection, tenant: str) -> Funds | None:
    """See Store.funds."""
    found = connection.execute("SELECT balance, reserved, floor FROM tenant WHERE id = ?", (tenant,)).fetchone()
    return None if found is None else Funds(*found)


def ledger(
    connection: sqlite3.Connection, tenant: str, where: LedgerFilter, after: int, limit: int
) -> list[LedgerEntry]:
    """See Store.ledger."""
    conditions, values = _span(tenant, where.from_ms, where.to_ms)
    if where.newest_first:
        if after:
            conditions.append("id < ?")
            values.append(after)
    else:
        conditions.append("id > ?")
        values.append(after)
    if where.kinds:
        conditions.append(f"kind IN ({', '.join('?' * len(where.kinds))})")
        values += [int(kind) for kind in where.kinds]
    order = "DESC" if where.newest_first else "ASC"
    sql = f"{_ENTRY} INDEXED BY ledger_tenant WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?"
    return [_entry(row) for row in connection.execute(sql, (*values, limit))]


def _entry(values: tuple[Any, ...]) -> LedgerEntry:
    """An entry of `_ENTRY`."""
    number, tenant, at, kind, *rest = values
    return LedgerEntry(number, tenant, at, _KINDS[kind], *rest)


def ledger_sums(connection: sqlite3.Connection, tenant: str, from_ms: int, to_ms: int) -> list[LedgerSums]:
    """See Store.ledger_sums. Reads every entry of the span."""
    conditions, values = _span(tenant, from_ms, to_ms)
    found = connection.execute(
        "SELECT kind, count(*), sum(amount), sum(reserved), sum(messages), sum(parts) FROM ledger"
        f" INDEXED BY ledger_tenant WHERE {' AND '.join(conditions)} GROUP BY kind ORDER BY kind",
        values,
    )
    return [LedgerSums(_KINDS[kind], *sums) for kind, *sums in found]


def _span(tenant: str, from_ms: int | None, to_ms: int | None) -> tuple[list[str], list[Any]]:
    """Conditions of a tenant's entries of a span of time."""
    conditions, values = ["tenant = ?"], [tenant]  # type: tuple[list[str], list[Any]]
    if from_ms is not None:
        conditions.append("at >= ?")
        values.append(from_ms)
        conditions.append("id >= ?")
        values.append(max(0, min(from_ms * A_MS, _MAX_ID)))
    if to_ms is not None:
        conditions.append("at < ? AND id < ?")
        values += [to_ms, max(0, min((to_ms + _CLOCK_SLACK_MS) * A_MS, _MAX_ID))]
    return conditions, values


def ledger_check(control: Control) -> LedgerReport:
    """See Store.ledger_check."""
    begun = time.perf_counter()
    with control.reading() as connection:
        control.look()
        problems, tenants, entries = compare(connection)
    return LedgerReport(tuple(problems[:_MOST_PROBLEMS]), tenants, entries, time.perf_counter() - begun)


def compare(connection: sqlite3.Connection) -> tuple[list[str], int, int]:
    """What is wrong with the ledger, of how many tenants and entries; all as of one moment. Amounts in micro-units."""
    connection.execute("BEGIN")
    try:
        tenants = connection.execute("SELECT id, balance, reserved FROM tenant ORDER BY id").fetchall()
        booked = {row[0]: row[1:] for row in connection.execute(_SUMS)}
        opened: Counter[str] = Counter()
        for tenant, payers, price, messages in connection.execute(_OPEN):
            opened[tenant] += price
            for name, part in payers_of(payers):
                opened[name] += part * messages
    finally:
        connection.execute("ROLLBACK")
    problems: list[str] = []
    for name, balance, reserved in tenants:
        _, amounts, reservations, wrong = booked.get(name, (0, 0, 0, None))
        if balance != amounts:
            problems.append(f"tenant {name} has a balance of {balance}, and its ledger adds up to {amounts}")
        if reserved != reservations:
            problems.append(f"tenant {name} has {reserved} reserved, and its ledger adds up to {reservations}")
        if reserved != opened[name]:
            problems.append(f"tenant {name} has {reserved} reserved, and its open messages cost {opened[name]}")
        if wrong is not None:
            problems.append(f"tenant {name} has another balance after entry {wrong} than that entry shows")
    for name in booked.keys() - {name for name, _, _ in tenants}:
        problems.append(f"tenant {name} is gone, and its ledger is there")
    return problems, len(tenants), sum(row[0] for row in booked.values())
