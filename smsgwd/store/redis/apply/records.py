"""Records: what is kept by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from smsgwd.model.business import DropRecord, PutRecord
from smsgwd.model.records import REMEMBERED
from smsgwd.store.counts import counted
from smsgwd.store.redis.kept import NUL, beyond, named, pack_record
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.work import RedisWork

_PAGE: Final = 5000


def put_record(work: RedisWork, change: PutRecord) -> bool:
    """Keep a record; False, changing nothing, when it must be `new` and is there, or `old` and is not."""
    record, tx, keys = change.record, work.tx, work.keys
    key = keys.record(record.kind, record.tenant, record.key)
    if _looked_for(change):
        there = bool(tx.pin([key]))
        if (change.old and not there) or (change.new and there and not change.old):
            return False
        if not there:
            work.counts.records(record.kind, record.tenant, 1)
    _tell(work, record.kind, record.tenant)
    tx.put(key, pack_record(record))
    tx.add(keys.records(record.kind), named(record.tenant, record.key))
    return True


def needed(keys: Keys, changes: Iterable[PutRecord]) -> list[str]:
    """The rows that these need to know of: `Tx.pin` them together."""
    return [
        keys.record(change.record.kind, change.record.tenant, change.record.key)
        for change in changes
        if _looked_for(change)
    ]


def _looked_for(change: PutRecord) -> bool:
    return change.new or change.old or counted(change.record.kind)


def drop_record(work: RedisWork, change: DropRecord) -> int:
    """Remove one record, or all whose key begins with the given one; how many."""
    if change.beginning:
        gone = 0
        for page in _beginning(work, change):
            gone += drop(work, change.kind, page)
        return gone
    if not work.tx.pin([work.keys.record(change.kind, change.tenant, change.key)]):
        return 0
    return drop(work, change.kind, [(change.tenant, change.key)])


def _beginning(work: RedisWork, change: DropRecord) -> Iterator[list[tuple[str, str]]]:
    """Their tenants and keys, in pages."""
    index = work.keys.records(change.kind)
    low = named(change.tenant, change.key)
    high = beyond(low)
    while page := work.tx.members(index, low, high, _PAGE):
        yield [name_of(member) for member in page]
        if len(page) < _PAGE:
            break
        low = page[-1] + NUL


def name_of(member: bytes) -> tuple[str, str]:
    """Tenant and key of a member of an index of records."""
    tenant, _, key = member.decode().partition("\0")
    return tenant, key


def drop(work: RedisWork, kind: str, names: list[tuple[str, str]]) -> int:
    """Remove those of these records that are there; how many."""
    tx, keys = work.tx, work.keys
    rows = {name: keys.record(kind, *name) for name in names}
    there = tx.pin(list(rows.values()))  # one that goes meanwhile must not be counted twice
    for name, key in rows.items():
        tx.remove(keys.records(kind), named(*name))
        if key in there:
            tx.delete(key)
            work.counts.records(kind, name[0], -1)
            _tell(work, kind, name[0])
    return len(there)


def _tell(work: RedisWork, kind: str, tenant: str) -> None:
    if kind in REMEMBERED:
        work.tell(f"r:{kind}:{tenant}")
