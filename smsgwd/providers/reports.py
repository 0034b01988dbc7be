"""What a provider tells by itself, or when asked: states of messages, messages of subscribers, clicks, calls, money."""

from __future__ import annotations

from typing import Literal

import msgspec

from smsgwd.model.message import State


class Report(msgspec.Struct, frozen=True, gc=False, tag="report"):
    """What the provider says of one message, which `foreign_id` names, or else `message_id`.

    With both it is taken to be ours by `message_id`, and `foreign_id` is remembered: so a message whose answer was lost
    is found again. Times are milliseconds since 1970, UTC.
    """

    state: State | None  #: a final one; None = on its way
    foreign_id: str = ""
    message_id: str = ""  #: ours (`Outbound.id`)
    word: str = ""  #: the provider's own word for the state
    error: str = ""  #: the provider's own code of why not
    at_ms: int | None = None  #: when that was, where the provider says so with a zone
    to: str = ""  #: the recipient's digits: needed where many messages share one foreign id


class Incoming(msgspec.Struct, frozen=True, gc=False, tag="incoming"):
    """A subscriber wrote; MO routes say for whom it is."""

    sender: str  #: digits
    text: str
    to: str = ""  #: the number written to; '' = the connector's `number`
    at_ms: int | None = None


class Clicked(msgspec.Struct, frozen=True, gc=False, tag="clicked"):
    """Somebody opened a link that the provider tracks, in a message of ours."""

    link: str
    foreign_id: str = ""
    message_id: str = ""
    to: str = ""  #: who
    at_ms: int | None = None


class PhoneCall(msgspec.Struct, frozen=True, gc=False, tag="call"):
    """The phone behind a connector was called, or called: for the tenant who owns it."""

    direction: Literal["incoming", "outgoing", "missed"]
    number: str  #: the other side's, digits
    at_ms: int | None = None
    duration_s: int = 0


class Qualified(msgspec.Struct, frozen=True, gc=False, tag="qualified"):
    """Somebody said what a call was about: for the tenant who owns the phone."""

    number: str
    qualification: str
    source: Literal["mobile", "interface"] = "mobile"
    at_ms: int | None = None


Event = Report | Incoming | Clicked | PhoneCall | Qualified


class Balance(msgspec.Struct, frozen=True, gc=False):
    """What is left at the provider: money, or messages where `currency` is ''."""

    amount: float
    currency: str = ""
