"""Changes that care for what is kept: receipts that never come, orphans, clearing up by age, one person's data.

They are part of `model.changes.Change`, their results of `Result`. Times are milliseconds since 1970, UTC.
"""

import msgspec

from smsgwd.model.message import Message
from smsgwd.model.outbox import OutboxItem


class Rematch(msgspec.Struct, frozen=True, gc=False):
    """Try orphaned receipts again, up to `limit` with ids behind `after`. Result: Rematched."""

    after: int
    at: int
    limit: int = 1000
    smsc_id: str = ""  #: only those with this id


class DropOrphans(msgspec.Struct, frozen=True, gc=False):
    """Forget orphaned receipts received before `before` (ms). Result: how many (int)."""

    before: int
    limit: int = 10_000


class Purge(msgspec.Struct, frozen=True, gc=False):
    """Delete final messages submitted before `before`, with their parts and history, as far as `limit` rows looked at.

    The store remembers where it was. One that is owed to somebody stays until that is settled. Result: Purged.
    """

    before: int
    limit: int = 200


class PurgeIds(msgspec.Struct, frozen=True, gc=False):
    """Forget SMSC ids of messages submitted before `before` that ended or are gone, going round all ids by and by.

    Result: Purged.
    """

    before: int
    limit: int = 1000


class PurgeLeftovers(msgspec.Struct, frozen=True, gc=False):
    """Delete what is left of other kinds, up to `limit` of each: pushes given up, and pushes to ESMEs never taken, from
    before `pushes_before`; orphans from before `orphans_before` and the oldest beyond `most_orphans`; parts of
    subscribers' messages that are done with, or that nobody wanted, from before `mo_before`; tracked links that expired
    before `links_before`, final lookups asked for before `lookups_before`. Result: Purged."""

    at: int
    pushes_before: int
    orphans_before: int
    mo_before: int  #: for those that nobody wanted
    mo_done_before: int  #: for those that are done with: long enough to know an SMSC's repetitions
    most_orphans: int
    limit: int = 1000
    links_before: int = 0
    lookups_before: int = 0


class BlankTexts(msgspec.Struct, frozen=True, gc=False):
    """Empty the texts of a tenant's final messages submitted before `before`, as far as `limit` rows looked at.

    The store remembers, durably, where it was. Result: Purged.
    """

    tenant: str
    before: int
    limit: int = 500


class Erase(msgspec.Struct, frozen=True, gc=False):
    """Remove what tells of one person from these messages: number, text, reference, history's words. Result: Erased.

    Those that have not left are cancelled first (their tenants hear of it); of the others state and money stay.
    """

    ids: tuple[int, ...]
    msisdn: str
    at: int


class EraseRest(msgspec.Struct, frozen=True, gc=False):
    """The same in what is no message: receipts without a message, subscribers' messages, other events, answers kept
    for repeated requests, tracked links, lookups (but what they cost), contacts; and with `opt_out` the opt-out lists.

    Result: Erased.
    """

    msisdn: str
    at: int
    opt_out: bool = False


class DropArchived(msgspec.Struct, frozen=True, gc=False):
    """Delete messages that the archive has, if they are still what it was given: each id with `digest` of what was
    stored then. One that somebody is owed word of stays. Result: Purged."""

    rows: tuple[tuple[int, bytes], ...]
    refs_ms: int  #: how long references that they have used up are known still


class Rematched(msgspec.Struct, frozen=True, gc=False):
    """`tried` orphans were tried again: `applied` found their message (what that owes is in `outbox`, messages to send
    again in `resent`). `last` is the id of the last one tried; `more` when there are further ones."""

    tried: int
    applied: int
    last: int
    more: bool
    outbox: tuple[OutboxItem, ...] = ()
    resent: tuple[Message, ...] = ()


class Purged(msgspec.Struct, frozen=True, gc=False):
    """`count` rows went (or were emptied); `more` when it is not through."""

    count: int
    more: bool


class Erased(msgspec.Struct, frozen=True, gc=False):
    """How much was erased, by kind; `cancelled` are messages that ended by it, with what their tenants are owed.

    `more` of an EraseRest: it looked at some thousand rows; make the same change again for the next ones.
    """

    counts: dict[str, int]
    cancelled: tuple[int, ...] = ()
    outbox: tuple[OutboxItem, ...] = ()
    more: bool = False


class Tidy(msgspec.Struct, frozen=True, gc=False):
    """Forget idempotency keys made before `keys_before` and finished pushes done before `pushes_before`,
    up to `limit` of each; mark receipts parked before `orphans_before` as orphans. Result: how many rows went (int)."""

    keys_before: int
    pushes_before: int
    orphans_before: int
    limit: int = 2000


class TimeOutReceipts(msgspec.Struct, frozen=True, gc=False):
    """End as UNKNOWN up to `limit` sent messages whose validity ended before `deadline_before`; with `connector` those
    of `ids` that it sent, and no others. Result: Swept."""

    at: int
    deadline_before: int
    limit: int = 1000
    connector: str = ""
    ids: tuple[int, ...] = ()


#: Changes that clear up.
Clearing = Purge | PurgeIds | PurgeLeftovers | BlankTexts | DropArchived
