"""The outbox: what is owed anew, and what became of pushes.

A push is one row, in one index by its number, and in one more by what it is: pending or given up of a target, or done.
Pushes to URLs stay for a while after they are done, so that an operator can see them; what an ESME took goes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from smsgwd.ports.store import PushView
from smsgwd.store.owed import Pushes
from smsgwd.store.redis.base import Base
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.tx import Tx
from smsgwd.store.rows import LONGEST_ERROR
from smsgwd.store.work import Work

#: States of a push.
PENDING, DONE, DEAD = range(3)
#: What operators call them (`PushView.status`).
STATUS: Final = {PENDING: "pending", DONE: "done", DEAD: "given_up"}


class PushRow(msgspec.Struct, array_like=True, gc=False):
    """A push as it is kept. Times: ms since 1970. New fields come last, with defaults."""

    message: int  #: 0 = about no message of ours
    target: str
    tenant: str
    url: str  #: '' = an ESME
    kind: str
    created_at: int
    due_at: int
    payload: bytes | None
    attempts: int = 0
    status: int = PENDING
    done_at: int | None = None  #: when it was done, or given up
    last_error: str | None = None


_encode: Final[Callable[[Any], bytes]] = msgspec.msgpack.Encoder().encode
push_from: Final = msgspec.msgpack.Decoder(PushRow).decode


def push_view(number: int, row: PushRow) -> PushView:
    """A push as operators see it."""
    return PushView(
        number,
        row.message,
        row.tenant,
        row.target,
        row.url,
        row.kind,
        STATUS[row.status],
        row.attempts,
        row.created_at,
        row.due_at,
        row.done_at,
        row.last_error or "",
    )


class RedisPushes(Pushes):
    """Pushes in one transaction. `of_message(message, number)` is told which message a new one is about."""

    def __init__(self, tx: Tx, memory: Memory, of_message: Callable[[int, int], None]) -> None:
        self._tx = tx
        self._memory = memory
        self._keys = memory.keys
        self._of_message = of_message
        self._over: list[int] = []

    def add(
        self,
        message: int,
        target: str,
        tenant: str,
        url: str,
        kind: str,
        at: int,
        payload: bytes | None,
        again: int | None = None,
    ) -> int:
        """See Pushes."""
        tx, keys = self._tx, self._keys
        if again is None:
            number = self._memory.number(at)
            while not tx.absent(keys.push(number)):  # another node may have made the same
                number = self._memory.number(at)
        else:
            number = again
        member = id8(number)
        tx.put(keys.push(number), _encode(PushRow(message, target, tenant, url, kind, at, at, payload)))
        tx.add(keys.pushes, member)
        tx.add(keys.pending(target), member, at)
        tx.add(keys.targets, target.encode())
        if message and again is None:
            self._of_message(message, number)
        return number

    def row(self, number: int) -> PushRow | None:
        """A push, or None when there is none."""
        value = self._tx.get(self._keys.push(number)) if number >= 0 else None
        return None if value is None else push_from(value)

    def done(self, number: int, at: int) -> None:
        """See Pushes."""
        row = self.row(number)
        if row is None or row.status != PENDING:
            return
        if not row.url:
            self.drop(number, row)
            return
        row.status, row.done_at = DONE, at
        self._over.append(number)
        self._unowed(number, row)
        self._tx.add(self._keys.pushes_done, id8(number), at)

    def retry(self, number: int, due_at: int, error: str) -> None:
        """See Pushes."""
        row = self.row(number)
        if row is None or row.status != PENDING:
            return
        row.attempts, row.due_at, row.last_error = row.attempts + 1, due_at, error[:LONGEST_ERROR]
        self._tx.put(self._keys.push(number), _encode(row))
        self._tx.add(self._keys.pending(row.target), id8(number), due_at)

    def dead(self, number: int, at: int, error: str) -> None:
        """See Pushes."""
        row = self.row(number)
        if row is None or row.status != PENDING:
            return
        row.status, row.done_at, row.last_error = DEAD, at, error[:LONGEST_ERROR]
        self._unowed(number, row)
        self._tx.add(self._keys.dead(row.target), id8(number))
        self._tx.add(self._keys.dead_targets, row.target.encode())

    def flush(self) -> None:
        """See Pushes: whatever is done is seen at once."""

    def committed(self) -> None:
        """It happened: what is done is not worth remembering."""
        for number in self._over:
            self._memory.cache.drop(self._keys.push(number))

    def again(self, number: int, row: PushRow, at: int) -> None:
        """One that is done or was given up is due at `at`, as if it had never been tried."""
        self._forget(number, row)
        row.status, row.attempts, row.due_at, row.done_at, row.last_error = PENDING, 0, at, None, None
        self._tx.put(self._keys.push(number), _encode(row))
        self._tx.add(self._keys.pending(row.target), id8(number), at)
        self._tx.add(self._keys.targets, row.target.encode())

    def drop(self, number: int, row: PushRow) -> None:
        """It is kept no longer, whatever it is."""
        self._forget(number, row)
        self._tx.delete(self._keys.push(number))
        self._tx.remove(self._keys.pushes, id8(number))

    def _unowed(self, number: int, row: PushRow) -> None:
        """It was pending, and is what its row says now."""
        self._tx.put(self._keys.push(number), _encode(row))
        self._remove(self._keys.pending(row.target), self._keys.targets, number, row.target)

    def _forget(self, number: int, row: PushRow) -> None:
        """Take it out of the index of what it is."""
        keys = self._keys
        if row.status == DONE:
            self._tx.remove(keys.pushes_done, id8(number))
        elif row.status == DEAD:
            self._remove(keys.dead(row.target), keys.dead_targets, number, row.target)
        else:
            self._remove(keys.pending(row.target), keys.targets, number, row.target)

    def _remove(self, index: str, names: str, number: int, target: str) -> None:
        """Take it out of an index of a target, whose name goes from `names` with the last of it."""
        self._tx.remove(index, id8(number))
        self._tx.prune(names, index, target.encode())


class PushWork(Base, Work):
    """What is done to many pushes at once."""

    pushes: RedisPushes

    def prefetch_pushes(self, numbers: Iterable[int]) -> None:
        """Read these pushes at once, as far as they are not known."""
        self.tx.fetch([self.keys.push(number) for number in numbers if number >= 0])

    def drop_pushes(self, before: int, limit: int) -> int:
        """See Work."""
        found = self.tx.scored(self.keys.pushes_done, "-inf", before - 1, limit)
        numbers = [number_of(member) for member, _ in found]
        self.prefetch_pushes(numbers)
        count = 0
        for number in numbers:
            row = self.pushes.row(number)
            if row is not None and row.status == DONE:
                self.pushes.drop(number, row)
                count += 1
        return count

    def revive(self, target: str, at: int, limit: int) -> int:
        """See Work."""
        numbers = [number_of(member) for member in self.tx.members(self.keys.dead(target), b"", b"", limit)]
        self.prefetch_pushes(numbers)
        count = 0
        for number in numbers:
            row = self.pushes.row(number)
            if row is not None and row.status == DEAD:
                self.pushes.again(number, row, at)
                count += 1
        return count
