"""The push of an event that is about no message on its way: `link.clicked`, `call`, ... (docs/contract.md).

What makes such an event owes its `data` as JSON (`model.business.Push`); here it gets its envelope.
"""

from __future__ import annotations

import msgspec

from smsgwd.model.outbox import MO, OutboxItem
from smsgwd.notify.payload import time_of


class _Event(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str
    tenant: str
    at: str
    data: msgspec.Raw


_encode = msgspec.json.Encoder().encode


def is_event(item: OutboxItem) -> bool:
    """True for what is neither a receipt nor a subscriber's message: its payload is the JSON of `data`."""
    return item.payload is not None and item.type != MO


def event_body(item: OutboxItem) -> bytes:
    """The JSON of one event. Raises msgspec.DecodeError for a payload that is no JSON: a damaged item."""
    payload = item.payload or b""
    msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    return _encode(_Event(item.type, str(item.id), item.tenant, time_of(item.created_at), msgspec.Raw(payload)))
