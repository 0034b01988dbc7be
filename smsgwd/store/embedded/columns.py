"""Columns of `message` as a whole Message, and the SQL that puts one in."""

# ruff: noqa: S608 -- SQL is put together from the column lists of this package only, values are always bound

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.message import Coding, Message
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.rows import STATES

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
    "callback",
)

#: How many columns a whole Message has.
MESSAGE_WIDTH: Final = len(_MESSAGE_COLUMNS)

#: Columns of a whole Message, in the order `message_from` expects.
MESSAGE_COLUMNS: Final = ", ".join(f"m.{name}" for name in _MESSAGE_COLUMNS)

#: A message with its number within its tenant (`counts`).
INSERT_MESSAGE: Final = Many(
    f"INSERT INTO message ({', '.join(_MESSAGE_COLUMNS)}, seq) VALUES ", f"({', '.join('?' * (MESSAGE_WIDTH + 1))})"
)

# What nearly every message begins with needs no binding.
_USUAL: Final = {"state": "2", "due_at": "0", "rank": "-1", "flash": "0", "attempts": "0"}
_RARE: Final = ("tried", "fallback", "hops", "channel", "dest_addr", "callback")
_USUAL_COLUMNS: Final = (*(name for name in _MESSAGE_COLUMNS if name not in _RARE), "seq")

#: The same for a message that `usual` says True of.
INSERT_USUAL: Final = Many(
    f"INSERT INTO message ({', '.join(_USUAL_COLUMNS)}) VALUES ",
    f"({', '.join(_USUAL.get(name, '?') for name in _USUAL_COLUMNS)})",
)


def usual(message: Message) -> bool:
    """True for a message that is ready at once, of normal priority, no flash, never tried, without a second way, that
    goes by any channel to the number its tenant wrote and whose receipts are told in no style."""
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
        and message.callback is None
    )


def usual_values(message: Message, seq: int) -> tuple[Any, ...]:
    """The values of INSERT_USUAL; `seq` is the message's number within its tenant."""
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
        seq,
    )


def message_values(message: Message) -> tuple[Any, ...]:
    """The values of INSERT_MESSAGE but the number (plain ints: sqlite3 is slow at binding subclasses of int)."""
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
        message.callback,
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
        callback=values[30],
    )


_REPLACED: Final = tuple(
    name for name in _MESSAGE_COLUMNS if name not in ("id", "submission", "tenant", "submitted_at")
)

REPLACE_MESSAGE: Final = f"UPDATE message SET {', '.join(f'{name}=:{name}' for name in _REPLACED)} WHERE id=:id"


def replacing_values(message: Message) -> dict[str, Any]:
    """The values of REPLACE_MESSAGE: all of a message but what it keeps of the one whose place it takes."""
    return dict(zip(_MESSAGE_COLUMNS, message_values(message), strict=True))
