"""One transaction under construction: rows read in bulk, changed in memory, written together.

Changes are applied strictly in order. What they do to messages, parts, the SMSC map, the outbox and balances is kept
here and written by `flush`, one `executemany` a table; whoever works in SQL directly calls `flush` first.
"""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from smsgwd.delivery.lifecycle import REFUNDED, Event, move
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.mo import Mo, pack_mo
from smsgwd.model.outbox import INTERMEDIATE, MO, OutboxItem, esme_target, target_of
from smsgwd.model.wire import ASKS_FAILURE, ASKS_SUCCESS, ASKS_WHICH
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.rows import (
    INSERT_MESSAGE,
    PART_COLUMNS,
    PUT_PART,
    REPLACE_MESSAGE,
    ROW_COLUMNS,
    STATES,
    UPDATE_ROW,
    PartRow,
    Row,
    failure_from,
    message_values,
    mo_item,
    replacing_values,
    row_values,
)

_MAX_ID: Final = (1 << 63) - 1
_MOST_EVENTS: Final = 200
_LONGEST_DETAIL: Final = 500
_CHUNKS: Final = (256, 64, 16, 4, 1)
_SELECT_ROW: Final = f"SELECT {ROW_COLUMNS} FROM message m WHERE m.id IN "
_SELECT_SMSC: Final = f"SELECT s.id, s.part, {ROW_COLUMNS} FROM smsc s JOIN message m ON m.id = s.message "
_PUT_SMSC: Final = "INSERT OR REPLACE INTO smsc (grp, id, message, part) VALUES (?, ?, ?, ?)"
_PUT_OUTBOX: Final = (
    "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at, payload)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OUTBOX_DONE: Final = "UPDATE outbox SET status = 1, done_at = ? WHERE id = ? AND status = 0"
_OUTBOX_GONE: Final = (
    "DELETE FROM outbox WHERE id = ? AND status = 0 AND url = ''"  # of ESMEs: nothing to look up later
)
_TYPES: Final = {state: f"message.{state.public}" for state in State}


def _chunks(keys: list[Any]) -> Iterable[tuple[str, list[Any]]]:
    """Lists of a few fixed lengths with their '(?, ?, ...)', so that every statement is compiled once."""
    start, left = 0, len(keys)
    for size in _CHUNKS:
        marks = f"({','.join('?' * size)})"
        while left >= size:
            yield marks, keys[start : start + size]
            start += size
            left -= size


@lru_cache(maxsize=4096)
def _target(tenant: str, url: str) -> str:
    try:
        return target_of(tenant, url)
    except ValueError:  # an unusable URL must not keep a receipt out: its push will fail, not this change
        return f"{tenant} invalid"


def _asked(asks: int, state: State) -> bool:
    """True when an ESME that asked for receipts in this way wants one for this final state (SMPP 3.4 s5.2.17)."""
    which = asks & ASKS_WHICH
    if which == ASKS_FAILURE:
        return state is not State.DELIVERED
    if which == ASKS_SUCCESS:
        return state is State.DELIVERED
    return which != 0


class Work:
    """The state of one transaction. Methods raise sqlite3.Error; the writer rolls back then."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self.connection = connection
        self.memory = memory
        self.done: list[tuple[int, int]] = []  #: (at, outbox id) of pushes answered in this transaction
        self._rows: dict[int, Row] = {}
        self._dirty: dict[int, Row] = {}
        self._inserts: list[tuple[Any, ...]] = []
        self._parts: dict[int, dict[int, PartRow]] = {}
        self._dirty_parts: dict[tuple[int, int], PartRow] = {}
        self._smsc: dict[tuple[str, str], tuple[int, int]] = {}  # not written yet
        self._known: dict[tuple[str, str], tuple[int, int]] = {}  # read or written in this transaction
        self._outbox: list[tuple[Any, ...]] = []
        self._poor: set[str] = set()  # tenants whose balance changed

    # -- reading ---------------------------------------------------------------------------------------------------

    def prefetch(self, ids: Iterable[int]) -> None:
        """Read the rows of these messages, as far as there are any, a few statements for all."""
        wanted = [number for number in ids if number not in self._rows]
        execute, rows = self.connection.execute, self._rows
        for marks, some in _chunks(wanted):
            for values in execute(_SELECT_ROW + marks, some):
                rows[values[0]] = Row(*values)

    def prefetch_smsc(self, group: str, keys: Iterable[str]) -> None:
        """Read what these canonical ids of a group map to, with the messages."""
        wanted = [key for key in keys if (group, key) not in self._known]
        for marks, some in _chunks(wanted):
            for found in self.connection.execute(_SELECT_SMSC + "WHERE s.grp = ? AND s.id IN " + marks, [group, *some]):
                self._learn(group, found)

    def row(self, message_id: int) -> Row | None:
        """A message, or None when there is none. After a change of it call `changed`."""
        row = self._rows.get(message_id)
        if row is None:
            if not 0 <= message_id <= _MAX_ID:
                return None
            self._write_inserts()
            self.prefetch((message_id,))
            row = self._rows.get(message_id)
        return row

    def by_smsc(self, group: str, key: str) -> tuple[Row, int] | None:
        """The message and part that a canonical SMSC id of a group stands for."""
        known = self._known.get((group, key))
        if known is None:
            found = self.connection.execute(_SELECT_SMSC + "WHERE s.grp = ? AND s.id = ?", (group, key)).fetchone()
            if found is None:
                return None
            known = self._learn(group, found)
        row = self.row(known[0])
        return None if row is None else (row, known[1])

    def _learn(self, group: str, found: tuple[Any, ...]) -> tuple[int, int]:
        message_id: int = found[2]
        if message_id not in self._rows:
            self._rows[message_id] = Row(*found[2:])
        known = self._known[group, found[0]] = (message_id, found[1])
        return known

    def parts(self, row: Row) -> dict[int, PartRow]:
        """The known parts of a message of several parts, by number."""
        parts = self._parts.get(row.id)
        if parts is None:
            parts = self._parts[row.id] = {
                values[0]: PartRow(*values)
                for values in self.connection.execute(f"SELECT {PART_COLUMNS} FROM part WHERE message = ?", (row.id,))
            }
        return parts

    def taken(self, row: Row) -> bool:
        """True when the SMSC has taken a part of the message."""
        if row.sent_at is not None:
            return True
        return row.parts > 1 and any(part.sent_at is not None for part in self.parts(row).values())

    # -- changing --------------------------------------------------------------------------------------------------

    def insert(self, message: Message) -> None:
        """Add a message."""
        self._inserts.append(message_values(message))

    def changed(self, row: Row) -> None:
        """Write this row at the end."""
        self._dirty[row.id] = row

    def put_part(self, row: Row, part: PartRow) -> None:
        """Add or replace a part of a message."""
        self.parts(row)[part.part] = part
        self._dirty_parts[row.id, part.part] = part

    def map_smsc(self, group: str, key: str, message_id: int, part: int) -> None:
        """From now on the canonical id stands for this part (an SMSC may use an id again: the newest holds)."""
        self._smsc[group, key] = self._known[group, key] = (message_id, part)

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
    ) -> None:
        """Keep an exceptional event; at most 200 a message, so that a peer that repeats itself fills no disk."""
        count = self.connection.execute("SELECT count(*) FROM event WHERE message = ?", (message_id,)).fetchone()[0]
        if count < _MOST_EVENTS:
            self.connection.execute(
                "INSERT INTO event (message, at, type, detail, connector, smsc_id, smpp_status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (message_id, at, kind, detail[:_LONGEST_DETAIL], connector or None, smsc_id or None, smpp_status),
            )

    def told(self, message_id: int, kind: str, detail: str) -> bool:
        """True when the history of a message has this event already, or takes no more."""
        (count, same) = self.connection.execute(
            "SELECT count(*), sum(type = ? AND detail = ?) FROM event WHERE message = ?",
            (kind, detail[:_LONGEST_DETAIL], message_id),
        ).fetchone()
        return bool(same) or count >= _MOST_EVENTS

    def settle(
        self, row: Row, event: Event, at: int, error: Failure | None, done_at: int | None = None
    ) -> tuple[OutboxItem, ...]:
        """Move a message to the final state that `event` leads to, refund it where due; what its tenant is owed now.

        `at` is when we learned it, `done_at` when it happened. Raises lifecycle.IllegalMove, having changed nothing.
        """
        after = move(STATES[row.state], event)
        if event in REFUNDED and row.price and not self.taken(row):
            self.credit(row.tenant, row.price)
        row.state = int(after)
        row.done_at = at if done_at is None else done_at
        if error is not None:
            row.fail(error)
        self._dirty[row.id] = row
        if row.account is not None:
            if not _asked(row.asks, after):
                return ()
            return (self._owe(row, after, _TYPES[after], esme_target(row.account), "", at),)
        if not row.dlr_url:
            return ()
        return (self._owe(row, after, _TYPES[after], _target(row.tenant, row.dlr_url), row.dlr_url, at),)

    def notify(self, row: Row, at: int) -> OutboxItem:
        """Owe the ESME of a message word that it is not final yet."""
        return self._owe(row, State.SENT, INTERMEDIATE, esme_target(row.account or ""), "", at)

    def owe_mo(self, mo: Mo, tenant: str, account: str) -> OutboxItem:
        """Owe an ESME a subscriber's message."""
        number = self.memory.outbox_id(self.connection)
        target, at, payload = esme_target(account), mo.received_at, pack_mo(mo)
        self._outbox.append((number, 0, target, tenant, "", MO, at, at, payload))
        return mo_item((number, tenant, target, "", MO, at, at, 0), mo, payload)

    def _owe(self, row: Row, state: State, kind: str, target: str, url: str, at: int) -> OutboxItem:
        number = self.memory.outbox_id(self.connection)
        self._outbox.append((number, row.id, target, row.tenant, url, kind, at, at, None))
        return OutboxItem(
            number,
            row.tenant,
            target,
            url,
            kind,
            at,
            at,
            0,
            row.id,
            row.dest,
            row.source,
            row.client_ref,
            state,
            failure_from(row.err_code, row.err_detail, row.err_smpp),
            row.submitted_at,
            row.done_at,
            row.parts,
            row.wire,
        )

    def replace(self, message: Message) -> None:
        """Put a message in the place of another, with its id."""
        self.flush()
        self.connection.execute(REPLACE_MESSAGE, replacing_values(message))

    def credit(self, tenant: str, amount: int) -> None:
        """Give an amount (micro-units) back to a prepaid tenant."""
        balance = self.memory.balance(self.connection, tenant)
        if balance is not None:
            self.memory.balances[tenant] = balance + amount
            self._poor.add(tenant)

    def reserve(self, tenant: str, amount: int) -> bool:
        """Take an amount (micro-units, from 0) from a tenant; False, and nothing taken, when it has not that much."""
        balance = self.memory.balance(self.connection, tenant)
        if balance is None or amount == 0:
            return True
        if balance < amount:
            return False
        self.memory.balances[tenant] = balance - amount
        self._poor.add(tenant)
        return True

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write_inserts(self) -> None:
        if self._inserts:
            inserts, self._inserts = self._inserts, []
            self.connection.executemany(INSERT_MESSAGE, inserts)

    def flush(self) -> None:
        """Write everything that is pending; rows read so far are read again when needed."""
        many = self.connection.executemany
        self._write_inserts()
        if self._dirty:
            many(UPDATE_ROW, map(row_values, self._dirty.values()))
            self._dirty = {}
        if self._dirty_parts:
            many(PUT_PART, [_part_values(key[0], part) for key, part in self._dirty_parts.items()])
            self._dirty_parts = {}
        if self._smsc:
            many(_PUT_SMSC, [(*key, *value) for key, value in self._smsc.items()])
            self._smsc = {}
        if self._outbox:
            many(_PUT_OUTBOX, self._outbox)
            self._outbox = []
        if self.done:
            gone = many(_OUTBOX_GONE, [(number,) for _, number in self.done]).rowcount
            if gone < len(self.done):
                many(_OUTBOX_DONE, self.done)
            self.done = []
        if self._poor:
            balances = self.memory.balances
            many("UPDATE tenant SET balance = ? WHERE id = ?", [(balances[name], name) for name in self._poor])
            self._poor = set()
        self._rows, self._parts, self._known = {}, {}, {}


def _part_values(message_id: int, part: PartRow) -> Sequence[Any]:
    return (
        message_id,
        part.part,
        part.smsc_id,
        part.state,
        part.sent_at,
        part.done_at,
        part.err_code,
        part.err_detail,
        part.err_smpp,
    )
