"""What one tenant was pushed, newest first. Runs in a reader thread.

No index of the outbox is by tenant, which every push would pay for: rows are read newest first, a bounded number a
call (200,000 take 20 ms). What is pending or was given up is found by its index where that is not much.
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

from smsgwd.ports.looking import PushView
from smsgwd.ports.pushed import PushFilter, PushPage
from smsgwd.store.embedded.operators import INDEX_OF, STATUS_OF
from smsgwd.store.embedded.trace import PUSH, push_view

_MAX_ID: Final = (1 << 63) - 1
_CHUNK: Final = 5_000  # rows read at once
_MOST: Final = 200_000  # rows read a call
_FEW: Final = 20_000  # rows of an index that is not in the order of ids
_LONGEST_S: Final = 0.1
_FLOOR: Final = "SELECT id FROM outbox NOT INDEXED WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"


def tenant_pushes(
    connection: sqlite3.Connection, tenant: str, where: PushFilter, before: int | None, limit: int
) -> PushPage:
    """See Store.tenant_pushes; a state that is none has no rows."""
    high = _MAX_ID if before is None else max(0, min(before, _MAX_ID))
    condition, values = "tenant = ?", [tenant]  # type: str, list[Any]
    if where.status:
        if where.status not in STATUS_OF:
            return PushPage((), None)
        number = STATUS_OF[where.status]
        condition = f"status = {number} AND {condition}"
        index = INDEX_OF.get(where.status)
        if index is not None:
            some = f"SELECT 1 FROM outbox INDEXED BY {index} WHERE status = {number} LIMIT ?"
            (count,) = connection.execute(f"SELECT count(*) FROM ({some})", (_FEW + 1,)).fetchone()
            if count <= _FEW:
                return _indexed(connection, f"INDEXED BY {index} WHERE {condition}", (*values, high), limit)
    return _walked(connection, condition, values, high, limit)


def _indexed(connection: sqlite3.Connection, rows: str, values: tuple[Any, ...], limit: int) -> PushPage:
    sql = f"{PUSH} {rows} AND id < ? ORDER BY id DESC LIMIT ?"
    views = tuple(push_view(row) for row in connection.execute(sql, (*values, limit + 1)))
    return PushPage(views[:limit], views[limit - 1].id if len(views) > limit else None)


def _walked(connection: sqlite3.Connection, condition: str, values: list[Any], high: int, limit: int) -> PushPage:
    """Rows newest first until the page is full or it was enough work."""
    sql = f"{PUSH} NOT INDEXED WHERE id >= ? AND id < ? AND {condition} ORDER BY id DESC LIMIT ?"
    views: list[PushView] = []
    looked_at = 0
    end = time.monotonic() + _LONGEST_S
    while True:
        floor = connection.execute(_FLOOR, (high, _CHUNK - 1)).fetchone()
        first = 0 if floor is None else floor[0]
        found = connection.execute(sql, (first, high, *values, limit - len(views)))
        views += [push_view(row) for row in found]
        if len(views) == limit:
            return PushPage(tuple(views), views[-1].id)
        if floor is None:
            return PushPage(tuple(views), None)
        high = first
        looked_at += _CHUNK
        if looked_at >= _MOST or time.monotonic() > end:
            return PushPage(tuple(views), high)
