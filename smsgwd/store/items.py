"""What the outbox owes, as whoever pushes it gets it: word of messages of ours, subscribers' messages, and events."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.model.mo import Mo, MoMessage, unpack_mo, unpack_mo_message
from smsgwd.model.outbox import INTERMEDIATE, MO, SENT, OutboxItem
from smsgwd.store.rows import STATES, failure_from

_OF_THEN: Final = (SENT, INTERMEDIATE)


def outbox_item(values: tuple[Any, ...]) -> OutboxItem:
    """A push as it is kept: id, tenant, target, url, type, created_at, due_at, attempts, message and payload; and where
    there is no payload, of its message as it is now: dest, source, client_ref, state, the three error columns,
    submitted_at, done_at, parts, wire, callback, submission, connector and smsc_id."""
    payload = values[9]
    if payload is not None:
        if values[4] != MO:
            return event_item(values[:8], payload)
        return mo_item(values[:8], unpack_mo_message(payload) if values[3] else unpack_mo(payload), payload)
    submitted_at, done_at, parts, wire = values[17:21]
    state, error = STATES[values[13]], failure_from(*values[14:17])
    if values[4] in _OF_THEN:  # it tells of then, whatever became of the message since
        state, error, done_at = State.SENT, None, None
    rest = (state, error, submitted_at, done_at, parts, wire, None, *values[21:])
    return OutboxItem(*(*values[:9], *values[10:13], *rest))


def mo_item(columns: tuple[Any, ...], mo: Mo | MoMessage, payload: bytes) -> OutboxItem:
    """A subscriber's message in the outbox, of the first columns of an OutboxItem (up to `attempts`)."""
    return _item(columns, mo.dest, mo.source, payload)


def event_item(columns: tuple[Any, ...], payload: bytes) -> OutboxItem:
    """Any other event (`model.business.Push`); `payload` is the JSON of its `data`."""
    return _item(columns, "", "", payload)


def _item(columns: tuple[Any, ...], dest: str, source: str, payload: bytes) -> OutboxItem:
    rest = (0, dest, source, None, State.DELIVERED, None, columns[5], None, 1, None, payload)
    return OutboxItem(*(*columns, *rest))
