"""Records: what is kept by name."""

from __future__ import annotations

from smsgwd.model.business import DropRecord, PutRecord
from smsgwd.store.counts import counted
from smsgwd.store.embedded.beginnings import beginning_with
from smsgwd.store.embedded.work import Work

_INSERT = "INSERT INTO record (kind, tenant, key, at, value) VALUES (?, ?, ?, ?, ?)"
_THERE = "SELECT 1 FROM record WHERE kind = ? AND tenant = ? AND key = ?"


def put_record(work: Work, change: PutRecord) -> bool:
    """Keep a record; False, changing nothing, when it must be `new` and is there, or `old` and is not."""
    record, execute = change.record, work.connection.execute
    key = (record.kind, record.tenant, record.key)
    comes = not change.old and counted(record.kind) and execute(_THERE, key).fetchone() is None
    if change.old:
        sql = "UPDATE record SET at = ?, value = ? WHERE kind = ? AND tenant = ? AND key = ?"
        return execute(sql, (record.at, record.value, *key)).rowcount > 0
    if change.new:
        sql = f"{_INSERT} ON CONFLICT DO NOTHING"
    else:
        sql = f"{_INSERT} ON CONFLICT DO UPDATE SET at = excluded.at, value = excluded.value"
    kept = execute(sql, (*key, record.at, record.value)).rowcount > 0
    if comes:
        work.counts.records(record.kind, record.tenant, 1)
    return kept


def drop_record(work: Work, change: DropRecord) -> int:
    """Remove one record, or all whose key begins with the given one; how many."""
    where, values = "key = ?", [change.key]
    if change.beginning:
        where, values = beginning_with("key", change.key)
    gone = work.connection.execute(
        f"DELETE FROM record WHERE kind = ? AND tenant = ? AND {where}",  # noqa: S608 -- `where` is text of ours
        (change.kind, change.tenant, *values),
    ).rowcount
    work.counts.records(change.kind, change.tenant, -gone)
    return gone
