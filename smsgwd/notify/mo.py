"""The push of a subscriber's message: `mo.received` to a webhook, or the callback of a dialect (docs/mo.md)."""

from __future__ import annotations

from typing import Literal

import msgspec

from smsgwd.dialects import ardary_events
from smsgwd.gsm.coding import describe
from smsgwd.model.mo import MoMessage, unpack_mo_message
from smsgwd.model.outbox import OutboxItem
from smsgwd.notify.payload import time_of
from smsgwd.notify.styled import asked_of

Coding = Literal["gsm", "ucs2", "binary", "other"]


class _Data(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    from_: str = msgspec.field(name="from")
    to: str
    text: str | None
    data: str
    coding: Coding
    data_coding: int
    parts: int
    missing: int | msgspec.UnsetType = msgspec.UNSET
    connector: str
    keyword: str | msgspec.UnsetType = msgspec.UNSET


class _Event(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str
    tenant: str
    at: str
    data: _Data


_encode = msgspec.json.Encoder().encode


def mo_request(item: OutboxItem) -> tuple[bytes, str]:
    """Body of a POST and '', or b'' and the query of a GET. Raises msgspec.DecodeError for a damaged item."""
    message = unpack_mo_message(item.payload or b"")
    if message.style == "ardary":
        text = message.data.hex() if message.text is None else message.text
        at, zone, parameter = message.received_at, message.zone, message.parameter
        push = ardary_events.incoming_push(item.url, message.source, text, at, zone, parameter)
        return b"", asked_of(item, push)[1]
    return _native(item, message), ""


def _native(item: OutboxItem, message: MoMessage) -> bytes:
    data = _Data(
        from_=message.source,
        to=message.dest,
        text=message.text,
        data=message.data.hex(),
        coding=_coding(message.data_coding),
        data_coding=message.data_coding,
        parts=message.parts,
        missing=message.missing or msgspec.UNSET,
        connector=message.connector,
        keyword=message.keyword or msgspec.UNSET,
    )
    return _encode(_Event(item.type, str(item.id), item.tenant, time_of(message.received_at), data))


def _coding(data_coding: int) -> Coding:
    codec = describe(data_coding).codec
    if codec == "octets":
        return "binary"
    if codec == "default":
        return "gsm"
    return "ucs2" if codec.startswith("utf-16") else "other"
