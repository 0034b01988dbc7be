"""Messages that a transaction looks for and changes many at once, by SQL: what is due, over, held, queued elsewhere."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from smsgwd.model.message import HELD, Message, State
from smsgwd.store.embedded.beginnings import beginning_with
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.business import HELD_ROWS
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, message_from
from smsgwd.store.embedded.transaction import Transaction
from smsgwd.store.rows import Row

_QUEUED: Final = int(State.QUEUED)
_WAITING: Final = int(State.WAITING)
_OVERDUE: Final = "SELECT id FROM message WHERE state = ? AND state < 10 AND deadline <= ? ORDER BY deadline LIMIT ?"
_DUE: Final = f"SELECT {MESSAGE_COLUMNS} FROM message m WHERE state < 2 AND due_at <= ? ORDER BY due_at, id LIMIT ?"
_TAKEN: Final = "SELECT part FROM part WHERE message = ? AND sent_at IS NOT NULL"
_QUEUED_FOR: Final = Many("SELECT id, connector, parts FROM message WHERE id IN (", "?", ") AND state = 2")
_BEGUN: Final = Many("SELECT DISTINCT message FROM part WHERE message IN (", "?", ") AND sent_at IS NOT NULL")
_MOVE: Final = Many(
    "WITH new (connector, id) AS (VALUES ",
    "(?, ?)",
    ") UPDATE message SET connector = new.connector FROM new WHERE message.id = new.id",
)
_QUEUE: Final = "UPDATE message SET state = ? WHERE id = ?"
# By this index a million scheduled messages are not walked over.
_SOONER: Final = "UPDATE message INDEXED BY message_open SET due_at = due_at - ? WHERE state < 10 AND state = ?"
_RESCHEDULE: Final = "UPDATE message SET due_at = ?, deadline = coalesce(?, deadline) WHERE id = ?"
_RELEASE: Final = Many(
    "WITH new (due_at, id) AS (VALUES ",
    "(?, ?)",
    f") UPDATE message SET due_at = max(new.due_at, message.due_at - {HELD}) FROM new WHERE message.id = new.id",
)


class Sweeps(Transaction):
    """A transaction that changes what it looks for. See `smsgwd.store.work.Work`."""

    def overdue(self, state: State, before: int, limit: int) -> list[int]:
        """Ids of messages in a state whose validity ended at or before `before` (ms), the earliest first."""
        self.flush()
        return [number for (number,) in self.connection.execute(_OVERDUE, (int(state), before, limit))]

    def due(self, at: int, limit: int) -> list[Message]:
        """Whole messages, SCHEDULED or WAITING, that are due at `at` (ms), the earliest first."""
        self.flush()
        return [message_from(values) for values in self.connection.execute(_DUE, (at, limit))]

    def taken_parts(self, message_id: int) -> frozenset[int]:
        """Numbers of the parts of a message of several that an SMSC has taken."""
        if self._dirty_parts:
            self.flush()
        return frozenset(part for (part,) in self.connection.execute(_TAKEN, (message_id,)))

    def queue(self, messages: Sequence[Message]) -> None:
        """These messages, which `due` returned, are QUEUED from now on."""
        self.connection.executemany(_QUEUE, [(_QUEUED, message.id) for message in messages])
        for message in messages:
            self.forget(message.id)

    def move_retries(self, by: int) -> None:
        """Every WAITING message is due `by` ms sooner."""
        self.flush()
        self.connection.execute(_SOONER, (by, _WAITING))
        for row in self.memory.rows.values():
            if row.state == _WAITING:
                row.due_at -= by

    def untaken(self, ids: Sequence[int], connector: str) -> list[int]:
        """Those of these that are QUEUED for the connector and of which no SMSC has a part; few statements."""
        self.flush()
        found = [each for each in _QUEUED_FOR.find(self.connection, list(ids)) if each[1] == connector]
        several = [number for number, _, parts in found if parts > 1]
        begun = {number for (number,) in _BEGUN.find(self.connection, several)}
        return [number for number, _, _ in found if number not in begun]

    def reconnect(self, moves: Sequence[tuple[int, str]]) -> None:
        """These QUEUED messages (id, connector) are for those connectors from now on."""
        values: list[Any] = []
        for number, connector in moves:
            values += (connector, number)
            row = self.memory.rows.get(number)
            if row is not None:
                row.connector = connector
        _MOVE.run(self.connection, values)

    def held_ids(self, tenant: str, prefix: str, connector: str, limit: int) -> list[int]:
        """Held messages; where they are not '' of a tenant, to numbers that begin so, on a connector."""
        self.flush()
        index, conditions = "message_due", [HELD_ROWS]
        values: list[str] = []
        if tenant:
            index = "message_held"
            conditions.append("m.tenant = ?")
            values.append(tenant)
        if prefix:
            digits, bounds = beginning_with("m.msisdn", prefix)
            conditions.append(digits)
            values += bounds
        if connector:
            conditions.append("m.connector = ?")
            values.append(connector)
        found = self.connection.execute(
            f"SELECT m.id FROM message m INDEXED BY {index} WHERE {' AND '.join(conditions)} LIMIT ?", (*values, limit)
        )
        return [number for (number,) in found]

    def release(self, ids: Sequence[int], at: int) -> None:
        """Held messages are due at their own time, or now where that is over."""
        _RELEASE.run(self.connection, [value for number in ids for value in (at, number)])
        for number in ids:
            self.forget(number)

    def reschedule(self, row: Row, due_at: int, deadline: int | None) -> None:
        """Another time (ms) for a SCHEDULED message, and another end of validity where it is given."""
        self.flush()
        self.connection.execute(_RESCHEDULE, (due_at, deadline, row.id))
        self.forget(row.id)
