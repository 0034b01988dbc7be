"""What a tenant asks for, and what becomes of it."""

from collections.abc import Sequence

import msgspec

from smsgwd.model.callbacks import Callback
from smsgwd.model.message import Coding, Failure, Message, State
from smsgwd.model.wire import Wire


class Item(msgspec.Struct, gc=False):
    """One message wanted: one text to one recipient, not yet admitted."""

    source: str | None
    dest: str
    text: str = ""
    data: bytes | None = None  #: the octets of a binary message; then `text` is not used
    coding: str = "auto"  #: auto, gsm, latin1, ucs2, binary
    flash: bool = False
    dlr_url: str | None = None  #: where its receipts go; None = where the tenant's do, '' = nowhere
    client_ref: str | None = None
    schedule_at: int | None = None  #: milliseconds since 1970, UTC
    validity_s: int | None = None
    priority: int = 1
    account: str | None = None  #: system_id of the ESME it comes from; None = by HTTP
    asks: int = 0  #: its registered_delivery; by HTTP the states to tell of (`model.callbacks`), 0 = every final one
    wire: Wire | None = None  #: what else it said; with `wire.raw` `data` is one part as it stands
    link: str | None = None  #: http(s) address that a short link in the text leads to (`model.links.PLACEHOLDERS`)
    not_after: int | None = None  #: end of the delivery window, ms since 1970: what was not sent by then expires
    channel: str | None = None  #: network, device; None = whichever the routes have
    failover: bool = False  #: with channel device: by the network where no phone is up, or one fails
    international: bool = False  #: `dest` has its country code first for certain, whatever the tenant's region
    callback: Callback | None = None  #: the style of its receipts; None = the native one
    unique_ref: bool = False  #: refused (repeated_ref) when the tenant has a message with this client_ref
    may_be_empty: bool = False  #: an empty text is a message of one empty part, and no mistake


class Idempotency(msgspec.Struct, frozen=True, gc=False):
    """A tenant's Idempotency-Key with the digest of the request it came with."""

    key: str
    digest: bytes


class Submission(msgspec.Struct, gc=False):
    """One request of one tenant: any number of items that are admitted each on its own."""

    tenant: str
    items: list[Item]
    idempotency: Idempotency | None = None
    intake: str = "http"  #: the way in, for metrics: http, smpp
    dry: bool = False  #: only tell what would become of it: nothing is kept, sent or paid
    rehearsed: bool = False  #: with `dry`: the store is asked, too (opt-outs, repeated references, credit)
    duplicate_s: int = (
        0  #: the same text to the same number within so many seconds is refused, besides the tenant's own
    )
    whole: bool = False  #: nothing is taken where one is refused; the others' entries are then as they would have been
    keep_refused: bool = False  #: remember which recipients were refused (`Store.refused`)


class Entry(msgspec.Struct, gc=False):
    """What became of one item; `id` and `state` are None for a refused one."""

    dest: str
    id: int | None = None
    state: State | None = None
    parts: int = 0
    coding: Coding | None = None
    price: int = 0
    error: Failure | None = None


class Outcome(msgspec.Struct, gc=False, omit_defaults=True):
    """The answer to a submission, after it is durable: one entry an item, same order."""

    id: int
    entries: list[Entry]
    messages: Sequence[Message] = ()  #: of a rehearsed one alone: what would have been stored; ids as in `entries`
