"""What was pushed, or given up, is owed again."""

from __future__ import annotations

from typing import Final

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import FINAL_FROM
from smsgwd.model.operators import Repush, Repushed
from smsgwd.store.owed import TYPES, whom
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.pushes import PENDING, PushRow, push_from
from smsgwd.store.redis.work import RedisWork
from smsgwd.store.rows import Row

_LOOKED_AT: Final = 2000  # rows in one step: some milliseconds
_LATE_MS: Final = 600_000  # a push of a receipt that was parked tells of the receipt's time, and comes that much later


def repush(work: RedisWork, change: Repush) -> Repushed:
    """Owe the receipts of these messages again, or these pushes, or the pushes of a span of time, up to a number of
    rows looked at."""
    if change.push_ids:
        return _of_pushes(work, change)
    return _of_messages(work, change) if change.message_ids else _of_time(work, change)


def _of_messages(work: RedisWork, change: Repush) -> Repushed:
    """The final receipt of each: as its row is kept, else anew, under the number it had."""
    work.prefetch(change.message_ids)
    rows = [work.row(number) for number in change.message_ids]
    ended = [
        row for row in rows if row is not None and row.state >= FINAL_FROM and change.tenant in ("", row.told.tenant)
    ]
    work.prefetch_pushes(row.push for row in ended if row.push is not None)
    targets = [target for row in ended if (target := _of_message(work, row, change.at))]
    return Repushed(len(targets), tuple(dict.fromkeys(targets)))


def _of_message(work: RedisWork, row: Row, at: int) -> str:
    """Owe one again; its target, '' where nobody is to be told or it is owed already."""
    number = row.push
    kept = None if number is None else work.pushes.row(number)
    if number is not None and kept is not None and kept.message == row.id:
        if kept.status == PENDING:
            return ""
        work.pushes.again(number, kept, at)
        return kept.target
    who = whom(row)
    if who is None:
        return ""
    target, url = who
    row.push = work.pushes.add(row.id, target, row.told.tenant, url, TYPES[row.state], at, None, again=number)
    work.changed(row)
    return target


def _of_pushes(work: RedisWork, change: Repush) -> Repushed:
    """These rows."""
    numbers = tuple(dict.fromkeys(change.push_ids))
    work.prefetch_pushes(numbers)
    targets: list[str] = []
    for number in numbers:
        kept = work.pushes.row(number)
        if kept is None or kept.status == PENDING or change.tenant not in ("", kept.tenant) or not _tells(work, kept):
            continue
        work.pushes.again(number, kept, change.at)
        targets.append(kept.target)
    return Repushed(len(targets), tuple(dict.fromkeys(targets)))


def _of_time(work: RedisWork, change: Repush) -> Repushed:
    """The next rows of a span of time; the result says where to go on. Numbers are never older than their time, and
    ahead of it where it had gone by when they were made."""
    keys, tx = work.keys, work.tx
    first = change.after or first_id_at(change.from_ms) - 1
    end = id8(first_id_at(change.to_ms + _LATE_MS))
    numbers = [number_of(each) for each in tx.members(keys.pushes, id8(first + 1), end, _LOOKED_AT)]
    if not numbers:
        return Repushed(0, (), max(first, 0))
    values = tx.look([keys.push(number) for number in numbers])
    rows = [(number, push_from(value)) for number, value in zip(numbers, values, strict=True) if value is not None]
    found = [number for number, row in rows if _meant(row, change)]
    work.prefetch_pushes(found)
    count, targets, reached = 0, {}, numbers[-1]  # type: int, dict[str, None], int
    for number in found:
        kept = work.pushes.row(number)
        if kept is None or kept.status == PENDING or not _tells(work, kept):
            continue
        work.pushes.again(number, kept, change.at)
        targets[kept.target] = None
        count += 1
        if count == change.limit:
            reached = number
            break
    more = bool(tx.members(keys.pushes, id8(reached + 1), end, 1))
    return Repushed(count, tuple(targets), reached, more)


def _meant(row: PushRow, change: Repush) -> bool:
    """True for one that is not pending, of the span, and of the tenant and the target where those are given."""
    return (
        row.status != PENDING
        and change.from_ms <= row.created_at < change.to_ms
        and (not change.tenant or row.tenant == change.tenant)
        and (not change.target or row.target == change.target)
    )


def _tells(work: RedisWork, row: PushRow) -> bool:
    """True where there is what it tells of: one whose message is gone could tell nothing any more."""
    return row.payload is not None or work.row(row.message) is not None
