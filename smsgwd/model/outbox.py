"""What waits to be pushed to a tenant."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from smsgwd.model.message import Failure, State

INTERMEDIATE: Final = "message.intermediate"
"""`type` of a notification that a message is not final yet (registered_delivery 0x10); for ESMEs, and for callbacks of
styles that tell of it."""

SENT: Final = "message.sent"
"""`type` of the word that an SMSC has all of a message; for callbacks that tell of it (`model.callbacks.TELL_SENT`)."""

MO: Final = "mo.received"
"""`type` of a message of a subscriber."""


class OutboxItem(msgspec.Struct, gc=False):
    """One push that a tenant is owed: kept until answered well or given up. Times are milliseconds since 1970, UTC.

    For an ESME `url` is empty; `message_id` is 0 and `payload` set for what is about no message of the tenant's (MO).
    """

    id: int
    tenant: str
    target: str  #: see `target_of`: pushes of one target share order, window and circuit breaker
    url: str
    type: str  #: message.delivered, ...
    created_at: int
    due_at: int
    attempts: int
    message_id: int
    dest: str
    source: str
    client_ref: str | None
    state: State
    error: Failure | None
    submitted_at: int
    done_at: int | None
    parts: int
    wire: bytes | None = None  #: `Message.wire`
    payload: bytes | None = None  #: `model.mo.pack_mo`; of an event (`model.business.Push`) the JSON of its `data`
    callback: bytes | None = None  #: `Message.callback`
    submission: int = 0
    connector: str = ""
    smsc_id: str | None = None


#: So many are counted of what one target is owed: a walk over a million takes half a second.
MOST_COUNTED: Final = 10_000


class OutboxTarget(msgspec.Struct, frozen=True, gc=False):
    """How much one target is owed."""

    target: str
    pending: int  #: counted up to MOST_COUNTED
    next_due: int


def target_of(tenant: str, url: str) -> str:
    """The isolation unit of a push to a URL: one tenant's URL origin, 'tenant scheme://host:port'."""
    split = urlsplit(url)
    return f"{tenant} {split.scheme}://{split.netloc.rpartition('@')[2].lower()}"


def esme_target(system_id: str) -> str:
    """The isolation unit of what goes to an ESME: its account. No tenant's id begins with '@'."""
    return "@" + system_id


def account_of_target(target: str) -> str | None:
    """The system_id of an ESME's target; None for a URL's."""
    return target[1:] if target.startswith("@") else None
