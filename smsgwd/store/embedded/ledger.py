"""What can be asked of the ledger, and whether it is right. Runs in readers' threads."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from typing import Any, Final

from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.ports.store import LedgerFilter, LedgerReport
from smsgwd.store.books import A_MS, payers_of
from smsgwd.store.embedded.account import sums_of
from smsgwd.store.embedded.upkeep import Control

_MAX_ID: Final = (1 << 63) - 1
_MOST_PROBLEMS: Final = 100
_KINDS: Final = {int(kind): kind for kind in EntryKind}
_COLUMNS: Final = (
    "l.id, l.tenant, l.at, l.kind, l.amount, l.reserved, l.balance, l.messages, l.parts, l.message, l.reference,"
    " COALESCE(l.note, '')"
)
# A tenant's entries: those in `ledger_of`, and those behind them. What is between the two statements is in the second.
_ENTERED: Final = "FROM ledger_of o CROSS JOIN ledger l ON l.id = o.id WHERE o.tenant = ? AND o.id <= ?"
_APART: Final = "FROM ledger l WHERE l.tenant = ? AND l.id > ?"
_MARK: Final = "SELECT value FROM meta WHERE key = 'ledger_of'"
_SUMS: Final = (
    "SELECT count(*), sum(reserved), min(CASE WHEN balance != amounts OR held != holds THEN id END) FROM"
    " (SELECT id, reserved, balance, held, sum(amount) OVER so_far AS amounts, sum(reserved) OVER so_far AS holds"
    f" FROM (SELECT l.* {_ENTERED} UNION ALL SELECT l.* {_APART})"
    " WINDOW so_far AS (ORDER BY id ROWS UNBOUNDED PRECEDING))"
)
_UP_TO: Final = (
    f"SELECT sum(amount), sum(reserved) FROM (SELECT l.* {_ENTERED} UNION ALL SELECT l.* {_APART}) WHERE id <= ?"
)
_OPEN: Final = (
    "SELECT tenant, payers, sum(price), count(*) FROM message INDEXED BY message_open WHERE state < 10"
    " AND (price != 0 OR payers IS NOT NULL) GROUP BY tenant, payers"
)


def funds(connection: sqlite3.Connection, tenant: str) -> Funds | None:
    """See Store.funds."""
    found = connection.execute("SELECT floor FROM tenant WHERE id = ?", (tenant,)).fetchone()
    return None if found is None else Funds(*sums_of(connection, tenant), found[0])


def ledger(
    connection: sqlite3.Connection, tenant: str, where: LedgerFilter, after: int, limit: int
) -> list[LedgerEntry]:
    """See Store.ledger."""
    conditions, values = _span(where.from_ms, where.to_ms)
    if where.newest_first:
        conditions += " AND l.id < ?"
        values.append(after or _MAX_ID)
    else:
        conditions += " AND l.id > ?"
        values.append(after)
    if where.kinds:
        conditions += f" AND l.kind IN ({', '.join('?' * len(where.kinds))})"
        values += [int(kind) for kind in where.kinds]
    parts = [(_ENTERED, "o"), (_APART, "l")]
    order = "ASC"
    if where.newest_first:
        parts.reverse()
        order = "DESC"
    (mark,) = connection.execute(_MARK).fetchone()
    found: list[LedgerEntry] = []
    for rows, table in parts:
        here = conditions.replace("l.id", f"{table}.id")
        sql = f"SELECT {_COLUMNS} {rows} {here} ORDER BY {table}.id {order} LIMIT ?"
        found += [_entry(row) for row in connection.execute(sql, (tenant, mark, *values, limit - len(found)))]
        if len(found) == limit:
            break
    return found


def _entry(values: tuple[Any, ...]) -> LedgerEntry:
    """An entry of `_COLUMNS`."""
    number, tenant, at, kind, *rest = values
    return LedgerEntry(number, tenant, at, _KINDS[kind], *rest)


def ledger_sums(connection: sqlite3.Connection, tenant: str, from_ms: int, to_ms: int) -> list[LedgerSums]:
    """See Store.ledger_sums. Reads every entry of the span."""
    conditions, values = _span(from_ms, to_ms)
    (mark,) = connection.execute(_MARK).fetchone()
    sums: dict[int, list[int]] = {}
    for rows, table in ((_ENTERED, "o"), (_APART, "l")):
        here = conditions.replace("l.id", f"{table}.id")
        sql = (
            "SELECT l.kind, count(*), sum(l.amount), sum(l.reserved), sum(l.messages), sum(l.parts)"
            f" {rows} {here} GROUP BY l.kind"
        )
        for kind, *more in connection.execute(sql, (tenant, mark, *values)):
            sums[kind] = [one + other for one, other in zip(sums.get(kind, [0] * 5), more, strict=True)]
    return [LedgerSums(_KINDS[kind], *sums[kind]) for kind in sorted(sums)]


def _span(from_ms: int | None, to_ms: int | None) -> tuple[str, list[Any]]:
    """Conditions of entries of a span of time, by their numbers alone: what is booked in one transaction, or while the
    clock is set back, is in no order of time, and each balance is the last one's before it plus the entry."""
    conditions, values = "", []  # type: tuple[str, list[Any]]
    if from_ms is not None:
        conditions += " AND l.id >= ?"
        values.append(max(0, min(from_ms * A_MS, _MAX_ID)))
    if to_ms is not None:
        conditions += " AND l.id < ?"
        values.append(max(0, min(to_ms * A_MS, _MAX_ID)))
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
    problems: list[str] = []
    entries = 0
    connection.execute("BEGIN")
    try:
        (mark,) = connection.execute(_MARK).fetchone()
        opened: Counter[str] = Counter()
        for tenant, payers, price, messages in connection.execute(_OPEN):
            opened[tenant] += price
            for name, part in payers_of(payers):
                opened[name] += part * messages
        tenants = connection.execute("SELECT id FROM tenant ORDER BY id").fetchall()
        for (name,) in tenants:
            count, reserved, wrong = connection.execute(_SUMS, (name, mark, name, mark)).fetchone()
            entries += count
            if wrong is not None:
                problems.append(_wrong(connection, name, mark, wrong))
            if (reserved or 0) != opened[name]:
                problems.append(f"tenant {name} has {reserved or 0} reserved, its open messages cost {opened[name]}")
        (all_entries,) = connection.execute("SELECT count(*) FROM ledger").fetchone()
        if all_entries != entries:
            problems.append(f"the ledger has {all_entries} entries, and {entries} of them are found by their tenants")
    finally:
        connection.execute("ROLLBACK")
    return problems, len(tenants), all_entries


def _wrong(connection: sqlite3.Connection, tenant: str, mark: int, entry: int) -> str:
    """What an entry shows that is not the sum of those up to it."""
    balance, held = connection.execute("SELECT balance, held FROM ledger WHERE id = ?", (entry,)).fetchone()
    amounts, holds = connection.execute(_UP_TO, (tenant, mark, tenant, mark, entry)).fetchone()
    if balance != amounts:
        return f"tenant {tenant} has a balance of {balance} after entry {entry}, its ledger adds up to {amounts}"
    return f"tenant {tenant} has {held} reserved after entry {entry}, its ledger adds up to {holds}"
