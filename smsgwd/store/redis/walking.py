"""Messages by the indexes that have their ids, page by page, as queries need them.

A row that is gone, or that is not what its index entry said any more, is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from smsgwd.model.message import MessageView
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.archived import ids_of, rows_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.rows import RedisRow, view_of

MAX_ID: Final = (1 << 63) - 1
_LONGEST_S: Final = 5.0  # of one query
_FIRST_PAGE: Final = 32
_IDS: Final = 5_000  # ids of an index asked for at once

#: Whether a row is what is looked for.
Keep = Callable[[RedisRow], bool]


class Patience:
    """How long a query may take: whoever asks for too much is told so, instead of holding the server."""

    def __init__(self, seconds: float = _LONGEST_S) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raises StoreUnavailable when it is over."""
        if time.monotonic() > self._end:
            raise StoreUnavailable(f"the query took longer than {self._seconds:g} s: narrow it")


async def first_of(ask: Asking, ids: Sequence[int], keep: Keep, limit: int) -> list[MessageView]:
    """The first `limit` of these messages, in this order, that are to be kept."""
    patience = Patience()
    found: list[MessageView] = []
    at, size = 0, max(1, min(PAGE, max(limit, _FIRST_PAGE)))
    while at < len(ids) and len(found) < limit:
        patience.check()
        found += [view_of(row) for row in await rows_of(ask, ids[at : at + size]) if keep(row)]
        at += size
        size = min(PAGE, size * 2)
    return found[:limit]


async def newest(
    ask: Asking, tenant: str, between: tuple[int, int], keep: Keep, limit: int
) -> tuple[list[MessageView], int | None]:
    """The newest `limit` messages of a tenant that are to be kept, their ids from the lower bound to below the
    upper one; and the id below which it goes on (None = that were all)."""
    low, high = between
    patience = Patience()
    found: list[MessageView] = []
    size = min(PAGE, max(limit, _FIRST_PAGE))
    while len(found) < limit:
        if high <= low:
            return found, None
        patience.check()
        ids = await ids_of(ask, tenant, (low, high), size, newest=True)
        for row in await rows_of(ask, ids):
            if keep(row):
                found.append(view_of(row))
                if len(found) == limit:
                    return found, row.id
        if len(ids) < size:
            return found, None
        high = ids[-1]
        size = min(PAGE, size * 2)
    return found, high


async def in_states(ask: Asking, states: Iterable[int], after: int = -1) -> list[int]:
    """Ids behind `after` of all messages in these states (not final), ascending. It reads all of these indexes: where
    they are long, a list of that many numbers."""
    patience = Patience()
    found: list[int] = []
    for state in states:
        place: tuple[int, bytes] | None = None
        while True:
            patience.check()
            page = await ask.scored(ask.keys.open(state), "-inf", "+inf", _IDS, after=place)
            found += [number for number in (number_of(member) for member, _ in page) if number > after]
            if len(page) < _IDS:
                break
            member, score = page[-1]
            place = (score, member)
    return sorted(set(found))
