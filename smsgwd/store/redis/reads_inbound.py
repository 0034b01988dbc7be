"""What can be asked of what came from SMSCs and is nobody's yet: orphans, parts of subscribers' messages."""

from __future__ import annotations

from typing import Final

from smsgwd.model.mo import Mo, MoSet, unpack_mo
from smsgwd.ports.store import Orphan
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.mo import mo_parts_of, mo_set_of
from smsgwd.store.redis.parked import parked_of
from smsgwd.store.rows import MO_DONE

_MAX_ID: Final = (1 << 63) - 1


async def orphans(ask: Asking, after: int, limit: int) -> list[Orphan]:
    """See Store.orphans."""
    if after >= _MAX_ID:
        return []
    page = await ask.members(ask.keys.orphans, id8(max(0, after + 1)), b"", limit)
    numbers = [number_of(member) for member in page]
    values = await ask.rows([ask.keys.parked(number) for number in numbers])
    return [
        Orphan(number, parked_of(value).receipt)
        for number, value in zip(numbers, values, strict=True)
        if value is not None
    ]


async def mo_sets(ask: Asking, before: int, limit: int) -> list[MoSet]:
    """See Store.mo_sets."""
    keys = ask.keys
    complete = await ask.scored(keys.mo_complete, "-inf", "+inf", limit)
    waiting = await ask.scored(keys.mo_open, "-inf", before - 1, limit)
    page = sorted((at, member) for member, at in (*complete, *waiting))[:limit]
    sets = [mo_set_of(member) for _, member in page]
    values = await ask.rows([keys.mo(*key) for key in sets])
    found: list[MoSet] = []
    for key, (at, _), value in zip(sets, page, values, strict=True):
        rows = () if value is None else mo_parts_of(value)
        parts: dict[int, Mo] = {
            row.seq: unpack_mo(row.mo)
            for row in sorted(rows, key=lambda row: row.seq)
            if row.ref == key.ref and row.status != MO_DONE
        }
        if parts:
            found.append(MoSet(key, parts, at))
    return found
