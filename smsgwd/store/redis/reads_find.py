"""An operator looks for messages among those of all tenants.

What an index answers (an SMSC id, a submission) is looked up; anything else reads rows newest first, a bounded number a
call, by the narrowest way there is: what has not ended, one tenant's, or all.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from smsgwd.delivery.correlation import candidates
from smsgwd.model.ids import MAX_BLOCK, first_id_at
from smsgwd.model.message import MessageView
from smsgwd.ports.looking import FindFilter, Found, MessageTrace, PushView
from smsgwd.store.numbers import is_number
from smsgwd.store.redis.archived import ids_of, rows_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.pushes import push_from, push_view
from smsgwd.store.redis.reads_messages import row_by_id
from smsgwd.store.redis.rows import RedisRow, full_view, smsc_of, view_of
from smsgwd.store.redis.walking import MAX_ID, Keep, first_of, in_states

_SLACK_MS: Final = 60_000  # between the clocks of nodes, and for one that was set back
_MOST: Final = 100_000  # rows read a call
_FEW: Final = 20_000  # rows in a state that are read by its index, which is not in the order of ids
_GROUPS: Final = 1_000  # groups that an SMSC id is looked for in at once
_LONGEST_S: Final = 0.2


async def trace(ask: Asking, message_id: int) -> MessageTrace | None:
    """See Store.trace."""
    row = await row_by_id(ask, message_id)
    return None if row is None else MessageTrace(full_view(row), await pushes_of(ask, row.id, row.pushes))


async def pushes_of(ask: Asking, message_id: int, numbers: Sequence[int]) -> tuple[PushView, ...]:
    """What is owed, or was, for what became of a message, by id; as far as it is kept."""
    values = await ask.rows([ask.keys.push(number) for number in numbers])
    rows = {number: push_from(value) for number, value in zip(numbers, values, strict=True) if value is not None}
    return tuple(push_view(number, rows[number]) for number in sorted(rows) if rows[number].message == message_id)


async def find(ask: Asking, where: FindFilter, before: int | None, limit: int) -> Found:
    """See Store.find. An id is never older than the time it was made at but for clocks that differ, so ids narrow a
    search by time, and `submitted_at` decides."""
    low, high = 0, MAX_ID if before is None else max(0, min(before, MAX_ID))
    if where.from_ms is not None:
        low = min(first_id_at(where.from_ms - _SLACK_MS), MAX_ID)
    if where.to_ms is not None:
        high = min(high, first_id_at(where.to_ms + _SLACK_MS))
    keep = _wanted(where)
    if where.smsc_id:
        ids = [number for number in await _ids_of(ask, where.smsc_id, (low, high)) if low <= number < high]
    elif where.submission:
        if not 0 < where.submission < MAX_ID:
            return Found((), None)
        low = max(low, where.submission + 1)
        high = min(high, where.submission + MAX_BLOCK + 1, MAX_ID)
        ids = await ids_of(ask, where.tenant, (low, high), MAX_BLOCK) if low < high else []
    elif await _few_open(ask, where):
        ids = [number for number in await in_states(ask, map(int, where.states)) if low <= number < high]
    else:
        return await _walk(ask, where.tenant, keep, (low, high), limit)
    return await _page(ask, ids, keep, limit)


def _wanted(where: FindFilter) -> Keep:
    """Whether a row is what is asked for."""
    fields = ("tenant", "msisdn", "source", "client_ref", "submission")
    wanted = [(name, value) for name in fields if (value := getattr(where, name))]
    states = frozenset(map(int, where.states))
    from_ms, to_ms, connector = where.from_ms, where.to_ms, where.connector

    def keep(row: RedisRow) -> bool:
        told = row.told
        return (
            (not states or row.state in states)
            and (not connector or row.connector == connector)
            and (from_ms is None or told.submitted_at >= from_ms)
            and (to_ms is None or told.submitted_at < to_ms)
            and all(getattr(told, name) == value for name, value in wanted)
        )

    return keep


async def _ids_of(ask: Asking, smsc_id: str, between: tuple[int, int]) -> set[int]:
    """Messages that an SMSC of any group called so, in any form its responses and receipts may have, or a provider."""
    names = ask.keys
    forms = dict.fromkeys((smsc_id, *candidates(smsc_id)))
    found: set[int] = set()
    after = b""
    while True:
        groups = await ask.members(names.groups, after, b"", _GROUPS)
        rows = await ask.rows([names.smsc(group.decode(), form) for group in groups for form in forms])
        found.update(smsc_of(row)[0] for row in rows if row is not None)
        if len(groups) < _GROUPS:
            break
        after = groups[-1] + b"\0"
    if ask.archive is not None:
        found.update(await ask.archive.called(list(forms), *between))
    return found


async def _page(ask: Asking, ids: list[int] | set[int], keep: Keep, limit: int) -> Found:
    """The newest of what an index tells."""
    views = await first_of(ask, sorted(ids, reverse=True), keep, limit + 1)
    if len(views) <= limit:
        return Found(tuple(views), None)
    return Found(tuple(views[:limit]), views[limit - 1].message.id)


async def _few_open(ask: Asking, where: FindFilter) -> bool:
    """Whether only what is in states that are not final is asked for, and that is not very much."""
    if not where.states or any(state.final for state in where.states):
        return False
    lengths: list[int] = await ask.several([("ZCARD", ask.keys.open(state)) for state in set(where.states)])
    return sum(lengths) <= _FEW


async def _walk(ask: Asking, tenant: str, keep: Keep, between: tuple[int, int], limit: int) -> Found:
    """Rows newest first with ids from the lower bound to below the upper one, until the page is full or it was enough
    work."""
    low, high = between
    views: list[MessageView] = []
    looked_at = 0
    end = time.monotonic() + _LONGEST_S
    while low < high:
        ids = await ids_of(ask, tenant, (low, high), PAGE, newest=True)
        for row in await rows_of(ask, ids):
            if keep(row):
                views.append(view_of(row))
                if len(views) == limit:
                    return Found(tuple(views), row.id)
        if len(ids) < PAGE:
            break
        high = ids[-1]
        looked_at += PAGE
        if looked_at >= _MOST or time.monotonic() > end:
            return Found(tuple(views), high)
    return Found(tuple(views), None)


async def find_number(ask: Asking, msisdn: str, after: int, limit: int) -> tuple[list[int], int | None]:
    """See Store.find_number."""
    found: list[int] = []
    looked_at, place = 0, max(after, -1)
    while place < MAX_ID and looked_at < limit:
        size = min(PAGE, limit - looked_at)
        ids = await ids_of(ask, "", (place + 1, MAX_ID), size)
        for row in await rows_of(ask, ids):
            told = row.told
            if told.msisdn == msisdn or is_number(told.source, msisdn) or is_number(told.dest, msisdn):
                found.append(row.id)
        if len(ids) < size:
            return found, None
        looked_at += size
        place = ids[-1]
    return found, place if looked_at else None
