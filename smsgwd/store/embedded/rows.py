"""Rows of `message` and `part` as the writer changes them, and their SQL."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from smsgwd.model.message import Failure, Message
from smsgwd.model.mo import MoSetKey
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, MESSAGE_WIDTH, message_from


class PartRow(msgspec.Struct, gc=False):
    """A row of `part`."""

    part: int
    smsc_id: str | None
    state: int
    sent_at: int | None
    done_at: int | None
    err_code: str | None
    err_detail: str | None
    err_smpp: int | None
    latency: int | None = None  #: ms from the write of its PDU to the answer


#: What of a row is not written yet: only what makes it SENT, only what makes it final without an error, or anything.
TOUCHED_SENT: Final = 1
TOUCHED_FINAL: Final = 2
TOUCHED: Final = 4


class Row(msgspec.Struct, gc=False):
    """A message as the store has it now: `told` is what never changes of it, the rest what does.

    (`told` also has the state, connector, due time, attempts and ways of its beginning: they count no more.)
    """

    id: int
    parts: int
    told: Message
    connector: str
    state: int = 2
    due_at: int = 0
    attempts: int = 0
    sent_at: int | None = None
    done_at: int | None = None
    err_code: str | None = None
    err_detail: str | None = None
    err_smpp: int | None = None
    smsc_id: str | None = None
    latency: int | None = None
    push: int | None = None  #: the row of `outbox` that its final state is owed by
    tried: str | None = None
    fallback: str | None = None
    hops: int = 0
    known: dict[int, PartRow] | None = None  #: parts by number, of a message of several; None = not read yet
    touched: int = 0

    def fail(self, error: Failure) -> None:
        """Set the error columns."""
        self.err_code = error.code
        self.err_detail = error.detail
        self.err_smpp = error.smpp_status


_copy: Final[Callable[[Message], Message]] = Message.__copy__  # type: ignore[attr-defined]


def row_of(message: Message) -> Row:
    """The row of a message like `usual` that is being inserted; keeps a copy of its own, without the body."""
    told = _copy(message)
    told.body = b""
    row = Row(told.id, told.parts, told, told.connector)
    if row.parts > 1:
        row.known = {}
    return row


def begin(row: Row, message: Message) -> None:
    """Set what `usual` did not say True of."""
    row.state, row.due_at, row.attempts = int(message.state), message.due_at, message.attempts
    row.tried, row.fallback, row.hops = message.tried, message.fallback, message.hops


#: Columns of a Row, in the order `row_from` expects: the body stays where it is.
ROW_COLUMNS: Final = MESSAGE_COLUMNS.replace("m.body", "x''") + (
    ", m.sent_at, m.done_at, m.err_code, m.err_detail, m.err_smpp, m.smsc_id, m.latency, m.push"
)
ROW_WIDTH: Final = MESSAGE_WIDTH + 8


def row_from(values: tuple[Any, ...]) -> Row:
    """A Row of ROW_COLUMNS."""
    told = message_from(values)
    rest: tuple[Any, ...] = (*values[MESSAGE_WIDTH:ROW_WIDTH], told.tried, told.fallback, told.hops)
    return Row(
        told.id,
        told.parts,
        told,
        told.connector,
        values[11],
        told.due_at,
        told.attempts,
        *rest,
    )


#: (sent_at, smsc_id, latency, id): all parts were taken, on the connector the message was queued for.
UPDATE_SENT: Final = Many(
    "WITH new (sent_at, smsc_id, latency, id) AS (VALUES ",
    "(?, ?, ?, ?)",
    ") UPDATE message SET state=3, sent_at=new.sent_at, smsc_id=new.smsc_id, latency=new.latency FROM new"
    " WHERE message.id=new.id",
)

#: (state, done_at, push, id): it ended well, or in a way that has no error.
UPDATE_FINAL: Final = Many(
    "WITH new (state, done_at, push, id) AS (VALUES ",
    "(?, ?, ?, ?)",
    ") UPDATE message SET state=new.state, done_at=new.done_at, push=new.push FROM new WHERE message.id=new.id",
)

#: (state, sent_at, done_at, smsc_id, latency, push, id): both in one transaction, of an SMSC whose receipts come
#: at once.
UPDATE_SENT_FINAL: Final = Many(
    "WITH new (state, sent_at, done_at, smsc_id, latency, push, id) AS (VALUES ",
    "(?, ?, ?, ?, ?, ?, ?)",
    ") UPDATE message SET state=new.state, sent_at=new.sent_at, done_at=new.done_at, smsc_id=new.smsc_id,"
    " latency=new.latency, push=new.push FROM new WHERE message.id=new.id",
)

_UPDATED: Final = (
    *("connector", "state", "due_at", "attempts", "sent_at", "done_at", "err_code", "err_detail", "err_smpp"),
    *("smsc_id", "latency", "push", "tried", "fallback", "hops"),
)

#: Anything else (`row_values`).
UPDATE_ROW: Final = Many(
    f"WITH new ({', '.join(_UPDATED)}, id) AS (VALUES ",
    f"({', '.join('?' * (len(_UPDATED) + 1))})",
    f") UPDATE message SET {', '.join(f'{name}=new.{name}' for name in _UPDATED)} FROM new WHERE message.id=new.id",
)


def row_values(row: Row) -> tuple[Any, ...]:
    """The values of UPDATE_ROW."""
    return (
        row.connector,
        row.state,
        row.due_at,
        row.attempts,
        row.sent_at,
        row.done_at,
        row.err_code,
        row.err_detail,
        row.err_smpp,
        row.smsc_id,
        row.latency,
        row.push,
        row.tried,
        row.fallback,
        row.hops,
        row.id,
    )


PART_COLUMNS: Final = ", ".join(PartRow.__struct_fields__)
PUT_PART: Final = Many(
    f"INSERT OR REPLACE INTO part (message, {PART_COLUMNS}) VALUES ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def part_values(message_id: int, part: PartRow) -> tuple[Any, ...]:
    """The values of PUT_PART."""
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
        part.latency,
    )


#: Which rows of `mo_part` are one set.
MO_SET: Final = "grp = ? AND source = ? AND dest = ? AND ref = ? AND total = ? AND width = ?"


def mo_set_values(key: MoSetKey) -> tuple[Any, ...]:
    """The values of MO_SET."""
    return (key.group, key.source, key.dest, key.ref, key.total, key.width)
