"""Retention: what is over and old goes, in steps of a few milliseconds.

Ids of messages are ordered by time, so the old ones are a range of the primary key. No index is kept for it: what a
step must know beyond that range is gathered from what is there (`walks`).
"""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.upkeep import BlankTexts, DropArchived, Purge, Purged, PurgeIds, PurgeLeftovers
from smsgwd.store.embedded.apply import links, lookups
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.counts import unmark
from smsgwd.store.embedded.schema import DEAD, PENDING
from smsgwd.store.embedded.walks import PageWalk, PurgeWalk
from smsgwd.store.embedded.work import Work

_FINAL: Final = int(FINAL_FROM)
_DAY_MS: Final = 86_400_000
_OF_MESSAGES: Final = (("event", "message"), ("part", "message"), ("client_ref", "message"), ("message", "id"))
_GATHERED: Final = 1000  # rows of the outbox looked at by one step
_PENDING: Final = "SELECT message, target, due_at, id FROM outbox WHERE status = 0"
_DEAD: Final = "SELECT message, target, id FROM outbox WHERE status = 2"
_KEPT: Final = "SELECT message, seq FROM final WHERE seq > 0"
_ENDED: Final = 3  # beside the status of pushes: what ended and was not written down elsewhere so far
#: What is gathered, in turn: status, rows (their message first, then their key), key.
_GATHERING: Final = (
    (PENDING, _PENDING, "target, due_at, id"),
    (DEAD, _DEAD, "target, id"),
    (_ENDED, _KEPT, "seq"),
)
_OPEN: Final = Many("SELECT id FROM message WHERE id IN (", "?", ") AND state < 10")
_MESSAGE_OF: Final = Many("SELECT message FROM outbox WHERE id IN (", "?", ")")
_NO_PUSHES: Final = Many("DELETE FROM outbox WHERE id IN (", "?", ")")
_NO_TEXTS: Final = Many("UPDATE message SET body = x'' WHERE length(body) > 0 AND id IN (", "?", ")")


def purge(work: Work, change: Purge) -> Purged:
    """Delete the next old messages that ended and that nobody is owed, with their parts and history."""
    work.flush()
    walk = work.memory.walks.messages
    execute = work.connection.execute
    if not walk.running:
        if not walk.begin(change.before):
            return Purged(0, False)
        if (
            execute("SELECT 1 FROM message WHERE id > ? AND id < ? LIMIT 1", (walk.place, walk.until)).fetchone()
            is None
        ):
            walk.end()
            return Purged(0, False)
        walk.gather()
    # The wall clock may have been set back since the pass began: what is young by it now stays.
    walk.until = min(walk.until, first_id_at(change.before))
    if walk.gathering is not None and not _gather(work, walk):
        return Purged(0, True)
    found = execute(
        "SELECT id, state FROM message WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        (walk.place, walk.until, change.limit),
    ).fetchall()
    count = sum(_delete(work, first, last) for first, last in _runs(found, walk.owed))
    rows = work.memory.rows
    for number, _ in found:
        if number in rows and rows[number].state >= _FINAL:
            del rows[number]
    if len(found) < change.limit:
        execute("DELETE FROM refusal WHERE submission < ?", (walk.until,))
        unmark(work.connection)
        walk.place = walk.until - 1
        walk.end()
        return Purged(count, False)
    walk.place = found[-1][0]
    return Purged(count, True)


def _gather(work: Work, walk: PurgeWalk) -> bool:
    """Learn from the next rows of the outbox, and of what was not written down elsewhere, which old messages are needed
    still; True when that were all.

    First what is pending, then what was given up: a push that is given up meanwhile is seen in one of the two. One that
    is put off meanwhile may have been passed over, when the wall clock was set back: it is looked at by its id.
    """
    assert walk.gathering is not None
    left = _GATHERED
    status, key = walk.gathering
    for kind, sql, order in _GATHERING:
        if kind < status:
            continue
        if kind > status:
            key = ()
        behind = f" AND ({order}) > ({', '.join('?' * len(key))})" if key else ""
        found = work.connection.execute(f"{sql}{behind} ORDER BY {order} LIMIT ?", (*key, left)).fetchall()
        walk.owed.update(row[0] for row in found if row[0] < walk.until)
        walk.gathered += len(found)
        if len(found) == left:
            walk.gathering = (kind, found[-1][1:])
            return False
        left -= len(found)
    walk.owed.update(message for (message,) in _MESSAGE_OF.find(work.connection, list(walk.put_off)))
    walk.gathering = None
    return True


def _runs(found: list[tuple[int, int]], owed: set[int]) -> list[tuple[int, int]]:
    """First and last id of each run of neighbours that may all go."""
    runs: list[tuple[int, int]] = []
    first = last = -1
    for number, state in found:
        if state >= _FINAL and number not in owed:
            if first < 0:
                first = number
            last = number
        elif first >= 0:
            runs.append((first, last))
            first = -1
    if first >= 0:
        runs.append((first, last))
    return runs


def _delete(work: Work, first: int, last: int) -> int:
    """Delete all messages from `first` to `last`; how many rows went."""
    execute = work.connection.execute
    return sum(
        execute(f"DELETE FROM {table} WHERE {key} >= ? AND {key} <= ?", (first, last)).rowcount
        for table, key in _OF_MESSAGES
    )


def drop_archived(work: Work, change: DropArchived) -> Purged:
    """Nothing: what ends stays in this store's file."""
    return Purged(0, False)


def purge_ids(work: Work, change: PurgeIds) -> Purged:
    """Look at the next SMSC ids; those of old messages go that are gone, or have ended and will go as well."""
    work.flush()
    walks = work.memory.walks
    walk = walks.ids
    if not walks.begin_ids(change.before):
        return Purged(0, False)
    behind = "WHERE (grp, id) > (?, ?)" if walk.place else ""
    found = work.connection.execute(
        f"SELECT grp, id, message FROM smsc {behind} ORDER BY grp, id LIMIT ?", (*walk.place, change.limit)
    ).fetchall()
    until = first_id_at(change.before)
    old = sorted({number for _, _, number in found if number < until})
    needed = {number for (number,) in _OPEN.find(work.connection, old)}
    gone = [(group, key) for group, key, number in found if number < until and number not in needed]
    work.connection.executemany("DELETE FROM smsc WHERE grp = ? AND id = ?", gone)
    ids = work.memory.ids
    for group, key in gone:
        if group in ids:
            ids[group].pop(key, None)
    walk.seen(found[-1][:2] if found else (), last=len(found) < change.limit)
    return Purged(len(gone), not walk.through)


def purge_leftovers(work: Work, change: PurgeLeftovers) -> Purged:
    """Old pushes that were given up or never taken, orphans, parts of subscribers' messages, links and lookups."""
    work.flush()
    limit, execute = change.limit, work.connection.execute
    count, more = 0, False
    walks = work.memory.walks
    if walks.given_up.through and walks.untaken.through:  # a round ends when both are through, and the next begins
        walks.given_up, walks.untaken = PageWalk(), PageWalk()
    for walk, columns, rows, key in (
        (walks.given_up, "target, id, done_at", "status = 2", "target, id"),
        (walks.untaken, "target, due_at, id, created_at", "status = 0 AND target >= '@' AND target < 'A'",
         "target, due_at, id"),
    ):  # fmt: skip
        if walk.through:
            continue
        behind = f"AND ({key}) > ({', '.join('?' * len(walk.place))})" if walk.place else ""
        found = execute(
            f"SELECT {columns} FROM outbox WHERE {rows} {behind} ORDER BY {key} LIMIT ?", (*walk.place, limit)
        ).fetchall()
        old = [row[-2] for row in found if row[-1] is not None and row[-1] < change.pushes_before]
        count += _NO_PUSHES.run(work.connection, old)
        walk.seen(found[-1][:-1] if found else (), last=len(found) < limit)
        more = more or not walk.through
    (orphans,) = execute("SELECT count(*) FROM parked WHERE orphan = 1").fetchone()
    old = [
        number
        for number, received_at, place in execute(
            "SELECT id, received_at, row_number() OVER () FROM"
            " (SELECT id, received_at FROM parked WHERE orphan = 1 ORDER BY received_at LIMIT ?)",
            (limit,),
        )
        if received_at < change.orphans_before or place <= orphans - change.most_orphans
    ]
    execute_many = work.connection.executemany
    execute_many("DELETE FROM parked_key WHERE parked = ?", [(number,) for number in old])
    execute_many("DELETE FROM parked WHERE id = ?", [(number,) for number in old])
    count += len(old)
    more = more or len(old) == limit
    for status, before in ((0, change.mo_before), (1, change.mo_done_before), (2, change.mo_before)):
        gone = execute(
            "DELETE FROM mo_part WHERE (grp, source, dest, ref, total, width, seq) IN (SELECT grp, source, dest, ref,"
            " total, width, seq FROM mo_part WHERE status = ? AND received_at < ? ORDER BY received_at LIMIT ?)",
            (status, before, limit),
        ).rowcount
        count += gone
        more = more or gone == limit
    for gone in (links.purge(work, change.links_before, limit), lookups.purge(work, change.lookups_before, limit)):
        count += gone
        more = more or gone == limit
    return Purged(count, more)


class _Mark(msgspec.Struct, array_like=True):
    """How far the texts of a tenant are emptied; kept in `meta`."""

    place: int = -1  #: the last id looked at
    open: int = 0  #: the first one passed that had not ended; 0 = none
    began: int = 0  #: `before` of the change that began this round (ms since 1970)


_mark_of = msgspec.json.Decoder(_Mark).decode


def blank_texts(work: Work, change: BlankTexts) -> Purged:
    """Empty the texts of the next old messages of a tenant.

    Those that had not ended when they were passed are looked for again, from the first of them on, a day later.
    """
    work.flush()
    execute = work.connection.execute
    key = f"blank:{change.tenant}"
    stored = execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    mark = _Mark(began=change.before) if stored is None else _mark_of(stored[0])
    until = first_id_at(change.before)
    set_back = change.before < mark.began  # the wall clock was
    mark.began = min(mark.began, change.before)
    if mark.open and change.before >= mark.began + _DAY_MS:
        mark.place, mark.open, mark.began = min(mark.place, mark.open - 1), 0, change.before
    found: list[tuple[Any, ...]] = execute(
        "SELECT id, state FROM message INDEXED BY message_tenant WHERE tenant = ? AND id > ? AND id < ?"
        " ORDER BY id LIMIT ?",
        (change.tenant, mark.place, until, change.limit),
    ).fetchall()
    count = _NO_TEXTS.run(work.connection, [number for number, state in found if state >= _FINAL])
    if found:
        mark.open = mark.open or next((number for number, state in found if state < _FINAL), 0)
        mark.place = found[-1][0]
    if found or set_back:
        execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, msgspec.json.encode(mark)))
    return Purged(count, len(found) == change.limit)
