"""The outbox in one transaction: what is owed anew, and what became of pushes, written together.

Pushes to URLs stay for a while after they are done, so that an operator can see them; what an ESME took goes at once.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from smsgwd.store.embedded.bulk import Many
from smsgwd.store.owed import Pushes as BasePushes
from smsgwd.store.rows import LONGEST_ERROR

if TYPE_CHECKING:
    from smsgwd.store.embedded.memory import Memory

_PUT: Final = Many(
    "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at, payload) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
)
_TAKEN: Final = Many("DELETE FROM outbox WHERE id IN (", "?", ") AND status = 0 AND url = ''")
_DONE: Final = Many(
    "WITH new (done_at, id) AS (VALUES ",
    "(?, ?)",
    ") UPDATE outbox SET status = 1, done_at = new.done_at FROM new WHERE outbox.id = new.id AND outbox.status = 0",
)
_RETRY: Final = "UPDATE outbox SET attempts = attempts + 1, due_at = ?, last_error = ? WHERE id = ? AND status = 0"
_DEAD: Final = "UPDATE outbox SET status = 2, done_at = ?, last_error = ? WHERE id = ? AND status = 0"


class Pushes(BasePushes):
    """Rows of `outbox` to be written. The methods may raise sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self._connection = connection
        self._memory = memory
        self._new: list[Any] = []  # values of _PUT
        self._done: dict[int, int] = {}  # when, by id
        self._retries: dict[int, tuple[int, str, int]] = {}  # values of _RETRY, by id
        self._dead: dict[int, tuple[int, str, int]] = {}  # values of _DEAD, by id

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
        """Owe a push that is due at once; its id. `again` is the id it had before, when its row is gone."""
        memory = self._memory
        number = memory.next_outbox
        if again is not None:
            number = again
        else:
            if number >= memory.outbox_reserved:
                memory.reserve_outbox(self._connection)
            memory.next_outbox = number + 1
        self._new += (number, message, target, tenant, url, kind, at, at, payload)
        if not url:
            memory.esmes = True
        purged = memory.walks.messages
        if message < purged.owed_below:
            purged.owed.add(message)
        return number

    def done(self, number: int, at: int) -> None:
        """It was answered well; nothing if it was done or dead before."""
        if number not in self._dead and number not in self._done:
            self._done[number] = at

    def retry(self, number: int, due_at: int, error: str) -> None:
        """It failed and is due again; nothing if it is done or dead."""
        if number in self._done or number in self._dead:
            return
        if number in self._retries:
            self.flush()
        if self._memory.walks.messages.gathering is not None:
            self._memory.walks.messages.put_off.add(number)
        self._retries[number] = (due_at, error[:LONGEST_ERROR], number)

    def dead(self, number: int, at: int, error: str) -> None:
        """It is given up; nothing if it is done or dead."""
        if number not in self._done and number not in self._dead:
            self._dead[number] = (at, error[:LONGEST_ERROR], number)

    def flush(self) -> None:
        """Write everything: a push that was retried and then done or given up in one transaction is both."""
        connection = self._connection
        if self._new:
            _PUT.run(connection, self._new)
            self._new = []
        if self._retries:
            connection.executemany(_RETRY, self._retries.values())
            self._retries = {}
        if self._dead:
            connection.executemany(_DEAD, self._dead.values())
            self._dead = {}
        if self._done:
            done, self._done = self._done, {}
            if self._memory.esmes and _TAKEN.run(connection, list(done)) == len(done):
                return
            values: list[Any] = []
            for number, at in done.items():
                values += (at, number)
            _DONE.run(connection, values)
