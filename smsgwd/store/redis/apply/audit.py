"""What operators did, and which final messages were written down elsewhere."""

from __future__ import annotations

from typing import Final

from smsgwd.model.operators import DropFinals, PurgeAudit, PutAudit
from smsgwd.store.redis.kept import pack_audit
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.work import RedisWork

_PAGE: Final = 5000


def put_audit(work: RedisWork, change: PutAudit) -> int:
    """Keep an entry; a new one gets the next number, which is used once."""
    tx, keys, entry = work.tx, work.keys, change.entry
    number = entry.id
    if not number:
        last = tx.get(keys.audit_number)
        number = 1 + (int(last) if last is not None else 0)
        tx.put(keys.audit_number, str(number).encode())
    tx.put(keys.audit(number), pack_audit(entry))
    tx.add(keys.audits, id8(number))
    tx.add(keys.audit_age, id8(number), entry.at)
    return number


def purge_audit(work: RedisWork, change: PurgeAudit) -> int:
    """Forget old entries, the oldest first; how many."""
    tx, keys = work.tx, work.keys
    old = tx.scored(keys.audit_age, "-inf", change.before - 1, change.limit)
    for member, _ in old:
        tx.delete(keys.audit(number_of(member)))
        tx.remove(keys.audits, member)
        tx.remove(keys.audit_age, member)
    return len(old)


def drop_finals(work: RedisWork, change: DropFinals) -> int:
    """These were written down elsewhere; how many."""
    tx, keys = work.tx, work.keys
    count, after = 0, None
    while True:
        page = tx.scored(keys.finals, 0, change.upto, _PAGE, after=after)
        for member, _ in page:
            tx.remove(keys.finals, member)
            tx.remove(keys.final_ids, member[:8])
        count += len(page)
        if len(page) < _PAGE:
            return count
        after = page[-1][1], page[-1][0]
