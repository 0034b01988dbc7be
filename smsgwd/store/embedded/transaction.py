"""One transaction under construction: rows read in bulk, changed in memory, written together.

Changes are applied strictly in order. What they do to messages, parts, the SMSC map and the outbox is kept here and in
`Memory`, and written by `flush`, a few statements a table; whoever works in SQL directly calls `flush` first, and
`forget` for the messages it changed. What they do to money (`books`) and `counts` is written once, by `finish`.
"""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

from smsgwd.model.message import FINAL_FROM, Message
from smsgwd.store.embedded.books import Books
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.columns import (
    INSERT_MESSAGE,
    INSERT_USUAL,
    REPLACE_MESSAGE,
    message_values,
    replacing_values,
    usual,
    usual_values,
)
from smsgwd.store.embedded.counts import WITHIN, Counts
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.pushes import Pushes
from smsgwd.store.embedded.rows import (
    PART_COLUMNS,
    PUT_PART,
    ROW_COLUMNS,
    UPDATE_FINAL,
    UPDATE_ROW,
    UPDATE_SENT,
    UPDATE_SENT_FINAL,
    part_values,
    row_from,
    row_values,
)
from smsgwd.store.rows import (
    LONGEST_DETAIL,
    MOST_EVENTS,
    TOUCHED,
    TOUCHED_FINAL,
    TOUCHED_SENT,
    PartRow,
    Row,
    begin,
    row_of,
)
from smsgwd.store.work import Work

_MAX_ID: Final = (1 << 63) - 1
_FINAL: Final = int(FINAL_FROM)
_WAS_HELD: Final = "SELECT EXISTS (SELECT 1 FROM event WHERE message = ? AND type = 'held')"
_SENT_FINAL: Final = TOUCHED_SENT | TOUCHED_FINAL
_FIND_ROWS: Final = Many(f"SELECT {ROW_COLUMNS} FROM message m WHERE m.id IN (", "?", ")")
_FIND_SMSC: Final = Many(
    "WITH wanted (grp, id) AS (VALUES ",
    "(?, ?)",
    f") SELECT {ROW_COLUMNS}, s.grp, s.id, s.part FROM wanted w"
    " CROSS JOIN smsc s ON s.grp = w.grp AND s.id = w.id CROSS JOIN message m ON m.id = s.message",
)
_PUT_SMSC: Final = Many("INSERT OR REPLACE INTO smsc (grp, id, message, part) VALUES ", "(?, ?, ?, ?)")
_PUT_FINAL: Final = Many("INSERT INTO final (seq, message, charged) VALUES ", "(?, ?, ?)")
_PUT_EVENT: Final = Many(
    "WITH new (message, at, type, detail, connector, smsc_id, smpp_status, latency) AS (VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
    ") INSERT INTO event (message, at, type, detail, connector, smsc_id, smpp_status, latency) SELECT * FROM new"
    f" WHERE (SELECT count(*) FROM event e WHERE e.message = new.message) < {MOST_EVENTS}",
)


class Transaction(Work):
    """The messages of one transaction; `work.Work` is all of it. See `smsgwd.store.work.Work` for what methods mean.

    They raise sqlite3.Error; the writer rolls back then, and loads `memory`.
    """

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        counts = Counts(connection, memory)
        books, pushes = Books(connection, memory, counts), Pushes(connection, memory)
        super().__init__(books, counts, pushes, finals=memory.finals)
        self.connection = connection
        self.memory = memory
        self.counts: Counts = counts
        self._rows = memory.rows
        self._dirty: list[Row] = []  # touched rows, once each
        self._usual: list[Any] = []  # values of INSERT_USUAL
        self._other: list[Any] = []  # values of INSERT_MESSAGE
        self._dirty_parts: dict[tuple[int, int], PartRow] = {}
        self._later: list[int] = []  # scheduled messages that came
        self._smsc: list[Any] = []  # values of _PUT_SMSC
        self._events: list[Any] = []  # values of _PUT_EVENT
        self._finals: list[Any] = []  # values of _PUT_FINAL

    # -- reading ---------------------------------------------------------------------------------------------------

    def prefetch(self, ids: Iterable[int]) -> None:
        """Read the rows of these messages, as far as there are any and they are not known."""
        rows = self._rows
        for values in _FIND_ROWS.find(self.connection, [number for number in ids if number not in rows]):
            rows[values[0]] = row_from(values)

    def prefetch_smsc(self, pairs: list[str]) -> None:
        """Read what these canonical ids map to, with the messages; `pairs` is group, id, group, id, ..."""
        for values in _FIND_SMSC.find(self.connection, pairs):
            self._learn(values)

    def _learn(self, values: tuple[Any, ...]) -> None:
        """A row of _FIND_SMSC."""
        group, key, part = values[-3:]
        if values[0] not in self._rows:
            self._rows[values[0]] = row_from(values)
        self.ids_of(group)[key] = (values[0], part)

    def ids_of(self, group: str) -> dict[str, tuple[int, int]]:
        """What is known of the SMSC ids of a group: (message, place) by canonical id; `place` as in `map_smsc`."""
        ids = self.memory.ids.get(group)
        if ids is None:
            ids = self.memory.ids[group] = {}
        return ids

    def row(self, message_id: int) -> Row | None:
        """A message, or None when there is none. After a change of it call `changed`."""
        row = self._rows.get(message_id)
        if row is None:
            if not 0 <= message_id <= _MAX_ID:
                return None
            self.prefetch((message_id,))
            row = self._rows.get(message_id)
        return row

    def by_smsc(self, group: str, key: str) -> tuple[Row, int] | None:
        """The message and place (see `map_smsc`) that a canonical SMSC id of a group stands for."""
        known = self.ids_of(group).get(key)
        if known is None:
            self.prefetch_smsc([group, key])
            known = self.ids_of(group).get(key)
            if known is None:
                return None
        row = self.row(known[0])
        return None if row is None else (row, known[1])

    def known(self, group: str, key: str) -> tuple[Row, int] | None:
        """The same where both are in memory; None says nothing."""
        ids = self.memory.ids.get(group)
        if ids is None:
            return None
        place = ids.get(key)
        if place is None:
            return None
        row = self._rows.get(place[0])
        return None if row is None else (row, place[1])

    def parts(self, row: Row) -> dict[int, PartRow]:
        """The known parts of a message of several parts, by number."""
        parts = row.known
        if parts is None:
            parts = row.known = {
                values[0]: PartRow(*values)
                for values in self.connection.execute(f"SELECT {PART_COLUMNS} FROM part WHERE message = ?", (row.id,))
            }
        return parts

    def told(self, message_id: int, kind: str, detail: str) -> bool:
        """True when the history of a message has this event already, or takes no more."""
        self._write_events()
        (count, same) = self.connection.execute(
            "SELECT count(*), sum(type = ? AND detail = ?) FROM event WHERE message = ?",
            (kind, detail[:LONGEST_DETAIL], message_id),
        ).fetchone()
        return bool(same) or count >= MOST_EVENTS

    def was_held(self, message_id: int) -> bool:
        """True when the history of a message has an event `held`."""
        self._write_events()
        (held,) = self.connection.execute(_WAS_HELD, (message_id,)).fetchone()
        return bool(held)

    # -- changing --------------------------------------------------------------------------------------------------

    def insert(self, messages: Sequence[Message]) -> None:
        """Add messages. One whose id is taken makes `flush` raise sqlite3.IntegrityError."""
        rows, values, counts = self._rows, self._usual, self.counts
        count = counts.of(messages[0].tenant) if messages else None
        for message in messages:
            number = message.id
            row = rows[number] = row_of(message)
            if count is None or message.tenant != count.tenant:
                count = counts.of(message.tenant)
            seq = count.accepted = count.accepted + 1
            if number > count.newest and seq & WITHIN:  # nearly always
                count.newest = number
            else:
                counts.mark(count, message)
            if usual(message):
                values += usual_values(message, seq)
            else:
                self._other += (*message_values(message), seq)
                begin(row, message)
                if row.state == 0:
                    self._later.append(message.id)
                    count.scheduled += 1

    def changed(self, row: Row, touched: int = TOUCHED) -> None:
        """Write this row at the end; `touched` says what of it changed (rows.TOUCHED_...)."""
        if not row.touched:
            self._dirty.append(row)
        row.touched |= touched

    def forget(self, message_id: int) -> None:
        """Read this message again when it is needed (after `flush` and a change of it by SQL)."""
        self._rows.pop(message_id, None)

    def later(self, row: Row) -> None:
        """This row waits for its time or for an operator from now on: it is remembered no more afterwards."""
        self._later.append(row.id)
        self.changed(row)

    def put_part(self, row: Row, part: PartRow) -> None:
        """Add or replace a part of a message."""
        self.parts(row)[part.part] = part
        self._dirty_parts[row.id, part.part] = part

    def drop_parts(self, row: Row) -> None:
        """Forget what became of the parts: the message begins anew."""
        for number in self.parts(row):
            self._dirty_parts.pop((row.id, number), None)
        self.connection.execute("DELETE FROM part WHERE message = ?", (row.id,))
        row.known = {}

    def body(self, row: Row) -> bytes:
        """What rows do not hold: the text, or the octets, of a message."""
        for _ in range(2):
            found = self.connection.execute("SELECT body FROM message WHERE id = ?", (row.id,)).fetchone()
            if found is not None:
                break
            self.flush()  # it came in this transaction
        return bytes(found[0])

    def map_smsc(self, group: str, key: str, message_id: int, place: int) -> None:
        """From now on the canonical id stands for this place: the part and, times 256, the way of then (`Row.hops`).

        An SMSC may use an id again: the newest holds.
        """
        self._smsc += (group, key, message_id, place)
        self.ids_of(group)[key] = (message_id, place)

    def event(
        self,
        message_id: int,
        at: int,
        kind: str,
        detail: str = "",
        *,
        connector: str | None = None,
        smsc_id: str | None = None,
        smpp_status: int | None = None,
        latency: int | None = None,
    ) -> None:
        """Keep an exceptional event; `rows.MOST_EVENTS` a message at most."""
        detail = detail[:LONGEST_DETAIL]
        self._events += (message_id, at, kind, detail, connector or None, smsc_id or None, smpp_status, latency)

    def final(self, message_id: int, charged: int) -> None:
        """A message ended, and its tenant paid so much for it."""
        self._finals += (self.memory.number_final(message_id), message_id, charged)

    def replace(self, message: Message) -> None:
        """Put a message in the place of another, with its id and number."""
        self.flush()
        self.connection.execute(REPLACE_MESSAGE, replacing_values(message))
        self.forget(message.id)

    # -- writing ---------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything that is pending."""
        connection = self.connection
        for many, values in ((INSERT_USUAL, self._usual), (INSERT_MESSAGE, self._other), (_PUT_SMSC, self._smsc)):
            if values:
                many.run(connection, values)
                values.clear()
        if self._dirty:
            self._write_rows()
        if self._dirty_parts:
            values = []
            for (message_id, _), part in self._dirty_parts.items():
                values += part_values(message_id, part)
            PUT_PART.run(connection, values)
            self._dirty_parts = {}
        if self._finals:
            _PUT_FINAL.run(connection, self._finals)
            self._finals = []
        self._write_events()
        self.pushes.flush()

    def finish(self) -> None:
        """Write all of the transaction, its money too: once, at its end."""
        self.flush()
        self.books.write()
        self.counts.write()
        for number in self._later:  # they wait in the file: a million of them costs no memory
            self.forget(number)

    def _write_events(self) -> None:
        if self._events:
            _PUT_EVENT.run(self.connection, self._events)
            self._events = []

    def _write_rows(self) -> None:
        """Each touched row by the statement that writes least; final ones are remembered no more."""
        sent: list[Any] = []
        final: list[Any] = []
        both: list[Any] = []
        other: list[Any] = []
        rows, last = self._rows, _FINAL
        for row in self._dirty:
            touched, row.touched = row.touched, 0
            if touched == TOUCHED_SENT:
                sent += (row.sent_at, row.smsc_id, row.latency, row.id)
                continue
            if touched == TOUCHED_FINAL:
                final += (row.state, row.done_at, row.push, row.id)
            elif touched == _SENT_FINAL:
                both += (row.state, row.sent_at, row.done_at, row.smsc_id, row.latency, row.push, row.id)
            else:
                other += row_values(row)
            if row.state >= last:
                rows.pop(row.id, None)
        self._dirty = []
        connection = self.connection
        if sent:
            UPDATE_SENT.run(connection, sent)
        if final:
            UPDATE_FINAL.run(connection, final)
        if both:
            UPDATE_SENT_FINAL.run(connection, both)
        if other:
            UPDATE_ROW.run(connection, other)
