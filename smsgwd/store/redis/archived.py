"""Messages wherever they are, here or in the archive: rows by id, ids of a tenant, numbers in a history.

The server is asked first: what is archived meanwhile is in the archive before it leaves the server. What is in both is
taken from the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from smsgwd.store.archive.row import copy_of
from smsgwd.store.copying.records import MessageCopy
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.rows import RedisRow, new_row, row_from


def digest(value: bytes) -> bytes:
    """Tells one content of a row (without its stamp) from another."""
    return blake2b(value, digest_size=16).digest()


def row_of(copy: MessageCopy) -> RedisRow:
    """The row of a copied message."""
    row = new_row(copy.message)
    row.sent_at, row.done_at, row.smsc_id, row.latency = copy.sent_at, copy.done_at, copy.smsc_id, copy.latency
    row.err_code, row.err_detail, row.err_smpp = copy.err_code, copy.err_detail, copy.err_smpp
    row.push, row.pushes, row.ref = copy.push, copy.pushes, copy.ref
    row.known = {part.part: part for part in copy.parts} if row.parts > 1 else None
    row.events = list(copy.events)
    row.mapped = [(group, key) for group, key, _ in copy.smsc]
    return row


async def rows_of(ask: Asking, ids: Sequence[int]) -> list[RedisRow]:
    """The rows of these messages in this order, as far as they are anywhere."""
    values = await ask.rows([ask.keys.message(number) for number in ids])
    found = {number: row_from(value) for number, value in zip(ids, values, strict=True) if value is not None}
    missing = [number for number in ids if number not in found]
    if missing and ask.archive is not None:
        found.update((row.id, row_of(copy_of(row))) for row in await ask.archive.rows(missing))
    return [found[number] for number in ids if number in found]


async def ids_of(ask: Asking, tenant: str, between: tuple[int, int], limit: int, *, newest: bool = False) -> list[int]:
    """Ids of a tenant's messages ('' = of all), from the lower bound to below the upper one, in their order or the
    other way round, `limit` at most. Fewer are all there are."""
    low, high = between
    index = ask.keys.of_tenant(tenant) if tenant else ask.keys.messages
    members = await ask.members(index, id8(low), id8(high), limit, newest=newest)
    ids = [number_of(member) for member in members]
    if ask.archive is None:
        return ids
    if len(ids) == limit:  # beyond these the next page begins
        low, high = (ids[-1], high) if newest else (low, ids[-1])
    more = await ask.archive.ids(tenant, low, high, limit, newest)
    return sorted({*ids, *more}, reverse=newest)[:limit]


async def numbered(ask: Asking, tenant: str, from_ms: int, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
    """Numbers of a tenant's history from `start` to below `stop` with their messages, ascending, `limit` at most. Of
    what is archived, that which was submitted at `from_ms` or later."""
    page = await ask.scored(ask.keys.history(tenant), start, stop - 1, limit)
    found = {number: number_of(member) for member, number in page}
    if ask.archive is not None:
        if len(page) == limit:  # beyond these the next page begins
            stop = page[-1][1] + 1
        if len(page) < stop - start:
            for number, message_id in await ask.archive.numbered(tenant, from_ms, start, stop, limit):
                found.setdefault(number, message_id)
    return sorted(found.items())[:limit]
