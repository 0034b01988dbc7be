"""A tenant's messages of a span of time, counted by groups."""

from __future__ import annotations

from typing import Final

from smsgwd.model.counting import NOTHING, RANGE_DIGITS, SENDER, SENT, UNSENT, SpanPage, SpanRow, class_of
from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State
from smsgwd.store.redis.archived import ids_of, rows_of
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.rows import RedisRow
from smsgwd.store.redis.walking import MAX_ID

_CLOCK_SLACK_MS: Final = 60_000  # as in `reads_messages.messages`
_ROWS: Final = 500  # looked at in a call: 5 ms of the reactor
_DELIVERED: Final = int(State.DELIVERED)


async def counted(ask: Asking, tenant: str, between: tuple[int, int], by: str, after: int) -> SpanPage:
    """See CountingReads.counted. Ids narrow it and `submitted_at` decides, as in `reads_messages.messages`."""
    from_ms, to_ms = between
    low = max(after + 1, first_id_at(from_ms))
    high = min(first_id_at(to_ms + _CLOCK_SLACK_MS), MAX_ID)
    if low >= high:
        return SpanPage((), None)
    ids = await ids_of(ask, tenant, (low, high), _ROWS)
    sums: dict[tuple[str, int, int], tuple[int, int, int]] = {}
    for row in await rows_of(ask, ids):
        told = row.told
        if from_ms <= told.submitted_at < to_ms:
            group = (_key(row, by), row.state, _time(row))
            messages, parts, price = sums.get(group, (0, 0, 0))
            sums[group] = (messages + 1, parts + row.parts, price + told.price)
    rows = tuple(SpanRow(*group, *sums[group]) for group in sorted(sums))
    return SpanPage(rows, ids[-1] if len(ids) == _ROWS else None)


def _key(row: RedisRow, by: str) -> str:
    if by == NOTHING:
        return ""
    return row.told.source if by == SENDER else row.told.msisdn[:RANGE_DIGITS]


def _time(row: RedisRow) -> int:
    if row.sent_at is None:
        return UNSENT
    if row.state != _DELIVERED or row.done_at is None:
        return SENT
    return class_of(row.done_at - row.sent_at)
