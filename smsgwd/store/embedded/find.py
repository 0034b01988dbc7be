"""An operator looks for messages among those of all tenants. Runs in a reader thread.

What an index answers (an SMSC id, a submission) is looked up; anything else reads rows newest first, a bounded number a
call, by the narrowest way there is: what has not ended, one tenant's, or all.
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

from smsgwd.delivery.correlation import candidates
from smsgwd.model.ids import MAX_BLOCK, first_id_at
from smsgwd.model.message import MessageView
from smsgwd.ports.store import FindFilter, Found
from smsgwd.store.embedded.queries import VIEW, view_of

_MAX_ID: Final = (1 << 63) - 1
_SLACK_MS: Final = 60_000  # between the clocks of nodes, and for one that was set back
_CHUNK: Final = 5_000  # rows read at once
_MOST: Final = 500_000  # rows read a call
_FEW: Final = 20_000  # rows in a state that are read by its index, which is not in the order of ids
_LONGEST_S: Final = 0.2
_GROUP: Final = "SELECT grp FROM smsc WHERE grp > ? ORDER BY grp LIMIT 1"
_SMSC: Final = "SELECT message FROM smsc WHERE grp = ? AND id = ?"


def find(connection: sqlite3.Connection, where: FindFilter, before: int | None, limit: int) -> Found:
    """See Store.find. An id is never older than the time it was made at but for clocks that differ, so ids narrow a
    search by time, and `submitted_at` decides."""
    conditions, values = _conditions(where)
    low, high = 0, _MAX_ID if before is None else max(0, min(before, _MAX_ID))
    if where.from_ms is not None:
        low = min(first_id_at(where.from_ms - _SLACK_MS), _MAX_ID)
    if where.to_ms is not None:
        high = min(high, first_id_at(where.to_ms + _SLACK_MS))
    if where.smsc_id:
        ids = sorted(number for number in _ids_of(connection, where.smsc_id) if low <= number < high)
        conditions = f"m.id IN ({', '.join('?' * len(ids))}){conditions}"
        return _page(connection, conditions, [*ids, *values], limit)
    if where.submission:
        if not 0 < where.submission <= _MAX_ID:
            return Found((), None)
        last = min(where.submission + MAX_BLOCK, _MAX_ID, high - 1)
        return _page(connection, f"m.id > ? AND m.id <= ?{conditions}", [where.submission, last, *values], limit)
    return _walk(connection, where, (conditions, values), (low, high), limit)


def _conditions(where: FindFilter) -> tuple[str, list[Any]]:
    """All that is asked for, as ANDs, with their values."""
    conditions, values = "", []  # type: tuple[str, list[Any]]
    for column in ("tenant", "msisdn", "source", "client_ref", "connector", "submission"):
        wanted = getattr(where, column)
        if wanted:
            conditions += f" AND m.{column} = ?"
            values.append(wanted)
    if where.from_ms is not None:
        conditions += " AND m.submitted_at >= ?"
        values.append(where.from_ms)
    if where.to_ms is not None:
        conditions += " AND m.submitted_at < ?"
        values.append(where.to_ms)
    if where.states:
        conditions += f" AND m.state IN ({', '.join('?' * len(where.states))})"
        values += [int(state) for state in where.states]
    return conditions, values


def _ids_of(connection: sqlite3.Connection, smsc_id: str) -> set[int]:
    """Messages that an SMSC of any group called so, in any form its responses and receipts may have, or a provider."""
    keys = dict.fromkeys((smsc_id, *candidates(smsc_id)))
    found: set[int] = set()
    group = connection.execute("SELECT min(grp) FROM smsc").fetchone()
    while group is not None and group[0] is not None:
        for key in keys:
            found.update(number for (number,) in connection.execute(_SMSC, (group[0], key)))
        group = connection.execute(_GROUP, group).fetchone()
    return found


def _page(connection: sqlite3.Connection, conditions: str, values: list[Any], limit: int) -> Found:
    """The newest of what an index tells."""
    sql = f"{VIEW} WHERE {conditions} ORDER BY m.id DESC LIMIT ?"
    views = tuple(view_of(row) for row in connection.execute(sql, (*values, limit + 1)))
    if len(views) <= limit:
        return Found(views, None)
    return Found(views[:limit], views[limit - 1].message.id)


def _few_open(connection: sqlite3.Connection, where: FindFilter) -> str:
    """How to read only what is in states that are not final, where that is asked for and not very much; else ''."""
    if not where.states or any(state.final for state in where.states):
        return ""
    # Numbers of an enum of ours: they stand in the text, so that the values are the same for each way.
    rows = f"INDEXED BY message_open WHERE m.state < 10 AND m.state IN ({', '.join(str(int(s)) for s in where.states)})"
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM message m {rows} LIMIT ?)", (_FEW + 1,)
    ).fetchone()
    return rows if count <= _FEW else ""


def _walk(
    connection: sqlite3.Connection,
    where: FindFilter,
    wanted: tuple[str, list[Any]],
    between: tuple[int, int],
    limit: int,
) -> Found:
    """Rows newest first with ids from the lower bound to below the upper one, until the page is full or it was enough
    work."""
    (conditions, values), (low, high) = wanted, between
    few = _few_open(connection, where)
    if few:
        sql = f"{VIEW} {few} AND m.id >= ? AND m.id < ?{conditions} ORDER BY m.id DESC LIMIT ?"
        found = [view_of(row) for row in connection.execute(sql, (low, high, *values, limit + 1))]
        return Found(tuple(found[:limit]), found[limit - 1].message.id if len(found) > limit else None)
    rows, own = "NOT INDEXED WHERE +m.state >= 0", []  # type: tuple[str, list[Any]]
    if where.tenant:
        rows, own = "INDEXED BY message_tenant WHERE m.tenant = ?", [where.tenant]
    floor_of = f"SELECT m.id FROM message m {rows} AND m.id >= ? AND m.id < ? ORDER BY m.id DESC LIMIT 1 OFFSET ?"
    page_of = f"{VIEW} {rows} AND m.id >= ? AND m.id < ?{conditions} ORDER BY m.id DESC LIMIT ?"
    views: list[MessageView] = []
    looked_at = 0
    end = time.monotonic() + _LONGEST_S
    while True:
        floor = connection.execute(floor_of, (*own, low, high, _CHUNK - 1)).fetchone()
        first = low if floor is None else floor[0]
        left = limit - len(views)
        views += [view_of(row) for row in connection.execute(page_of, (*own, first, high, *values, left))]
        if len(views) == limit:
            return Found(tuple(views), views[-1].message.id)
        if floor is None:
            return Found(tuple(views), None)
        high = first
        looked_at += _CHUNK
        if looked_at >= _MOST or time.monotonic() > end:
            return Found(tuple(views), high)
