"""Rows of `message` and `part` in the file: their columns, and the SQL that changes them."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.mo import MoSetKey
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.columns import MESSAGE_COLUMNS, MESSAGE_WIDTH, message_from
from smsgwd.store.rows import PartRow, Row

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
