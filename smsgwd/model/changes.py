"""The changes a store can be asked to make, and what it answers to each.

A commit is a list of changes; every change gets one result in the same place. A change that is refused (no credit, a
known idempotency key, a move the lifecycle does not allow) never fails its batch, and changes nothing. Changes are
idempotent by message id wherever they can arrive twice. Times are milliseconds since 1970, UTC.
"""

import msgspec

from smsgwd.model.business import (
    Book,
    Booked,
    Click,
    DropRecord,
    Push,
    PutLookups,
    PutRecord,
    PutTenant,
    Reschedule,
    Unhold,
)
from smsgwd.model.links import Link
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.mo import Mo, MoMessage, MoSetKey
from smsgwd.model.operators import Discard, DropFinals, Hold, PurgeAudit, PutAudit, Repush, Repushed
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry, OutboxRevive
from smsgwd.model.receipts import Receipt
from smsgwd.model.submission import Idempotency
from smsgwd.model.upkeep import (
    Clearing,
    DropOrphans,
    Erase,
    Erased,
    EraseRest,
    Purged,
    Rematch,
    Rematched,
    Tidy,
    TimeOutReceipts,
)


class Submit(msgspec.Struct, frozen=True, gc=False):
    """Take messages: reserve their price (one after another until the credit ends), keep and queue them.

    With `idempotency`, `answer` (opaque to the store) is kept 24 h together with the refused places, so that the same
    request gets the same answer. Without messages and answer it is only asked what the key was answered: nothing is
    kept. Result: Submitted, Replayed or KeyMismatch.
    """

    tenant: str
    messages: list[Message]
    at: int
    idempotency: Idempotency | None = None
    answer: bytes = b""
    links: tuple[Link, ...] = ()  #: of its messages; those of refused ones are not kept
    unique: tuple[int, ...] = ()  #: places of messages refused (`repeated_ref`) when their client_ref was used before
    whole: bool = False  #: one refused = all refused: the others as `invalid`, all as `no_credit` where it falls short
    submission: int = 0  #: what `refused` is kept under
    #: Recipients refused before (as written, code), kept with the store's own if any is taken; None = nobody asks.
    refused: tuple[tuple[str, str], ...] | None = None
    rehearsed: bool = False  #: it is only told which would be refused; nothing is kept
    texts: tuple[tuple[bytes, int], ...] = ()  #: digests, which a shared store refuses as `duplicate` for so many ms


class PartSent(msgspec.Struct, frozen=True, gc=False):
    """The SMSC accepted a part under its own id. Result: Moved or Ignored (and parked receipts found are applied)."""

    message_id: int
    part: int  #: from 1
    smsc_id: str
    group: str
    connector: str
    at: int
    id_format: str = "auto"
    expects_receipt: bool = True  #: False for a part whose receipt was not asked for: it does not hold the message back
    latency_ms: int | None = None  #: from the write of its PDU to the answer


class Requeue(msgspec.Struct, frozen=True, gc=False):
    """An attempt failed for now: try again at `due_at` (0 = at once) on `connector`. Result: Moved or Ignored.

    With `left` the message goes over to another connector: `left` is remembered as tried. A message of which an SMSC
    has a part never goes over: Ignored('left')."""

    message_id: int
    due_at: int
    connector: str
    at: int
    error: Failure
    counts: bool = True  #: False where the attempt is not counted (the link's fault, not the message's)
    left: str = ""  #: the connector it was tried on, when that is another than `connector`
    latency_ms: int | None = None  #: from the write of the PDU to the answer, where there was one


class Reroute(msgspec.Struct, frozen=True, gc=False):
    """Messages queued behind a link that is down go over to other connectors, without counting an attempt: only those
    that are QUEUED for `left` and of which no SMSC has a part. Result: Rerouted."""

    left: str
    moves: tuple[tuple[int, str], ...]  #: (message id, connector)
    at: int
    reason: str


class Fail(msgspec.Struct, frozen=True, gc=False):
    """A part was refused for good: the message ends REJECTED (refunded) when the SMSC took none of its parts,
    UNDELIVERED when it took some. Result: Moved or Ignored."""

    message_id: int
    part: int
    connector: str
    at: int
    error: Failure
    latency_ms: int | None = None


class GiveUp(msgspec.Struct, frozen=True, gc=False):
    """End a message whose outcome is unknown as UNKNOWN (connector policy `fail`). Result: Moved or Ignored."""

    message_id: int
    connector: str
    at: int
    error: Failure


class TakeReceipt(msgspec.Struct, frozen=True, gc=False):
    """A receipt came in. Result: Moved (final), Noted (intermediate or one part of several), Resent (undelivered, and
    the route has a second way: queued again there), Parked, or Ignored (a later receipt for a final message, or of a
    way that was given up: kept as an event, changes nothing)."""

    receipt: Receipt


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """The tenant takes a message back; only while it has not left. Result: Moved, or Ignored (reason)."""

    tenant: str
    message_id: int
    at: int


class Expire(msgspec.Struct, frozen=True, gc=False):
    """End as EXPIRED (refunded) up to `limit` unsent messages whose validity ended at `at`, but those being sent.

    Result: Swept.
    """

    at: int
    excluding: frozenset[int]
    limit: int = 1000


class Promote(msgspec.Struct, frozen=True, gc=False):
    """Queue up to `limit` scheduled or waiting messages that are due at `at`. Result: Promoted."""

    at: int
    limit: int = 1000
    set_back: int = 0  #: the wall clock was set back by so much (ms): retries, which are waits and no dates, move along


class Note(msgspec.Struct, frozen=True, gc=False):
    """Remember an event of a message for its history. Result: None."""

    message_id: int
    at: int
    type: str
    detail: str = ""
    connector: str = ""
    smpp_status: int | None = None


class TakeMo(msgspec.Struct, frozen=True, gc=False):
    """A subscriber's message is for a tenant. Result: Owed.

    Either for an ESME (`account`; each of `parts` becomes one deliver_sm) or for a URL (`message` is pushed). With
    `done` the parts were kept by KeepMoPart and are done with now. `opts_out` True (STOP) or False (START) changes the
    tenant's opt-out list in the same transaction.
    """

    tenant: str
    account: str = ""  #: system_id
    parts: tuple[Mo, ...] = ()
    url: str = ""
    message: MoMessage | None = None
    done: MoSetKey | None = None
    opts_out: bool | None = None
    msisdn: str = ""  #: digits of who opts out or in
    at: int = 0


class KeepMoPart(msgspec.Struct, frozen=True, gc=False):
    """A part of a subscriber's message came: keep it until the others are there. Result: MoKept.

    A part that was kept before (the SMSC sends it again) changes nothing; one with other content under the same
    reference and number, or after the set was done with, begins a new set.
    """

    key: MoSetKey
    seq: int  #: from 1
    mo: Mo


class OptOut(msgspec.Struct, frozen=True, gc=False):
    """Put a number on a tenant's opt-out list, or take it off (`out` False). Result: True when that changed it.

    The list of the tenant '' is the gateway's blacklist: nobody sends to who is on it.
    """

    tenant: str
    msisdn: str
    out: bool
    at: int
    source: str  #: the keyword, or 'operator'


class Replace(msgspec.Struct, frozen=True, gc=False):
    """An ESME wants an unsent message to say something else (replace_sm, replace_if_present): `message` with the id of
    the old one takes its place; the difference of price is settled. A held one stays. Result: Replaced, or Ignored (as
    Cancel)."""

    tenant: str
    message: Message
    at: int


Change = (
    Submit
    | PartSent
    | Requeue
    | Reroute
    | Fail
    | GiveUp
    | TakeReceipt
    | Cancel
    | Expire
    | TimeOutReceipts
    | Promote
    | Note
    | TakeMo
    | KeepMoPart
    | OptOut
    | Rematch
    | DropOrphans
    | Clearing
    | Erase
    | EraseRest
    | Replace
    | OutboxRevive
    | OutboxDone
    | OutboxRetry
    | OutboxDead
    | PutTenant
    | Book
    | PutRecord
    | DropRecord
    | Reschedule
    | Unhold
    | Click
    | Push
    | PutLookups
    | PutAudit
    | PurgeAudit
    | Hold
    | Discard
    | Repush
    | DropFinals
    | Tidy
)


class Submitted(msgspec.Struct, frozen=True, gc=False):
    """Kept. `refused` maps a place in `Submit.messages` to the code of a refusal (`no_credit`)."""

    refused: dict[int, str]


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The idempotency key was used before with the same request: its answer and refused places of that time."""

    answer: bytes
    refused: dict[int, str]


class KeyMismatch(msgspec.Struct, frozen=True, gc=False):
    """The idempotency key was used before with another request; nothing was kept."""


class Moved(msgspec.Struct, frozen=True, gc=False):
    """The message is in `state` now; `outbox` is what its tenant is owed for that (also by receipts found parked)."""

    message_id: int
    state: State
    outbox: tuple[OutboxItem, ...] = ()


class Resent(msgspec.Struct, frozen=True, gc=False):
    """A message that was not delivered is QUEUED again, on the second way of its route: hand it to the sending side.
    `outbox` is what its tenant is owed all the same (`message.sent` of the first way)."""

    message: Message
    outbox: tuple[OutboxItem, ...] = ()


class Rerouted(msgspec.Struct, frozen=True, gc=False):
    """These were moved; the others of the change were not (any more) where it thought."""

    messages: tuple[int, ...]


class MoKept(msgspec.Struct, frozen=True, gc=False):
    """The part is kept. `complete` are all parts of its set, in order, when it was the last one missing."""

    key: MoSetKey
    complete: tuple[Mo, ...] = ()
    repeated: bool = False


class Owed(msgspec.Struct, frozen=True, gc=False):
    """Kept in the outbox."""

    outbox: tuple[OutboxItem, ...]


class Replaced(msgspec.Struct, frozen=True, gc=False):
    """The message is another one now, in the state of the new one; `refused` = `no_credit` when it cost too much."""

    message_id: int
    refused: str = ""


class Noted(msgspec.Struct, frozen=True, gc=False):
    """Kept in the message's history; its state did not change. An ESME may have asked for such notifications."""

    message_id: int
    outbox: tuple[OutboxItem, ...] = ()


class Parked(msgspec.Struct, frozen=True, gc=False):
    """No message has this SMSC id yet: the receipt is kept and tried again at each response of its group."""


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """Nothing changed: `unknown_message`, `final`, `left` (being sent or sent), `not_queued` (scheduled, or waiting
    for a retry), `not_yours`, `repeated`, `superseded` (about a way of the message that was left or given up), `held`
    (only an operator releases it), `no_tenant`, `no_credit`."""

    reason: str
    message_id: int = 0


class Swept(msgspec.Struct, frozen=True, gc=False):
    """The messages that ended, with what their tenants are owed; `more` when the limit was reached."""

    messages: tuple[int, ...]
    outbox: tuple[OutboxItem, ...]
    more: bool
    state: State = State.EXPIRED  #: the state all of them have now


class Promoted(msgspec.Struct, frozen=True, gc=False):
    """The messages that are ready now, whole; `more` when the limit was reached."""

    messages: tuple[Message, ...]
    more: bool
    sent_parts: dict[int, frozenset[int]] = {}  #: by message id: parts an SMSC has taken already, where there are any
    outbox: tuple[OutboxItem, ...] = ()  #: for those that ended instead: their recipient has opted out meanwhile


Result = (
    Submitted
    | Replayed
    | KeyMismatch
    | Moved
    | Noted
    | Resent
    | Rerouted
    | MoKept
    | Rematched
    | Purged
    | Erased
    | Repushed
    | Owed
    | Booked
    | Replaced
    | Parked
    | Ignored
    | Swept
    | Promoted
    | bool
    | int
    | None
)
