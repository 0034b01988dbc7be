"""What the outbox owes that is about no message of ours: subscribers' messages, and events."""

from __future__ import annotations

from typing import Any

from smsgwd.model.message import State
from smsgwd.model.mo import Mo, MoMessage
from smsgwd.model.outbox import OutboxItem


def mo_item(columns: tuple[Any, ...], mo: Mo | MoMessage, payload: bytes) -> OutboxItem:
    """A subscriber's message in the outbox, of the first columns of an OutboxItem (up to `attempts`)."""
    return _item(columns, mo.dest, mo.source, payload)


def event_item(columns: tuple[Any, ...], payload: bytes) -> OutboxItem:
    """Any other event (`model.business.Push`); `payload` is the JSON of its `data`."""
    return _item(columns, "", "", payload)


def _item(columns: tuple[Any, ...], dest: str, source: str, payload: bytes) -> OutboxItem:
    rest = (0, dest, source, None, State.DELIVERED, None, columns[5], None, 1, None, payload)
    return OutboxItem(*(*columns, *rest))
