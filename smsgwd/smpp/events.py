"""What a Session reports. Each is a small value object; the session's owner walks the list in order.

Only `Request` and `Response` are frequent; a session whose configuration says `grouped` reports all requests of one
read as one `Requests`, and all ordinary answers as one `Responses` before it. `Closed` is always the last event of a
session that is still connected: write what `data_to_send()` holds, close the transport (at once when `abort`), then
call `connection_lost()`.
"""

from dataclasses import dataclass
from typing import Any

from smsgwd.smpp.pdu import Bind, Outbind, Pdu
from smsgwd.smpp.session_table import State


class Event:
    """Base of all session events."""

    __slots__ = ()


@dataclass(slots=True)
class Request(Event):
    """The peer sent a request: answer it with `respond()` (alert_notification excepted)."""

    pdu: Pdu


@dataclass(slots=True)
class Response(Event):
    """The peer answered a request of ours; `pdu` is its response or a generic_nack, `pdu.status` the outcome.

    `context` is what `request()` was given, `sent_at` when the request was handed out (s, monotonic).
    """

    pdu: Pdu
    context: Any
    sent_at: float


@dataclass(slots=True)
class Requests(Event):
    """Instead of several Request, with `grouped`: the requests of one read, in order."""

    pdus: list[Pdu]


Answer = tuple[Any, int, bytes, float]
"""context, command_status, message_id, sent_at."""


@dataclass(slots=True)
class Responses(Event):
    """Instead of several Response, with `grouped`: the answers of one read that are made of a message_id alone.

    In order; what they have in common with `Response`: each context comes back once. Answers with TLVs or an odd body,
    nacks, and answers to other requests still come as `Response`.
    """

    answers: list[Answer]


@dataclass(slots=True)
class UnmatchedResponse(Event):
    """A response whose sequence is not outstanding: late (after TimedOut), doubled or wrong. Count it."""

    pdu: Pdu


@dataclass(slots=True)
class TimedOut(Event):
    """A request of ours got no answer in time: its outcome is unknown. Its sequence stays known for a late response."""

    context: Any
    sequence: int
    command_id: int


@dataclass(slots=True)
class Lost(Event):
    """The connection ended: `unanswered` are the contexts of requests handed out, whose outcome is unknown.

    `unsent` are those of requests that never left this process. Both in the order of sending; each context once.
    """

    unanswered: list[Any]
    unsent: list[Any]


@dataclass(slots=True)
class BindRequest(Event):
    """SMSC role: an ESME wants to bind; answer with `accept_bind()` or `reject_bind()`, now or later."""

    pdu: Bind


@dataclass(slots=True)
class OutbindRequest(Event):
    """ESME role: the SMSC asks us to bind; answer with `bind()`, or close."""

    pdu: Outbind


@dataclass(slots=True)
class Bound(Event):
    """The session is bound. `system_id` and `interface_version` are the peer's."""

    state: State
    system_id: bytes
    interface_version: int


@dataclass(slots=True)
class BindFailed(Event):
    """ESME role: the SMSC refused the bind with `status` (ESME_RBINDFAIL also stands for no answer). Closed follows."""

    status: int
    reason: str


@dataclass(slots=True)
class PeerUnbound(Event):
    """The peer sent unbind: send nothing new. It is answered once nothing is unanswered, or `drain` is over."""


@dataclass(slots=True)
class ProtocolFault(Event):
    """The peer broke the protocol and has been answered where an answer is due. `reason` is for log and counter."""

    reason: str
    status: int
    command_id: int = 0
    sequence: int = 0


@dataclass(slots=True)
class Closed(Event):
    """The session is over: flush, close the transport (`abort`: don't wait for the peer), call connection_lost()."""

    reason: str
    abort: bool = False
