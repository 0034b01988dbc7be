"""Number lookups as they are asked for and answered."""

from __future__ import annotations

import msgspec

from smsgwd.model.business import PutLookups
from smsgwd.model.ids import first_id_at
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.store.erasure import ERASED
from smsgwd.store.redis.kept import lookup_from, pack_lookup, tells, tells_network
from smsgwd.store.redis.keys import Keys, id8, number_of
from smsgwd.store.redis.work import RedisWork


def put_lookups(work: RedisWork, change: PutLookups) -> None:
    """Keep lookups, or put them in the place of those of their ids; but not of those that were erased meanwhile: what
    a source says of a person who is to be forgotten is not kept."""
    work.tx.fetch([work.keys.lookup(lookup.id) for lookup in change.lookups])
    for lookup in change.lookups:
        before = read(work, lookup.id)
        if before is None or before.dest != ERASED:
            put(work, before, lookup)


def read(work: RedisWork, number: int) -> Lookup | None:
    """A lookup, or None."""
    value = work.tx.get(work.keys.lookup(number))
    return None if value is None else lookup_from(number, value)


def put(work: RedisWork, before: Lookup | None, after: Lookup | None) -> None:
    """Write a lookup in the place of what it was (None = it is new), with its indexes; None deletes it."""
    tx, keys = work.tx, work.keys
    lookup = after or before
    assert lookup is not None
    if after is None:
        tx.delete(keys.lookup(lookup.id))
    else:
        tx.put(keys.lookup(lookup.id), pack_lookup(after))
    old, new, member = _entries(keys, before), _entries(keys, after), id8(lookup.id)
    for index in old:
        if index not in new:
            tx.remove(index, member)
    for index, score in new.items():
        if old.get(index) != score:
            tx.add(index, member, score)
    if before is not None and tells_network(before):  # its number is left out where it was the last one
        tx.prune(keys.lookup_networks, keys.networks_of(before.msisdn), before.msisdn.encode())
    if after is not None and tells_network(after):
        tx.add(keys.lookup_networks, after.msisdn.encode())


def _entries(keys: Keys, lookup: Lookup | None) -> dict[str, int]:
    """Its score by index."""
    if lookup is None:
        return {}
    entries = {keys.lookups: 0, keys.lookup_request(lookup.tenant, lookup.request): 0}
    if not lookup.facts.state.final:
        entries[keys.lookups_open] = 0
    if tells(lookup):
        entries[keys.lookups_of(lookup.msisdn)] = lookup.done_at or 0
    if tells_network(lookup):
        entries[keys.networks_of(lookup.msisdn)] = lookup.done_at or 0
    return entries


def erase(work: RedisWork, lookup: Lookup) -> None:
    """That somebody looked up a number, and paid for it, stays. One that is open ends: nobody is told any more."""
    after = lookup.facts.state if lookup.facts.state.final else LookupState.UNKNOWN
    erased = msgspec.structs.replace(
        lookup,
        dest=ERASED,
        msisdn="",
        facts=LookupFacts(after),
        done_at=lookup.asked_at if lookup.done_at is None else lookup.done_at,
    )
    put(work, lookup, erased)


def purge(work: RedisWork, asked_before: int, limit: int) -> int:
    """Delete final lookups asked for before then (ms since 1970), the oldest first; how many. Ids tell their time."""
    low, high, count = b"", id8(first_id_at(asked_before)), 0
    while count < limit:
        page = work.tx.members(work.keys.lookups, low, high, limit)
        work.tx.fetch([work.keys.lookup(number_of(member)) for member in page])
        for member in page:
            lookup = read(work, number_of(member))
            if lookup is not None and lookup.facts.state.final and lookup.asked_at < asked_before and count < limit:
                put(work, lookup, None)
                count += 1
        if len(page) < limit:
            break
        low = page[-1] + b"\0"
    return count
