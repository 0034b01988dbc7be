"""What may go to the archive: messages that ended long ago and that nobody is owed word of."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple, TypeVar

from twisted.internet.defer import Deferred

from smsgwd.model.ids import first_id_at, time_of
from smsgwd.model.message import FINAL_FROM
from smsgwd.store.archive.row import ArchivedRow, archived
from smsgwd.store.redis.archived import digest
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.pushes import DONE, push_from
from smsgwd.store.redis.rows import RedisRow, row_from
from smsgwd.store.redis.walking import MAX_ID

_T = TypeVar("_T")
_FINAL: Final = int(FINAL_FROM)


class ArchivablePage(NamedTuple):
    """Messages for the archive, each with the digest of what it was made of (`DropArchived`); `after`: the id to go on
    behind, None = that were all."""

    rows: list[ArchivedRow]
    digests: list[tuple[int, bytes]]
    after: int | None


class Archivable:
    """The part of `RedisStore` that tells what may be archived."""

    asking: Asking

    def _ask(self, query: Coroutine[Any, Any, _T]) -> Deferred[_T]:
        """See Reads."""
        raise NotImplementedError

    def archivable(self, bound: Callable[[int], int], before: int, after: int, limit: int) -> Deferred[ArchivablePage]:
        """What may go of the next `limit` messages behind the id `after`: those that ended before `bound` of their ids
        says; `before` is the latest that it says (ms since 1970)."""
        return self._ask(_page(self.asking, bound, before, after, limit))


async def _page(ask: Asking, bound: Callable[[int], int], before: int, after: int, limit: int) -> ArchivablePage:
    high = min(first_id_at(before), MAX_ID)
    if after + 1 >= high:
        return ArchivablePage([], [], None)
    members = await ask.members(ask.keys.messages, id8(after + 1), id8(high), limit)
    ids = [number_of(member) for member in members]
    old = [number for number in ids if time_of(number) < bound(number)]
    values = dict(zip(old, await ask.rows([ask.keys.message(number) for number in old]), strict=True))
    rows = [row for value in values.values() if value is not None and _over(row := row_from(value), bound)]
    rows = await _not_needed(ask, rows)
    # Read once more: what has changed meanwhile is not as the digest says, and stays until the next time.
    copies = await _copies(ask, [row.id for row in rows])
    digests = [(copy.id, digest(value)) for copy in copies if (value := values[copy.id]) is not None]
    return ArchivablePage(copies, digests, ids[-1] if len(ids) == limit else None)


def _over(row: RedisRow, bound: Callable[[int], int]) -> bool:
    return row.state >= _FINAL and (row.done_at is None or row.done_at < bound(row.id))


async def _not_needed(ask: Asking, rows: list[RedisRow]) -> list[RedisRow]:
    """Those of which nobody is owed word, nor was and it was given up, and which are not to be written down elsewhere;
    the commit finds out when that changes."""
    if not rows:
        return []
    numbers = sorted({number for row in rows for number in row.pushes})
    values = await ask.rows([ask.keys.push(number) for number in numbers])
    pushes = [push_from(value) for value in values if value is not None]
    owed = {push.message for push in pushes if push.status != DONE}
    scores = await ask.call("ZMSCORE", ask.keys.final_ids, *(id8(row.id) for row in rows))
    return [row for row, score in zip(rows, scores, strict=True) if score is None and row.id not in owed]


async def _copies(ask: Asking, ids: list[int]) -> list[ArchivedRow]:
    from smsgwd.store.copying.redis_out import RedisSource  # it needs all that there is to copy

    return [archived(copy) for copy in await RedisSource(ask).messages_of(ids) if copy.seq]
