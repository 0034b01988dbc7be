"""Rows of `message` and `part` as the writer changes them, and their SQL."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from smsgwd.model.message import Coding, Failure, Message, State
from smsgwd.model.mo import MoSetKey
from smsgwd.store.embedded.bulk import Many

STATES: Final[dict[int, State]] = {int(state): state for state in State}

_MESSAGE_COLUMNS: Final = (
    "id",
    "submission",
    "tenant",
    "source",
    "dest",
    "msisdn",
    "coding",
    "parts",
    "connector",
    "submitted_at",
    "deadline",
    "state",
    "due_at",
    "rank",
    "flash",
    "price",
    "attempts",
    "client_ref",
    "dlr_url",
    "account",
    "asks",
    "wire",
    "body",
    "tried",
    "fallback",
    "hops",
    "payers",
    "channel",
    "source_addr",
    "dest_addr",
)

#: How many columns a whole Message has.
MESSAGE_WIDTH: Final = len(_MESSAGE_COLUMNS)

#: Columns of a whole Message, in the order `message_from` expects.
MESSAGE_COLUMNS: Final = ", ".join(f"m.{name}" for name in _MESSAGE_COLUMNS)

INSERT_MESSAGE: Final = Many(
    f"INSERT INTO message ({', '.join(_MESSAGE_COLUMNS)}) VALUES ", f"({', '.join('?' * MESSAGE_WIDTH)})"
)

# What nearly every message begins with needs no binding.
_USUAL: Final = {"state": "2", "due_at": "0", "rank": "-1", "flash": "0", "attempts": "0"}
_RARE: Final = ("tried", "fallback", "hops", "channel", "dest_addr")
_USUAL_COLUMNS: Final = tuple(name for name in _MESSAGE_COLUMNS if name not in _RARE)

#: The same for a message that `usual` says True of.
INSERT_USUAL: Final = Many(
    f"INSERT INTO message ({', '.join(_USUAL_COLUMNS)}) VALUES ",
    f"({', '.join(_USUAL.get(name, '?') for name in _USUAL_COLUMNS)})",
)


def usual(message: Message) -> bool:
    """True for a message that is ready at once, of normal priority, no flash, never tried, without a second way, that
    goes by any channel to the number its tenant wrote."""
    return (
        message.state == 2
        and message.priority == 1
        and not message.flash
        and message.attempts == 0
        and message.due_at == 0
        and message.fallback is None
        and message.tried is None
        and message.dest_addr is None
        and message.channel is None
    )


def usual_values(message: Message) -> tuple[Any, ...]:
    """The values of INSERT_USUAL."""
    return (
        message.id,
        message.submission,
        message.tenant,
        message.source,
        message.dest,
        message.msisdn,
        int(message.coding),
        message.parts,
        message.connector,
        message.submitted_at,
        message.deadline,
        message.price,
        message.client_ref,
        message.dlr_url,
        message.account,
        message.asks,
        message.wire,
        message.body,
        message.payers,
        message.source_addr,
    )


def message_values(message: Message) -> tuple[Any, ...]:
    """The values of INSERT_MESSAGE (plain ints: sqlite3 is slow at binding subclasses of int)."""
    return (
        message.id,
        message.submission,
        message.tenant,
        message.source,
        message.dest,
        message.msisdn,
        int(message.coding),
        message.parts,
        message.connector,
        message.submitted_at,
        message.deadline,
        int(message.state),
        message.due_at,
        -message.priority,
        int(message.flash),
        message.price,
        message.attempts,
        message.client_ref,
        message.dlr_url,
        message.account,
        message.asks,
        message.wire,
        message.body,
        message.tried,
        message.fallback,
        message.hops,
        message.payers,
        message.channel,
        message.source_addr,
        message.dest_addr,
    )


def message_from(values: tuple[Any, ...]) -> Message:
    """A Message of MESSAGE_COLUMNS (further columns may follow)."""
    return Message(
        id=values[0],
        submission=values[1],
        tenant=values[2],
        source=values[3],
        dest=values[4],
        msisdn=values[5],
        body=values[22],
        coding=Coding(values[6]),
        parts=values[7],
        connector=values[8],
        submitted_at=values[9],
        deadline=values[10],
        state=STATES[values[11]],
        due_at=values[12],
        priority=-values[13],
        flash=bool(values[14]),
        price=values[15],
        attempts=values[16],
        client_ref=values[17],
        dlr_url=values[18],
        account=values[19],
        asks=values[20],
        wire=values[21],
        tried=values[23],
        fallback=values[24],
        hops=values[25],
        payers=values[26],
        channel=values[27],
        source_addr=values[28],
        dest_addr=values[29],
    )


def failure_from(code: str | None, detail: str | None, smpp_status: int | None) -> Failure | None:
    """A Failure of the three error columns; None when there is none."""
    return None if code is None else Failure(code, detail or "", smpp_status)


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
    ", m.sent_at, m.done_at, m.err_code, m.err_detail, m.err_smpp, m.smsc_id, m.latency"
)
ROW_WIDTH: Final = MESSAGE_WIDTH + 7


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


_REPLACED: Final = tuple(
    name for name in _MESSAGE_COLUMNS if name not in ("id", "submission", "tenant", "submitted_at")
)

REPLACE_MESSAGE: Final = f"UPDATE message SET {', '.join(f'{name}=:{name}' for name in _REPLACED)} WHERE id=:id"


def replacing_values(message: Message) -> dict[str, Any]:
    """The values of REPLACE_MESSAGE: all of a message but what it keeps of the one whose place it takes."""
    return dict(zip(_MESSAGE_COLUMNS, message_values(message), strict=True))


#: (sent_at, smsc_id, latency, id): all parts were taken, on the connector the message was queued for.
UPDATE_SENT: Final = Many(
    "WITH new (sent_at, smsc_id, latency, id) AS (VALUES ",
    "(?, ?, ?, ?)",
    ") UPDATE message SET state=3, sent_at=new.sent_at, smsc_id=new.smsc_id, latency=new.latency FROM new"
    " WHERE message.id=new.id",
)

#: (state, done_at, id): it ended well, or in a way that has no error.
UPDATE_FINAL: Final = Many(
    "WITH new (state, done_at, id) AS (VALUES ",
    "(?, ?, ?)",
    ") UPDATE message SET state=new.state, done_at=new.done_at FROM new WHERE message.id=new.id",
)

#: (state, sent_at, done_at, smsc_id, latency, id): both in one transaction, of an SMSC whose receipts come at once.
UPDATE_SENT_FINAL: Final = Many(
    "WITH new (state, sent_at, done_at, smsc_id, latency, id) AS (VALUES ",
    "(?, ?, ?, ?, ?, ?)",
    ") UPDATE message SET state=new.state, sent_at=new.sent_at, done_at=new.done_at, smsc_id=new.smsc_id,"
    " latency=new.latency FROM new WHERE message.id=new.id",
)

_UPDATED: Final = (
    *("connector", "state", "due_at", "attempts", "sent_at", "done_at", "err_code", "err_detail", "err_smpp"),
    *("smsc_id", "latency", "tried", "fallback", "hops"),
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
