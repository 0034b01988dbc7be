"""A message as one value: what is kept of it, the row a transaction changes, and what queries make of it.

All of a message is under one key: what never changes of it (packed once, when it comes), what does, its parts and
events, and what of it is kept elsewhere, so that it can go with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from smsgwd.model.message import Coding, EventView, Message, MessageView, State
from smsgwd.store.rows import STATES, PartRow, Row, failure_from
from smsgwd.store.views import whole_view

_CODINGS: Final = {int(coding): coding for coding in Coding}
_FIELDS: Final = Message.__struct_fields__
_CODING: Final = _FIELDS.index("coding")
_STATE: Final = _FIELDS.index("state")

_QUEUED: Final = int(State.QUEUED)

#: What the indexes of open messages go by, those of queues apart: state, due_at, deadline.
Place = tuple[int, int, int]


class Record(msgspec.Struct, array_like=True, gc=False):
    """What is kept of a message, as it is packed. New fields come last, with defaults."""

    told: msgspec.Raw  #: Message, its fields in their order, as it came
    state: int
    connector: str
    due_at: int
    attempts: int
    sent_at: int | None
    done_at: int | None
    err_code: str | None
    err_detail: str | None
    err_smpp: int | None
    smsc_id: str | None
    latency: int | None
    push: int | None
    tried: str | None
    fallback: str | None
    hops: int
    parts: list[tuple[Any, ...]]  #: PartRow, its fields in their order
    events: list[tuple[Any, ...]]  #: EventView, its fields in their order
    mapped: list[tuple[str, str]]
    pushes: list[int]
    ref: str | None


class RedisRow(Row, gc=False):
    """A row with what else its record has. `told` has the body; who changes `told` calls `retold`."""

    events: list[tuple[Any, ...]] = msgspec.field(default_factory=list)  #: EventView, its fields in their order
    mapped: list[tuple[str, str]] = msgspec.field(
        default_factory=list
    )  #: group and canonical id of the `s:` rows it may be under
    pushes: list[int] = msgspec.field(default_factory=list)  #: ids of pushes about it that may be there
    ref: str | None = None  #: the reference it used where that may be used once: there is a `cf:` row
    raw: bytes = b""  #: `told`, packed; b'' = not packed yet, or changed
    was: Place | None = None  #: what its index entries are made of; None = there are none
    queued: tuple[str, int] | None = None  #: connector and priority of its entry in a queue, on the server; None = none

    def retold(self) -> None:
        """`told` has changed."""
        self.raw = b""


_copy: Final[Callable[[Message], Message]] = Message.__copy__  # type: ignore[attr-defined]
_encode: Final = msgspec.msgpack.Encoder().encode
_record_of: Final = msgspec.msgpack.Decoder(Record).decode
_told_of: Final = msgspec.msgpack.Decoder(list[Any]).decode
#: Message and place (`Work.map_smsc`) of the row of an SMSC id.
smsc_of: Final = msgspec.msgpack.Decoder(tuple[int, int]).decode


def row_from(value: bytes) -> RedisRow:
    """The row of a record (without its stamp)."""
    record = _record_of(value)
    raw = bytes(record.told)
    columns = _told_of(raw)
    columns[_CODING] = _CODINGS[columns[_CODING]]
    columns[_STATE] = STATES[columns[_STATE]]
    told = Message(*columns)
    known: dict[int, PartRow] | None = None
    if told.parts > 1:
        known = {part[0]: PartRow(*part) for part in record.parts}
    state, connector, due_at = record.state, record.connector, record.due_at
    return RedisRow(
        told.id,
        told.parts,
        told,
        connector,
        state,
        due_at,
        record.attempts,
        record.sent_at,
        record.done_at,
        record.err_code,
        record.err_detail,
        record.err_smpp,
        record.smsc_id,
        record.latency,
        record.push,
        record.tried,
        record.fallback,
        record.hops,
        known,
        0,
        record.events,
        record.mapped,
        record.pushes,
        record.ref,
        raw,
        (state, due_at, told.deadline),
        (connector, told.priority) if state == _QUEUED else None,
    )


def pack_row(row: RedisRow) -> bytes:
    """The record of a row (without a stamp)."""
    raw = row.raw
    if not raw:
        raw = row.raw = _encode(astuple(row.told))
    return _encode(
        Record(
            msgspec.Raw(raw),
            row.state,
            row.connector,
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
            [astuple(part) for part in row.known.values()] if row.known else [],
            row.events,
            row.mapped,
            row.pushes,
            row.ref,
        )
    )


def pack_smsc(message_id: int, place: int) -> bytes:
    """The row of an SMSC id."""
    return _encode((message_id, place))


def new_row(message: Message) -> RedisRow:
    """The row of a message that comes now; it keeps a copy of its own."""
    told = _copy(message)
    return RedisRow(
        told.id,
        told.parts,
        told,
        told.connector,
        int(told.state),
        told.due_at,
        told.attempts,
        tried=told.tried,
        fallback=told.fallback,
        hops=told.hops,
        known={} if told.parts > 1 else None,
    )


def message_of(row: RedisRow) -> Message:
    """The whole message as it is now."""
    message = _copy(row.told)
    message.state = STATES[row.state]
    message.connector = row.connector
    message.due_at = row.due_at
    message.attempts = row.attempts
    message.tried = row.tried
    message.fallback = row.fallback
    message.hops = row.hops
    return message


def taken_parts(row: RedisRow) -> frozenset[int]:
    """Numbers of the parts of a message of several that an SMSC has taken."""
    return frozenset(part.part for part in (row.known or {}).values() if part.sent_at is not None)


def view_of(row: RedisRow) -> MessageView:
    """What queries tell of a message, without events and parts."""
    error = failure_from(row.err_code, row.err_detail, row.err_smpp)
    return MessageView(message_of(row), row.sent_at, row.done_at, error, row.smsc_id)


def full_view(row: RedisRow) -> MessageView:
    """The same with events and parts."""
    return whole_view(view_of(row), row.latency, [EventView(*event) for event in row.events], row.known or {})
