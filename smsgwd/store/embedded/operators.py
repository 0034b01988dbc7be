"""Reads that only operators ask for, on an open connection."""

# ruff: noqa: S608 -- SQL is put together from the texts of this package only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Any, Final

from smsgwd.model.operators import BEGUN, FAILED, AuditEntry
from smsgwd.ports.store import AuditFilter, FinalRecord, PushView, Space
from smsgwd.store.embedded.queries import VIEW, view_of
from smsgwd.store.embedded.trace import PUSH, STATUS, push_view

_MAX_ID: Final = (1 << 63) - 1
_AUDIT: Final = f"SELECT {', '.join(AuditEntry.__struct_fields__)} FROM audit"
_FINALS: Final = VIEW.replace("SELECT ", "SELECT f.seq, f.charged, ", 1).replace(
    "FROM message m", "FROM final f JOIN message m ON m.id = f.message"
)
#: Which index has the pushes of a state, where one has; states by what operators call them.
INDEX_OF: Final = {"pending": "outbox_pending", "given_up": "outbox_dead"}
_FEW: Final = 20_000  # rows that are sorted for a page
STATUS_OF: Final = {name: status for status, name in STATUS.items()}


def tenant_of(connection: sqlite3.Connection, message_id: int) -> str | None:
    """Whose message this is; None when there is none."""
    found = connection.execute("SELECT tenant FROM message WHERE id = ?", (message_id,)).fetchone()
    return None if found is None else found[0]


def space(connection: sqlite3.Connection) -> Space:
    """Bytes of the database's pages, and of those that are free (PRAGMA page_count and freelist_count)."""
    size, pages, free = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    return Space(bytes=size * pages, free_bytes=size * free)


def pushes(connection: sqlite3.Connection, target: str, status: str, after: int, limit: int) -> list[PushView]:
    """See Store.pushes; a state that is none has no rows.

    What is pending or was given up is found by its index, which is not in the order of ids; where there is much of it,
    by walking over all rows, of which many are such then.
    """
    if status not in STATUS_OF:
        return []
    number = STATUS_OF[status]
    values: list[Any] = [min(after, _MAX_ID)]
    whose = ""
    if target:
        whose = " AND target = ?"
        values.append(target)
    hint = "NOT INDEXED"
    index = INDEX_OF.get(status)
    if index is not None:
        some = f"SELECT 1 FROM outbox INDEXED BY {index} WHERE status = {number}{whose} LIMIT ?"
        (count,) = connection.execute(f"SELECT count(*) FROM ({some})", (*values[1:], _FEW + 1)).fetchone()
        if count <= _FEW:
            hint = f"INDEXED BY {index}"
    ids = f"SELECT id FROM outbox {hint} WHERE status = {number} AND id > ?{whose} ORDER BY id LIMIT ?"
    found = connection.execute(f"{PUSH} WHERE id IN ({ids}) ORDER BY id", (*values, limit))
    return [push_view(row) for row in found]


def audit(connection: sqlite3.Connection, where: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
    """See Store.audit."""
    conditions, values = "id < ? AND at >= ?", [_MAX_ID if before is None else before, where.from_ms]  # type: tuple[str, list[Any]]
    if where.to_ms is not None:
        conditions += " AND at < ?"
        values.append(where.to_ms)
    if where.who:
        conditions += " AND who = ?"
        values.append(where.who)
    if where.noun:
        conditions += " AND (command = ? OR substr(command, 1, ?) = ?)"
        values += [where.noun, len(where.noun) + 1, f"{where.noun} "]
    if where.failed:
        conditions += " AND outcome IN (?, ?)"
        values += [FAILED, BEGUN]
    found = connection.execute(f"{_AUDIT} NOT INDEXED WHERE {conditions} ORDER BY id DESC LIMIT ?", (*values, limit))
    return [AuditEntry(*row) for row in found]


def finals(connection: sqlite3.Connection, after: int, limit: int) -> list[FinalRecord]:
    """See Store.finals."""
    rows = connection.execute(f"{_FINALS} WHERE f.seq > ? ORDER BY f.seq LIMIT ?", (after, limit)).fetchall()
    return [FinalRecord(row[0], view_of(row[2:]), row[1]) for row in rows]
