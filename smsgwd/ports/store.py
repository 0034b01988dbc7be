"""The durable store: batch-first writes, paged reads.

`commit` gives one Deferred a batch that fires after the batch is durable (fsync returned, or acknowledged by Redis),
with one result a change, in order. Commits are applied in the order they were asked for. A batch that cannot be made
durable fails whole with StoreUnavailable, having changed nothing; the store keeps trying by itself and `healthy` tells
when writes work again. Reads see every commit whose Deferred has fired.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from smsgwd.model.ledger import EntryKind, Funds, LedgerEntry, LedgerSums
from smsgwd.model.links import LinkView
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import Message, MessageView, State
from smsgwd.model.mo import MoSet
from smsgwd.model.operators import AuditEntry
from smsgwd.model.outbox import OutboxItem, OutboxTarget
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import Record
from smsgwd.model.spooled import SpoolView
from smsgwd.model.tally import Numbered, Tally
from smsgwd.model.tenant import Tenant
from smsgwd.ports.commits import Commits
from smsgwd.ports.counting import CountingReads
from smsgwd.ports.looking import (
    AGES,
    AuditFilter,
    FinalRecord,
    FindFilter,
    Found,
    MessageTrace,
    PushView,
    QueueShape,
)
from smsgwd.ports.pushed import PushReads

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

# Told here, too: whoever asks the store needs no second place for what it answers.
__all__ = (
    "AGES",
    "AuditFilter",
    "Commits",
    "FinalRecord",
    "FindFilter",
    "Found",
    "MessageTrace",
    "PushView",
    "QueueShape",
)


class StoreUnavailable(Exception):  # noqa: N818 -- the name says what holds, and edges catch it by it
    """The store cannot make anything durable now (disk full, I/O error, closed); nothing of the batch was changed."""


class MessageFilter(msgspec.Struct, frozen=True):
    """What `messages` selects; all given conditions hold at once. Times are milliseconds since 1970, UTC."""

    from_ms: int | None = None
    to_ms: int | None = None  #: exclusive
    states: tuple[State, ...] = ()
    msisdn: str | None = None


class QueueDepth(msgspec.Struct, frozen=True):
    """How much one connector has waiting, and since when (milliseconds since 1970; None when empty)."""

    connector: str
    queued: int
    oldest: int | None


class StoreCounts(msgspec.Struct, frozen=True):
    """Figures for operators."""

    queues: tuple[QueueDepth, ...]
    scheduled: int
    sent_without_receipt: int
    outbox_pending: int
    outbox_dead: int
    parked: int
    orphans: int
    held: int = 0  #: scheduled messages that only an operator releases; they are not among `scheduled`


class QueuedMessage(msgspec.Struct, gc=False):
    """A message ready for its connector; `sent_parts` are the parts an SMSC has taken already (from 1)."""

    message: Message
    sent_parts: frozenset[int] = frozenset()


class Orphan(msgspec.Struct, frozen=True, gc=False):
    """A receipt that no message was found for in time."""

    id: int
    receipt: Receipt


class OptOutEntry(msgspec.Struct, frozen=True, gc=False):
    """A number on a tenant's opt-out list; `at` in milliseconds since 1970."""

    tenant: str
    msisdn: str
    at: int
    source: str  #: the keyword, or 'operator'


class Progress(msgspec.Struct, frozen=True, gc=False):
    """How far a long piece of upkeep is; `total` 0 = not known."""

    done: int
    total: int


class CheckReport(msgspec.Struct, frozen=True, gc=False):
    """What a check found; `problems` empty = all is well (at most 100 are told)."""

    problems: tuple[str, ...]
    messages: int
    bytes: int  #: of the file
    free_bytes: int  #: of it, ready for new rows
    seconds: float


class Space(msgspec.Struct, frozen=True, gc=False):
    """What the store takes on the disk, in bytes."""

    bytes: int  #: the database without its log
    free_bytes: int  #: of it, ready for new rows


class LedgerFilter(msgspec.Struct, frozen=True):
    """What `ledger` selects. Times are milliseconds since 1970, UTC."""

    from_ms: int | None = None
    to_ms: int | None = None  #: exclusive
    kinds: tuple[EntryKind, ...] = ()
    newest_first: bool = False  #: then `after` means those before it; 0 = from the end


class LedgerReport(msgspec.Struct, frozen=True, gc=False):
    """What a check of the ledger found; `problems` empty = every sum is right (at most 100 are told)."""

    problems: tuple[str, ...]
    tenants: int
    entries: int
    seconds: float


class Store(PushReads, CountingReads, Commits, Protocol):
    """Everything durable. All methods are called on, and answer on, the reactor's thread."""

    @property
    def trouble(self) -> str:
        """Why the commit that failed last did, in words; it says nothing about now while `healthy`."""
        ...

    def open(self) -> Deferred[int]:
        """Open (and migrate) the store; fires with the highest id of a message or lookup in it, 0 for none."""
        ...

    def close(self) -> Deferred[None]:
        """Commit what was asked for, then close."""
        ...

    def spooled(self) -> SpoolView | None:
        """What waits on this node's disk to be given to the store; None where there is no such thing."""
        ...

    def ready(self, connector: str, after: tuple[int, int] | None, limit: int) -> Deferred[list[QueuedMessage]]:
        """QUEUED messages of a connector by (-priority, id), those behind the key `after`, `limit` at most."""
        ...

    def message(self, tenant: str, message_id: int) -> Deferred[MessageView | None]:
        """One message of a tenant with its history, or None."""
        ...

    def tenant_of(self, message_id: int) -> Deferred[str | None]:
        """Whose message this is; None when there is none. For operators, who see all tenants."""
        ...

    def submission(self, tenant: str, submission_id: int) -> Deferred[list[MessageView]]:
        """The messages of a submission of a tenant, by id, without events; empty when there is none."""
        ...

    def messages(
        self, tenant: str, where: MessageFilter, before: int | None, limit: int
    ) -> Deferred[list[MessageView]]:
        """Newest first, ids below `before`, without events."""
        ...

    def messages_at(self, tenant: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """Those of a tenant's messages that have one of `ids` (1,000 at most), in any order, without events."""
        ...

    def history(self, tenant: str, from_ms: int, to_ms: int, offset: int, limit: int) -> Deferred[list[Numbered]]:
        """A tenant's messages submitted from `from_ms` to before `to_ms` (ms since 1970), oldest first, `limit` of them
        behind `offset` others. A page a million messages on costs what the first one does: what was deleted in between
        leaves a page shorter."""
        ...

    def recipient(self, tenant: str, submission: int, msisdn: str) -> Deferred[MessageView | None]:
        """A submission's message to a number (the first of several), without events, or None."""
        ...

    def refused(self, tenant: str, submission: int, dest: str) -> Deferred[str | None]:
        """The code of why a recipient of a submission was refused (`Submit.refused`), compared by digits where it has
        any; None when it was not."""
        ...

    def tally(self, tenant: str) -> Deferred[Tally | None]:
        """A tenant's counts, at no cost; None for an unknown tenant."""
        ...

    def unsent(self, tenant: str, source: str, msisdn: str | None, limit: int) -> Deferred[list[MessageView]]:
        """Messages of a tenant that have not left, by sender as written and recipient (None = any), newest first.

        Without events and parts. For cancel_sm and replace_if_present by address; may take a scan of what has not left.
        """
        ...

    def next_due(self) -> Deferred[int | None]:
        """When the earliest scheduled or waiting message is due (milliseconds since 1970), or None."""
        ...

    def outbox_targets(
        self, *, esmes: bool = False, mine: Callable[[str], bool] | None = None
    ) -> Deferred[list[OutboxTarget]]:
        """The targets that are owed something (not the dead ones): URLs, or the accounts of ESMEs; with `mine` those
        whose names it is true for, asked on whatever thread."""
        ...

    def outbox_dead(self) -> Deferred[dict[str, int]]:
        """How much was given up and is kept, by target."""
        ...

    def outbox(
        self, target: str, after: tuple[int, int] | None, limit: int, known: Container[tuple[int, int]] = ()
    ) -> Deferred[list[OutboxItem]]:
        """Pushes owed to a target in the order (due_at, id), those behind the key `after`, `limit` at most. Those whose
        key is `known`, asked on whatever thread, may be left out."""
        ...

    def tenants(self) -> Deferred[list[Tenant]]:
        """Every tenant with its credentials."""
        ...

    def funds(self, tenant: str) -> Deferred[Funds | None]:
        """A tenant's money; None for an unknown tenant."""
        ...

    def ledger(self, tenant: str, where: LedgerFilter, after: int, limit: int) -> Deferred[list[LedgerEntry]]:
        """A tenant's entries by id, those behind `after`."""
        ...

    def ledger_sums(self, tenant: str, from_ms: int, to_ms: int) -> Deferred[list[LedgerSums]]:
        """What a tenant's entries of a span of time (`to_ms` exclusive) add up to, by kind."""
        ...

    def ledger_check(self) -> Deferred[LedgerReport]:
        """Compare every tenant's sums with its whole ledger and its open messages, at one moment, as `check` runs."""
        ...

    def record(self, kind: str, tenant: str, key: str) -> Deferred[Record | None]:
        """One record, or None."""
        ...

    def records(
        self, kind: str, tenant: str | None, after: str, limit: int, *, beginning: str = ""
    ) -> Deferred[list[Record]]:
        """Records by (tenant, key), those of a tenant (None = of all, from the beginning: `after` is then
        'tenant' + NUL + 'key') behind `after`, whose key begins with `beginning`."""
        ...

    def records_at(self, kind: str, tenant: str, keys: Sequence[str]) -> Deferred[list[Record]]:
        """Those of a tenant that stand under one of `keys` (1,000 at most), in any order."""
        ...

    def link(self, code: str) -> Deferred[LinkView | None]:
        """A tracked link, or None."""
        ...

    def links(self, tenant: str, message_id: int | None, before: int, limit: int) -> Deferred[list[LinkView]]:
        """A tenant's links, newest message first, of messages with ids below `before`, or of one message."""
        ...

    def lookups(self, tenant: str, request: int) -> Deferred[list[Lookup]]:
        """The lookups of a request of a tenant (or the one lookup of that id), by id; empty when there are none."""
        ...

    def known_networks(self, after: str, limit: int) -> Deferred[list[Lookup]]:
        """The newest lookup of each number that told a network, by number, those behind `after`."""
        ...

    def latest_lookup(self, msisdn: str) -> Deferred[Lookup | None]:
        """The newest lookup of a number that is DELIVERED or UNDELIVERED, whoever asked; None when there is none."""
        ...

    def open_lookups(self, after: int, limit: int) -> Deferred[list[Lookup]]:
        """Lookups that are not final, by id: what goes on after a restart."""
        ...

    def held(self, tenant: str | None, after: int, limit: int) -> Deferred[list[MessageView]]:
        """Held messages by id, without events; of one tenant, or of all (None)."""
        ...

    def trace(self, message_id: int) -> Deferred[MessageTrace | None]:
        """All about one message of whichever tenant, with its history, parts and pushes, or None. Always cheap."""
        ...

    def find(self, where: FindFilter, before: int | None, limit: int) -> Deferred[Found]:
        """A page of messages of all tenants, `limit` at most, without events. What no index answers reads rows newest
        first, up to a bound a call: a page may be empty and still say where to go on. For operators."""
        ...

    def queue_shapes(self, now: int) -> Deferred[list[QueueShape]]:
        """How old what is QUEUED is, by connector; `now` in milliseconds since 1970. Reads an index; for operators."""
        ...

    def waiting(self, connector: str, states: Sequence[State], after: int, limit: int) -> Deferred[list[MessageView]]:
        """Messages of a connector ('' = any) in these states (not final) by id, those behind `after`, without events.
        Held ones are among the SCHEDULED. May read all that has not left; for operators."""
        ...

    def pushes(self, target: str, status: str, after: int, limit: int) -> Deferred[list[PushView]]:
        """Rows of the outbox of a target ('' = any) in a state (`PushView.status`), by id, those behind `after`."""
        ...

    def audit(self, where: AuditFilter, before: int | None, limit: int) -> Deferred[list[AuditEntry]]:
        """What operators did, newest first, ids below `before`."""
        ...

    def finals(self, after: int, limit: int) -> Deferred[list[FinalRecord]]:
        """Messages that ended since the store was told to remember that (`keep_finals`), by `seq`, behind `after`,
        without events. One whose row is gone is left out."""
        ...

    def keep_finals(self, on: bool) -> Deferred[None]:
        """Remember from now on which messages end, for `finals`, or forget all of it; fires when that holds."""
        ...

    def counts(self) -> Deferred[StoreCounts]:
        """Figures for operators; may take a scan of the indexes, so not for hot paths."""
        ...

    def space(self) -> Deferred[Space]:
        """What the store takes on the disk; cheap."""
        ...

    def mo_sets(self, before: int, limit: int) -> Deferred[list[MoSet]]:
        """Kept parts of subscribers' messages that are nobody's yet: sets that are complete, or whose first part came
        before `before` (ms); the longest known first."""
        ...

    def orphans(self, after: int, limit: int) -> Deferred[list[Orphan]]:
        """Receipts that no message was found for, by id, those behind `after`."""
        ...

    def opt_outs(self, tenant: str, after: str, limit: int) -> Deferred[list[OptOutEntry]]:
        """A tenant's opt-out list by number, those behind `after`; of '' the gateway's blacklist."""
        ...

    def find_number(self, msisdn: str, after: int, limit: int) -> Deferred[tuple[list[int], int | None]]:
        """Ids of messages to or from a number among the next `limit` behind id `after`, and the id to go on behind
        (None = that were all). Reads every row: not for hot paths."""
        ...

    def check(self, *, deep: bool = False) -> Deferred[CheckReport]:
        """Look for damage while traffic goes on; `deep` also compares indexes with their tables."""
        ...

    def backup(self, path: str) -> Deferred[int]:
        """Write a copy to a new file while traffic goes on, of one moment where the store can do that; fires with its
        bytes when it is durable.

        Fails with ValueError where the file exists or its directory does not, StoreUnavailable when it cannot be
        written: then no file is left behind.
        """
        ...

    def vacuum(self) -> Deferred[int]:
        """Give free space back to the file system, in small steps while traffic goes on; fires with the bytes given."""
        ...

    def scrub(self) -> Deferred[bool]:
        """Have what was erased leave the disk also where changes are kept before they are written to their place; fires
        with False when that could not be, since somebody reads there for long (a backup)."""
        ...

    def upkeep(self) -> dict[str, Progress]:
        """Checks, backups, vacuums and scrubs that are running, by name."""
        ...
