"""What operators did, and which final messages were written down elsewhere."""

# ruff: noqa: S608 -- SQL is put together from the names of AuditEntry's fields only, values are always bound

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.operators import AuditEntry, DropFinals, PurgeAudit, PutAudit
from smsgwd.store.embedded.work import Work

_COLUMNS: Final = AuditEntry.__struct_fields__
_PUT: Final = f"INSERT OR REPLACE INTO audit ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


def put_audit(work: Work, change: PutAudit) -> int:
    """Keep an entry; SQLite numbers a new one, and uses no number twice."""
    number, *rest = msgspec.structs.astuple(change.entry)
    cursor = work.connection.execute(_PUT, (number or None, *rest))
    assert cursor.lastrowid is not None
    return number or cursor.lastrowid


def purge_audit(work: Work, change: PurgeAudit) -> int:
    """Forget old entries, the oldest first; how many."""
    return work.connection.execute(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)",
        (change.before, change.limit),
    ).rowcount


def drop_finals(work: Work, change: DropFinals) -> int:
    """These were written down elsewhere; how many."""
    work.flush()
    return work.connection.execute("DELETE FROM final WHERE seq <= ?", (change.upto,)).rowcount
