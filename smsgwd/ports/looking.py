"""What operators ask the store for, and what it answers (`ports.store`)."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.message import MessageView, State


class AuditFilter(msgspec.Struct, frozen=True):
    """What `audit` selects; all given conditions hold at once. Times are milliseconds since 1970, UTC."""

    from_ms: int = 0
    to_ms: int | None = None  #: exclusive
    who: str = ""
    noun: str = ""  #: of the command
    failed: bool = False  #: only those that failed, or whose end nobody knows


class FindFilter(msgspec.Struct, frozen=True):
    """What `find` selects among all tenants' messages; all given conditions hold at once. Times as above."""

    tenant: str = ""
    msisdn: str = ""  #: digits of the recipient
    source: str = ""  #: sender as written
    smsc_id: str = ""  #: in the form of the receipt or the response
    client_ref: str = ""
    submission: int = 0
    connector: str = ""
    states: tuple[State, ...] = ()
    from_ms: int | None = None
    to_ms: int | None = None  #: exclusive


class Found(msgspec.Struct, frozen=True, gc=False):
    """A page of `find`, newest first. `before`: go on with messages below this id; None = that was all."""

    views: tuple[MessageView, ...]
    before: int | None


class QueueShape(msgspec.Struct, frozen=True, gc=False):
    """How old what is queued for one connector is: `counts` by the bounds of AGES, the last one for all older ones."""

    connector: str
    counts: tuple[int, ...]
    oldest: int | None  #: when the oldest was submitted, milliseconds since 1970


#: Upper bounds of the columns of a `QueueShape`, in seconds.
AGES: Final = (10, 60, 300, 900, 3600, 21_600, 86_400)


class PushView(msgspec.Struct, frozen=True, gc=False):
    """A row of the outbox as operators see it. Times are milliseconds since 1970, UTC."""

    id: int
    message_id: int  #: 0 = about no message of a tenant's
    tenant: str
    target: str
    url: str
    type: str
    status: str  #: pending, done, given_up
    attempts: int
    created_at: int
    due_at: int
    done_at: int | None
    last_error: str


class MessageTrace(msgspec.Struct, frozen=True, gc=False):
    """Everything the store has about one message, whosever it is."""

    view: MessageView
    pushes: tuple[PushView, ...]


class FinalRecord(msgspec.Struct, frozen=True, gc=False):
    """A message that ended, for whoever writes that down elsewhere; `seq` ascends in the order of ending, no gap means
    anything."""

    seq: int
    view: MessageView
    charged: int = 0  #: micro-units that its tenant paid for it
