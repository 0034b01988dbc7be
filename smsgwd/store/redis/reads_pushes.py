"""What one tenant was pushed, newest first.

No index of the outbox is by tenant, which every push would pay for: rows are read newest first, a bounded number a
call. What is pending or was given up is found by its indexes where that is not much.
"""

from __future__ import annotations

import time
from typing import Final

from smsgwd.ports.looking import PushView
from smsgwd.ports.pushed import PushFilter, PushPage
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.pushes import push_view
from smsgwd.store.redis.reads_outbox import STATUS_OF, few_in, rows_of
from smsgwd.store.redis.walking import MAX_ID

_MOST: Final = 50_000  # rows read a call
_LONGEST_S: Final = 0.2


async def tenant_pushes(ask: Asking, tenant: str, where: PushFilter, before: int | None, limit: int) -> PushPage:
    """See Store.tenant_pushes; a state that is none has no rows."""
    high = MAX_ID if before is None else max(0, min(before, MAX_ID))
    wanted = None
    if where.status:
        if where.status not in STATUS_OF:
            return PushPage((), None)
        wanted = STATUS_OF[where.status]
        few = await few_in(ask, wanted)
        if few is not None:
            return await _indexed(ask, tenant, wanted, [number for number in few if number < high], limit)
    views: list[PushView] = []
    looked_at = 0
    end = time.monotonic() + _LONGEST_S
    while high > 0:
        page = [number_of(each) for each in await ask.members(ask.keys.pushes, b"", id8(high), PAGE, newest=True)]
        for number, row in await rows_of(ask, page):
            if row.tenant == tenant and wanted in (None, row.status):
                views.append(push_view(number, row))
                if len(views) == limit:
                    return PushPage(tuple(views), number)
        if len(page) < PAGE:
            break
        high = page[-1]
        looked_at += PAGE
        if looked_at >= _MOST or time.monotonic() > end:
            return PushPage(tuple(views), high)
    return PushPage(tuple(views), None)


async def _indexed(ask: Asking, tenant: str, wanted: int, numbers: list[int], limit: int) -> PushPage:
    """The newest of what an index tells."""
    newest = sorted(numbers, reverse=True)
    views: list[PushView] = []
    for at in range(0, len(newest), PAGE):
        for number, row in await rows_of(ask, newest[at : at + PAGE]):
            if row.tenant == tenant and row.status == wanted:
                views.append(push_view(number, row))
                if len(views) > limit:
                    return PushPage(tuple(views[:limit]), views[limit - 1].id)
    return PushPage(tuple(views), None)
