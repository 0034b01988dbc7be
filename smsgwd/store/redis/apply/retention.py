"""Retention: what is over and old goes, in steps of a few milliseconds.

Ids of messages are ordered by time, so the old ones are a range of the index of all messages. A record tells what else
is kept of its message: that goes with it, or keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.upkeep import BlankTexts, Purge, Purged, PurgeIds, PurgeLeftovers
from smsgwd.store.redis.apply import links, lookups
from smsgwd.store.redis.keys import id8, number_of, pct
from smsgwd.store.redis.pushes import DEAD, DONE, PENDING, PushRow, push_from
from smsgwd.store.redis.rows import RedisRow
from smsgwd.store.redis.work import RedisWork
from smsgwd.store.rows import MO_COMPLETE, MO_DONE, MO_WAITS

_FINAL: Final = int(FINAL_FROM)
_DAY_MS: Final = 86_400_000
_MOST_ID: Final = (1 << 63) - 1
_REFUSALS: Final = 1000  # submissions in one step


def purge(work: RedisWork, change: Purge) -> Purged:
    """Delete the next old messages that ended and that nobody is owed, with their parts and history."""
    walk = work.walks.messages
    if not walk.begin(change.before):
        return Purged(0, False)
    members = work.tx.members(work.keys.messages, id8(walk.place + 1), id8(walk.until), change.limit)
    rows = _ended(work, [number_of(member) for member in members])
    kept = _needed(work, rows)
    gone = [row for row in rows if row.id not in kept and not _under_way(work, row)]
    count = sum(1 + len(row.known or {}) + len(row.events) + (row.ref is not None) for row in gone)  # rows in tables
    work.forget(*gone)
    if len(members) < change.limit:
        _drop_refusals(work, walk.until)
        walk.end()
        return Purged(count, False)
    walk.place = number_of(members[-1])
    return Purged(count, True)


def _ended(work: RedisWork, numbers: list[int]) -> list[RedisRow]:
    """Those of these messages that ended."""
    work.prefetch(numbers)
    rows = (work.row(number) for number in numbers)
    return [row for row in rows if row is not None and row.state >= _FINAL]


def _under_way(work: RedisWork, row: RedisRow) -> bool:
    """True for one that came, or left its queue, in this very transaction, which the server is told of at its end: it
    goes in the next round."""
    return row.queued is not None or work.tx.fresh(work.keys.message(row.id))


def _needed(work: RedisWork, rows: list[RedisRow]) -> set[int]:
    """Those of these messages of which somebody is owed word, or was and it was given up, or which are to be written
    down elsewhere still. One for which that begins meanwhile is found by its row, or the push's, at the commit."""
    work.prefetch_pushes([number for row in rows for number in row.pushes])
    kept = {number_of(member) for member in work.tx.holds(work.keys.final_ids, [id8(row.id) for row in rows])}
    for row in rows:
        pushes = (work.pushes.row(number) for number in row.pushes)
        if any(push is not None and push.message == row.id and push.status != DONE for push in pushes):
            kept.add(row.id)
    return kept


def _drop_refusals(work: RedisWork, until: int) -> None:
    """Who was refused by old submissions."""
    tx, keys = work.tx, work.keys
    for member in tx.members(keys.refusals, b"", id8(until), _REFUSALS):
        tx.remove(keys.refusals, member)
        tx.delete(keys.refused(number_of(member)))


def purge_ids(work: RedisWork, change: PurgeIds) -> Purged:
    """Nothing: here SMSC ids go with their messages."""
    return Purged(0, False)


def purge_leftovers(work: RedisWork, change: PurgeLeftovers) -> Purged:
    """Old pushes that were given up or never taken, orphans, parts of subscribers' messages, links and lookups."""
    limit = change.limit
    count, more = _pushes(work, change.pushes_before, limit)
    keys = work.keys
    rest: dict[str, Callable[[], int]] = {
        keys.orphan_age: lambda: _orphans(work, change),
        keys.mo_open: lambda: work.drop_mo_parts(MO_WAITS, change.mo_before, limit),
        keys.mo_done: lambda: work.drop_mo_parts(MO_DONE, change.mo_done_before, limit),
        keys.mo_complete: lambda: work.drop_mo_parts(MO_COMPLETE, change.mo_before, limit),
        keys.link_expiry: lambda: links.purge(work, change.links_before, limit),
        keys.lookups: lambda: lookups.purge(work, change.lookups_before, limit),
    }
    # Most gateways have none of most of these: one question instead of one each, behind which commits wait.
    for any_there, purge_them in zip(work.tx.asks([("EXISTS", key) for key in rest]), rest.values(), strict=True):
        gone = purge_them() if any_there else 0
        count += gone
        more = more or gone == limit
    return Purged(count, more)


def _pushes(work: RedisWork, before: int, limit: int) -> tuple[int, bool]:
    """Of the next `limit` pushes that are from before then by their numbers, drop those that were given up before then,
    or are to ESMEs and were made before then and not taken; how many, and whether there are more."""
    tx, keys, walks = work.tx, work.keys, work.walks
    members = tx.members(keys.pushes, id8(walks.pushes + 1), id8(min(first_id_at(before), _MOST_ID)), limit)
    numbers = [number_of(member) for member in members]
    count = 0
    for number, value in zip(numbers, tx.look([keys.push(number) for number in numbers]), strict=True):
        if value is None or not _over(push_from(value), before):
            continue
        push = work.pushes.row(number)  # what this transaction depends on is read so that the commit checks it
        if push is not None and _over(push, before):
            work.pushes.drop(number, push)
            count += 1
    more = len(members) == limit
    walks.pushes = numbers[-1] if more else -1
    return count, more


def _over(push: PushRow, before: int) -> bool:
    if push.status == DEAD:
        return push.done_at is not None and push.done_at < before
    return push.status == PENDING and not push.url and push.created_at < before


def _orphans(work: RedisWork, change: PurgeLeftovers) -> int:
    """The oldest orphans, from before then or beyond so many."""
    tx, keys = work.tx, work.keys
    beyond = int(tx.ask("ZCARD", keys.orphan_age)) - change.most_orphans
    found = tx.walk(keys.orphan_age, None, change.limit)
    old = [
        number_of(member)
        for place, (member, received_at) in enumerate(found)
        if received_at < change.orphans_before or place < beyond
    ]
    tx.fetch([keys.parked(number) for number in old])
    for number in old:
        work.unpark(number)
    return len(old)


class _Mark(msgspec.Struct, array_like=True):
    """How far the texts of a tenant are emptied; kept in a row `meta:`."""

    place: int = -1  #: the last id looked at
    open: int = 0  #: the first one passed that had not ended; 0 = none
    began: int = 0  #: `before` of the change that began this round (ms since 1970)


_mark_of: Final = msgspec.msgpack.Decoder(_Mark).decode


def blank_texts(work: RedisWork, change: BlankTexts) -> Purged:
    """Empty the texts of the next old messages of a tenant.

    Those that had not ended when they were passed are looked for again, from the first of them on, a day later.
    """
    tx, keys = work.tx, work.keys
    key = keys.meta(f"blank:{pct(change.tenant)}")
    stored = tx.get(key)
    mark = _Mark(began=change.before) if stored is None else _mark_of(stored)
    until = min(first_id_at(change.before), _MOST_ID)
    set_back = change.before < mark.began  # the wall clock was
    mark.began = min(mark.began, change.before)
    if mark.open and change.before >= mark.began + _DAY_MS:
        mark.place, mark.open, mark.began = min(mark.place, mark.open - 1), 0, change.before
    found = tx.members(keys.of_tenant(change.tenant), id8(mark.place + 1), id8(until), change.limit)
    numbers = [number_of(member) for member in found]
    ended = {row.id: row for row in _ended(work, numbers)}
    count = 0
    for row in ended.values():
        if row.told.body:
            row.told.body = b""
            row.retold()
            work.changed(row)
            count += 1
    if found:
        mark.open = mark.open or next((number for number in numbers if number not in ended), 0)
        mark.place = numbers[-1]
    if found or set_back:
        tx.put(key, msgspec.msgpack.encode(mark))
    return Purged(count, len(found) == change.limit)
