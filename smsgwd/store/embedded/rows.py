"""Rows of `message` and `part` as the writer changes them, and their SQL."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.model.message import Coding, Failure, Message, State
from smsgwd.model.mo import Mo
from smsgwd.model.outbox import OutboxItem

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
)

#: How many columns a whole Message has.
MESSAGE_WIDTH: Final = len(_MESSAGE_COLUMNS)

#: Columns of a whole Message, in the order `message_from` expects.
MESSAGE_COLUMNS: Final = ", ".join(f"m.{name}" for name in _MESSAGE_COLUMNS)

INSERT_MESSAGE: Final = (
    f"INSERT INTO message ({', '.join(_MESSAGE_COLUMNS)}) VALUES ({', '.join('?' * len(_MESSAGE_COLUMNS))})"
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
    )


def failure_from(code: str | None, detail: str | None, smpp_status: int | None) -> Failure | None:
    """A Failure of the three error columns; None when there is none."""
    return None if code is None else Failure(code, detail or "", smpp_status)


class Row(msgspec.Struct, gc=False):
    """What a change needs of a message, and what it may change of it (from `connector` on)."""

    id: int
    tenant: str
    source: str
    dest: str
    msisdn: str
    parts: int
    submitted_at: int
    price: int
    client_ref: str | None
    dlr_url: str | None
    account: str | None
    asks: int
    wire: bytes | None
    connector: str
    state: int
    due_at: int
    attempts: int
    sent_at: int | None
    done_at: int | None
    err_code: str | None
    err_detail: str | None
    err_smpp: int | None
    smsc_id: str | None

    def fail(self, error: Failure) -> None:
        """Set the error columns."""
        self.err_code = error.code
        self.err_detail = error.detail
        self.err_smpp = error.smpp_status


ROW_COLUMNS: Final = ", ".join(f"m.{name}" for name in Row.__struct_fields__)

_REPLACED: Final = tuple(
    name for name in _MESSAGE_COLUMNS if name not in ("id", "submission", "tenant", "submitted_at")
)

REPLACE_MESSAGE: Final = f"UPDATE message SET {', '.join(f'{name}=:{name}' for name in _REPLACED)} WHERE id=:id"


def replacing_values(message: Message) -> dict[str, Any]:
    """The values of REPLACE_MESSAGE: all of a message but what it keeps of the one whose place it takes."""
    return dict(zip(_MESSAGE_COLUMNS, message_values(message), strict=True))


UPDATE_ROW: Final = (
    "UPDATE message SET connector=?, state=?, due_at=?, attempts=?, sent_at=?, done_at=?,"
    " err_code=?, err_detail=?, err_smpp=?, smsc_id=? WHERE id=?"
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
        row.id,
    )


def mo_item(columns: tuple[Any, ...], mo: Mo, payload: bytes) -> OutboxItem:
    """A subscriber's message in the outbox, of the first columns of an OutboxItem (up to `attempts`)."""
    rest = (0, mo.dest, mo.source, None, State.DELIVERED, None, columns[5], None, 1, None, payload)
    return OutboxItem(*(*columns, *rest))


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


PART_COLUMNS: Final = ", ".join(PartRow.__struct_fields__)
PUT_PART: Final = f"INSERT OR REPLACE INTO part (message, {PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
