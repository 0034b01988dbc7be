"""The Ardary style (also inSIM): callbacks are GET requests whose JSON stands in one parameter of the query."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

INCOMING_PARAMETER: Final = "sms"
"""Parameter of an incoming SMS. The published page shows a name for calls only; this one is ours."""


class IncomingSms(msgspec.Struct, frozen=True):
    """A subscriber has written. `at` is the tenant's local time: the style's dates name no zone."""

    source: str
    text: str
    at: datetime


class Callback(msgspec.Struct, frozen=True):
    """One parameter of a query, not encoded yet."""

    parameter: str
    json: str


class _Incoming(msgspec.Struct, frozen=True):
    title: str
    from_: str = msgspec.field(name="from")
    message: str
    date: str


def callback(event: IncomingSms) -> Callback:
    """What the callback for an event says."""
    body = _Incoming("incoming sms", event.source, event.text, event.at.strftime("%Y-%m-%d %H:%M:%S"))
    return Callback(INCOMING_PARAMETER, msgspec.json.encode(body).decode())
