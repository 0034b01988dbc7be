"""What tenants ask of their messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.model.ids import MAX_BLOCK, first_id_at, time_of
from smsgwd.model.message import MessageView, State
from smsgwd.model.tally import Numbered
from smsgwd.ports.store import MessageFilter
from smsgwd.store.redis.archived import ids_of, numbered, rows_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.rows import RedisRow, full_view, view_of
from smsgwd.store.redis.walking import MAX_ID, Keep, Patience, first_of, in_states, newest

_CLOCK_SLACK_MS: Final = 60_000  # between clocks of nodes, and for one that was set back
_UNSENT: Final = (int(State.SCHEDULED), int(State.WAITING), int(State.QUEUED))
_MOST_EXACT: Final = 1 << 53  # scores are floating-point numbers
_WINDOW: Final = 64  # neighbours in a history whose times need not ascend


async def row_by_id(ask: Asking, message_id: int) -> RedisRow | None:
    """A message, or None; for any number at all."""
    if not 0 <= message_id <= MAX_ID:
        return None
    return next(iter(await rows_of(ask, (message_id,))), None)


async def message(ask: Asking, tenant: str, message_id: int) -> MessageView | None:
    """See Store.message."""
    row = await row_by_id(ask, message_id)
    return None if row is None or row.told.tenant != tenant else full_view(row)


async def tenant_of(ask: Asking, message_id: int) -> str | None:
    """See Store.tenant_of."""
    row = await row_by_id(ask, message_id)
    return None if row is None else row.told.tenant


async def _submitted(ask: Asking, tenant: str, submission_id: int, keep: Keep, limit: int) -> list[MessageView]:
    """Messages of a submission of a tenant, by id; ids of a submission follow its own (model.ids)."""
    if not 0 <= submission_id <= MAX_ID:
        return []
    low, high = min(submission_id + 1, MAX_ID), min(submission_id + MAX_BLOCK + 1, MAX_ID)
    ids = await ids_of(ask, tenant, (low, high), MAX_BLOCK)
    return await first_of(ask, ids, lambda row: row.told.submission == submission_id and keep(row), limit)


async def submission(ask: Asking, tenant: str, submission_id: int) -> list[MessageView]:
    """See Store.submission."""
    return await _submitted(ask, tenant, submission_id, lambda _: True, MAX_BLOCK)


async def recipient(ask: Asking, tenant: str, submission_id: int, msisdn: str) -> MessageView | None:
    """See Store.recipient."""
    found = await _submitted(ask, tenant, submission_id, lambda row: row.told.msisdn == msisdn, 1)
    return found[0] if found else None


async def messages(ask: Asking, tenant: str, where: MessageFilter, before: int | None, limit: int) -> list[MessageView]:
    """See Store.messages.

    An id is never older than the time it was made at, but may run ahead of it after the clock was set back: so ids only
    narrow the search, with a minute of slack, and `submitted_at` decides.
    """
    low, high = 0, MAX_ID if before is None else max(0, min(before, MAX_ID))
    if where.from_ms is not None:
        low = min(first_id_at(where.from_ms), MAX_ID)
    if where.to_ms is not None:
        high = min(high, first_id_at(where.to_ms + _CLOCK_SLACK_MS))
    states = frozenset(map(int, where.states))
    from_ms, to_ms, msisdn = where.from_ms, where.to_ms, where.msisdn

    def keep(row: RedisRow) -> bool:
        told = row.told
        return (
            (not states or row.state in states)
            and (msisdn is None or told.msisdn == msisdn)
            and (from_ms is None or told.submitted_at >= from_ms)
            and (to_ms is None or told.submitted_at < to_ms)
        )

    return (await newest(ask, tenant, (low, high), keep, limit))[0]


async def messages_at(ask: Asking, tenant: str, ids: Sequence[int]) -> list[MessageView]:
    """See Store.messages_at."""
    wanted = [number for number in dict.fromkeys(ids) if 0 <= number <= MAX_ID]
    return [view_of(row) for row in await rows_of(ask, wanted) if row.told.tenant == tenant]


async def unsent(ask: Asking, tenant: str, source: str, msisdn: str | None, limit: int) -> list[MessageView]:
    """See Store.unsent. Walks what has not left, of all tenants, or the tenant's history: whichever is shorter."""

    def keep(row: RedisRow) -> bool:
        told = row.told
        return (
            row.state <= State.QUEUED
            and told.source == source
            and told.tenant == tenant
            and (msisdn is None or told.msisdn == msisdn)
        )

    own = ask.keys.of_tenant(tenant)
    history_length, *open_lengths = await ask.several(
        [("ZCARD", own), *(("ZCARD", ask.keys.open(state)) for state in _UNSENT)]
    )
    if history_length <= sum(open_lengths):
        return (await newest(ask, tenant, (0, MAX_ID), keep, limit))[0]
    ids = await in_states(ask, _UNSENT)
    ids.reverse()
    patience = Patience()
    found: list[MessageView] = []
    for at in range(0, len(ids), PAGE):
        patience.check()
        page = ids[at : at + PAGE]
        scores = await ask.call("ZMSCORE", own, *map(id8, page))
        owned = [number for number, score in zip(page, scores, strict=True) if score is not None]
        found += await first_of(ask, owned, keep, limit - len(found))
        if len(found) >= limit:
            break
    return found


# -- a tenant's history ------------------------------------------------------------------------------------------------


async def history(ask: Asking, tenant: str, from_ms: int, to_ms: int, offset: int, limit: int) -> list[Numbered]:
    """See Store.history.

    Messages stand in the order in which they were taken; their times ascend with it but for clocks that differ, or that
    were set back. Where the span begins is looked for by halves; from there on numbers are counted.
    """
    index = ask.keys.history(tenant)
    begins = [await _first_number(ask, index, from_ms)]
    if ask.archive is not None:
        begins.append(await ask.archive.first_number(tenant, from_ms))
    begin = min((number for number in begins if number is not None), default=None)
    if begin is None or begin + offset >= _MOST_EXACT:
        return []
    found: list[Numbered] = []
    start, stop = begin + offset, min(begin + offset + limit, _MOST_EXACT)
    while start < stop:
        page = await numbered(ask, tenant, from_ms, start, stop, PAGE)
        rows = {row.id: row for row in await rows_of(ask, [message_id for _, message_id in page])}
        for number, message_id in page:
            row = rows.get(message_id)
            if row is not None and from_ms <= row.told.submitted_at < to_ms:
                found.append(Numbered(number, view_of(row)))
        if len(page) < PAGE:
            break
        start = page[-1][0] + 1
    return found


async def _first_number(ask: Asking, index: str, from_ms: int) -> int | None:
    """The number of the first message that is there still and was submitted at `from_ms` or later; None for none."""
    low, high = 0, int(await ask.call("ZCARD", index))
    while high - low > _WINDOW:
        middle = (low + high) // 2
        page = await ask.call("ZRANGE", index, middle, middle)
        if not page or await _submitted_at(ask, number_of(page[0])) >= from_ms:
            high = middle
        else:
            low = middle
    # Neighbours need not stand in the order of their times: some before are looked at, too.
    flat = await ask.call("ZRANGE", index, max(0, low - _WINDOW), high + _WINDOW, "WITHSCORES")
    numbers = {number_of(member): int(float(score)) for member, score in zip(flat[::2], flat[1::2], strict=True)}
    rows = await rows_of(ask, list(numbers))
    return next((numbers[row.id] for row in rows if row.told.submitted_at >= from_ms), None)


async def _submitted_at(ask: Asking, message_id: int) -> int:
    row = await row_by_id(ask, message_id)
    return time_of(message_id) if row is None else row.told.submitted_at
