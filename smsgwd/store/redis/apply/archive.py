"""What the archive has goes from here: docs/design/archive.md."""

from __future__ import annotations

from smsgwd.model.records import FORGET, Record
from smsgwd.model.upkeep import DropArchived, Purged
from smsgwd.store.redis.apply.retention import ended, needed, under_way
from smsgwd.store.redis.archived import digest
from smsgwd.store.redis.kept import named, pack_record
from smsgwd.store.redis.keys import id8
from smsgwd.store.redis.work import RedisWork


def drop_archived(work: RedisWork, change: DropArchived) -> Purged:
    """Delete messages that the archive has, where they are as they were when it was given them."""
    work.flush()  # what this transaction did to them is in their rows
    tx, keys = work.tx, work.keys
    tx.fetch([keys.message(number) for number, _ in change.rows])
    same = [
        number
        for number, was in change.rows
        if (value := tx.get(keys.message(number))) is not None and digest(value) == was
    ]
    rows = ended(work, same)
    kept = needed(work, rows)
    gone = [row for row in rows if row.id not in kept and not under_way(work, row)]
    used = [(keys.used_ref(row.told.tenant, row.ref), id8(row.id)) for row in gone if row.ref is not None]
    work.forget(*gone)
    if change.refs_ms > 0:
        for key, value in used:
            tx.put_for(key, value, change.refs_ms)
    return Purged(len(gone), False)


def to_forget(work: RedisWork, msisdn: str, at: int) -> None:
    """Have each node's archive forget a person: a record a node, which goes when that is done (`app.archiving`)."""
    tx, keys = work.tx, work.keys
    for node in tx.hash(keys.node_numbers):  # with those that are stopped now
        name = node.decode()
        tx.put(keys.record(FORGET, name, msisdn), pack_record(Record(FORGET, name, msisdn, b"{}", at)))
        tx.add(keys.records(FORGET), named(name, msisdn))
