"""Messages that a transaction looks for, and changes many at once: what is due, over, held, queued elsewhere.

Indexes say which may be meant, as the server has them now; rows decide, as this node knows them: where one is older
than what the index says, the commit finds out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from smsgwd.model.message import HELD, Message, State
from smsgwd.store.redis.keys import number_of
from smsgwd.store.redis.messages import MessageWork
from smsgwd.store.redis.rows import RedisRow, message_of, row_from
from smsgwd.store.redis.tx import STAMP
from smsgwd.store.rows import Row

_QUEUED: Final = int(State.QUEUED)
_WAITING: Final = int(State.WAITING)
_PAGE: Final = 1000  # rows read at once


class SweepWork(MessageWork):
    """See `smsgwd.store.work.Work`. What another node has claimed is left out: it may be on its way."""

    def overdue(self, state: State, before: int, limit: int) -> list[int]:
        """See Work."""
        found: list[int] = []
        for row in self._by_score(self.keys.open(state), before, limit):
            if row.state == state and row.told.deadline <= before and not self.elsewhere(row):
                found.append(row.id)
                if len(found) >= limit:
                    break
        return found

    def due(self, at: int, limit: int) -> list[Message]:
        """See Work."""
        found: list[Message] = []
        for row in self._by_score(self.keys.due, at, limit):
            if row.state < _QUEUED and row.due_at <= at:
                found.append(message_of(row))
                if len(found) >= limit:
                    break
        return found

    def _by_score(self, index: str, highest: int, page: int) -> Iterator[RedisRow]:
        """Rows of an index up to a score, the lowest first, read a page at a time."""
        self.flush()
        page = max(1, min(page, _PAGE))
        after: tuple[float, bytes] | None = None
        while True:
            pairs = self.tx.scored(index, "-inf", highest, page, after=after)
            ids = [number_of(member) for member, _ in pairs]
            self.prefetch(ids)
            for number in ids:
                row = self.row(number)
                if row is not None:
                    yield row
            if len(pairs) < page:
                return
            after = (pairs[-1][1], pairs[-1][0])

    def held_ids(self, tenant: str, prefix: str, connector: str, limit: int) -> list[int]:
        """See Work."""
        self.flush()
        found: list[int] = []
        low = b""
        while len(found) < limit:
            members = self.tx.members(self.keys.held, low, b"", _PAGE)
            for row in self._glanced([number_of(member) for member in members]):
                told = row.told
                if (
                    (not tenant or told.tenant == tenant)
                    and told.msisdn.startswith(prefix)
                    and (not connector or row.connector == connector)
                ):
                    found.append(row.id)
            if len(members) < _PAGE:
                break
            low = members[-1] + b"\0"
        found = found[:limit]
        self.prefetch(found)
        return [number for number in found if _held(self.row(number))]

    def _glanced(self, ids: Sequence[int]) -> Iterator[RedisRow]:
        """Rows to choose from: the commit depends on none of them."""
        rows = self._rows
        unknown = [number for number in ids if number not in rows]
        values = self.tx.ask("MGET", *(self.keys.message(number) for number in unknown)) if unknown else []
        seen = {number: value for number, value in zip(unknown, values, strict=True) if value is not None}
        for number in ids:
            row = rows.get(number)
            if row is None and number in seen:
                row = row_from(seen[number][STAMP:])
            if row is not None:
                yield row

    def untaken(self, ids: Sequence[int], connector: str) -> list[int]:
        """See Work."""
        self.prefetch(ids)
        found: list[int] = []
        for number in ids:
            row = self.row(number)
            if row is not None and row.state == _QUEUED and row.connector == connector and not self.out(row):
                found.append(number)
        return found

    def reconnect(self, moves: Sequence[tuple[int, str]]) -> None:
        """See Work."""
        for number, connector in moves:
            row = self.row(number)
            assert row is not None
            row.connector = connector
            self.changed(row)

    def queue(self, messages: Sequence[Message]) -> None:
        """See Work."""
        for message in messages:
            row = self.row(message.id)
            assert row is not None
            row.state = _QUEUED
            self.changed(row)

    def move_retries(self, by: int) -> None:
        """See Work."""
        self.flush()
        index = self.keys.open(_WAITING)
        after: tuple[float, bytes] | None = None
        while True:
            pairs = self.tx.scored(index, "-inf", "+inf", _PAGE, after=after)
            ids = [number_of(member) for member, _ in pairs]
            self.prefetch(ids)
            for number in ids:
                row = self.row(number)
                if row is not None and row.state == _WAITING:
                    row.due_at -= by
                    self.changed(row)
            if len(pairs) < _PAGE:
                return
            after = (pairs[-1][1], pairs[-1][0])

    def reschedule(self, row: Row, due_at: int, deadline: int | None) -> None:
        """See Work."""
        row.due_at = due_at
        if deadline is not None:
            row.told.deadline = deadline
            assert isinstance(row, RedisRow)
            row.retold()
        self.later(row)

    def release(self, ids: Sequence[int], at: int) -> None:
        """See Work."""
        for number in ids:
            row = self.row(number)
            assert row is not None
            row.due_at = max(at, row.due_at - HELD)
            self.later(row)


def _held(row: RedisRow | None) -> bool:
    return row is not None and row.state < _QUEUED and row.due_at >= HELD
