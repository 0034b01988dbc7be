"""One transaction under construction, as the functions of `smsgwd.store.apply` see it: what every store lets them do.

What a change means is said once, in `smsgwd.store.apply`, for every store; a store says how rows are found and kept.
Changes are applied strictly in order, and each sees what those before it in the same transaction did. Nothing is
durable before the transaction is; one that fails, or that is computed again, leaves nothing of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from smsgwd.delivery.lifecycle import REFUNDED, Event, move
from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.links import Link
from smsgwd.model.message import Failure, Message, State
from smsgwd.model.mo import Mo, MoSetKey
from smsgwd.model.outbox import OutboxItem, esme_target
from smsgwd.model.receipts import Receipt
from smsgwd.store.books import Books
from smsgwd.store.counts import Counts
from smsgwd.store.owed import TYPES, Pushes, asked, owe, owe_notice, owe_sent, url_target
from smsgwd.store.rows import STATES, TOUCHED, TOUCHED_FINAL, Answer, MoRow, ParkedRow, PartRow, Row

_DELIVERED: Final = int(State.DELIVERED)


class Work(ABC):
    """The state of one transaction. Methods raise what the store fails with: the transaction is undone then.

    `books`, `counts` and `pushes` are the same transaction's money, counts of tenants and outbox. With `finals` it is
    kept what ends (`final`).
    """

    def __init__(self, books: Books, counts: Counts, pushes: Pushes, *, finals: bool = False) -> None:
        self.books = books
        self.counts = counts
        self.pushes = pushes
        self._known_counts = counts.known
        self._keeps_finals = finals

    # -- reading messages ------------------------------------------------------------------------------------------

    @abstractmethod
    def prefetch(self, ids: Iterable[int]) -> None:
        """Read the rows of these messages at once, as far as there are any and they are not known."""

    @abstractmethod
    def row(self, message_id: int) -> Row | None:
        """A message, or None when there is none. After a change of it call `changed`."""

    @abstractmethod
    def by_smsc(self, group: str, key: str) -> tuple[Row, int] | None:
        """The message and place (see `map_smsc`) that a canonical SMSC id of a group stands for."""

    @abstractmethod
    def known(self, group: str, key: str) -> tuple[Row, int] | None:
        """The same where no look-up is needed; None says nothing."""

    @abstractmethod
    def parts(self, row: Row) -> dict[int, PartRow]:
        """The known parts of a message of several parts, by number."""

    @abstractmethod
    def told(self, message_id: int, kind: str, detail: str) -> bool:
        """True when the history of a message has this event already, or takes no more."""

    @abstractmethod
    def was_held(self, message_id: int) -> bool:
        """True when the history of a message has an event `held`: an operator stopped it."""

    @abstractmethod
    def body(self, row: Row) -> bytes:
        """The text, or the octets, of a message."""

    @abstractmethod
    def overdue(self, state: State, before: int, limit: int) -> list[int]:
        """Ids of messages in a state (not final) whose validity ended at or before `before` (ms), the earliest first,
        `limit` at most."""

    @abstractmethod
    def due(self, at: int, limit: int) -> list[Message]:
        """Whole messages, SCHEDULED or WAITING, that are due at `at` (ms), the earliest first, `limit` at most."""

    @abstractmethod
    def taken_parts(self, message_id: int) -> frozenset[int]:
        """Numbers of the parts of a message of several that an SMSC has taken."""

    @abstractmethod
    def held_ids(self, tenant: str, prefix: str, connector: str, limit: int) -> list[int]:
        """Held messages (model.message.HELD), `limit` at most; where they are not '' of a tenant, to numbers that
        begin so, on a connector."""

    @abstractmethod
    def untaken(self, ids: Sequence[int], connector: str) -> list[int]:
        """Those of these that are QUEUED for the connector and of which no SMSC has a part."""

    # -- changing messages -----------------------------------------------------------------------------------------

    @abstractmethod
    def insert(self, messages: Sequence[Message]) -> None:
        """Add messages, and count them (`Count.accepted`, and `scheduled`). One whose id is taken makes the transaction
        fail. The caller may change its message afterwards."""

    @abstractmethod
    def changed(self, row: Row, touched: int = TOUCHED) -> None:
        """Write this row at the end; `touched` says what of it changed (rows.TOUCHED_...)."""

    @abstractmethod
    def later(self, row: Row) -> None:
        """As `changed`, for a row that waits for its time or for an operator from now on: not worth remembering."""

    @abstractmethod
    def put_part(self, row: Row, part: PartRow) -> None:
        """Add or replace a part of a message."""

    @abstractmethod
    def drop_parts(self, row: Row) -> None:
        """Forget what became of the parts: the message begins anew."""

    @abstractmethod
    def map_smsc(self, group: str, key: str, message_id: int, place: int) -> None:
        """From now on the canonical id stands for this place: the part and, times 256, the way of then (`Row.hops`).

        An SMSC may use an id again: the newest holds.
        """

    @abstractmethod
    def event(
        self,
        message_id: int,
        at: int,
        kind: str,
        detail: str = "",
        *,
        connector: str | None = None,
        smsc_id: str | None = None,
        smpp_status: int | None = None,
        latency: int | None = None,
    ) -> None:
        """Keep an exceptional event (`rows.MOST_EVENTS` a message, details of `rows.LONGEST_DETAIL`)."""

    @abstractmethod
    def replace(self, message: Message) -> None:
        """Put a message in the place of another, with its id, submission, time of acceptance and number."""

    @abstractmethod
    def reconnect(self, moves: Sequence[tuple[int, str]]) -> None:
        """These QUEUED messages (id, connector) are for those connectors from now on."""

    @abstractmethod
    def queue(self, messages: Sequence[Message]) -> None:
        """These messages, which `due` returned, are QUEUED from now on."""

    @abstractmethod
    def move_retries(self, by: int) -> None:
        """Every WAITING message is due `by` ms sooner."""

    @abstractmethod
    def reschedule(self, row: Row, due_at: int, deadline: int | None) -> None:
        """Another time (ms) for a SCHEDULED message, and another end of validity where it is given."""

    @abstractmethod
    def release(self, ids: Sequence[int], at: int) -> None:
        """Held messages are due at their own time, or now where that is over."""

    @abstractmethod
    def final(self, message_id: int, charged: int) -> None:
        """A message ended, and its tenant paid so much (micro-units) for it: for `Store.finals`, where those are kept;
        called only there."""

    # -- what comes with submissions -------------------------------------------------------------------------------

    @abstractmethod
    def answer_of(self, tenant: str, key: str) -> Answer | None:
        """What was kept for an idempotency key, however long ago."""

    @abstractmethod
    def keep_answer(self, tenant: str, key: str, answer: Answer) -> None:
        """Keep it, in the place of an earlier one."""

    @abstractmethod
    def refs_used(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these (tenant, reference) that were used (`use_refs`)."""

    @abstractmethod
    def use_refs(self, refs: Sequence[tuple[str, str, int]]) -> None:
        """These (tenant, reference, message) are used from now on, until their message is gone."""

    def texts_of_late(self, texts: Sequence[tuple[bytes, int]], at: int) -> set[bytes]:
        """Those of these digests that were taken (`keep_texts`) less than so many milliseconds before `at`. A store
        that one process has alone is not asked."""
        raise TypeError("this store remembers no texts")

    def keep_texts(self, texts: Iterable[tuple[bytes, int]], at: int) -> None:
        """These digests were taken at `at` (ms), which is remembered for so many milliseconds."""
        raise TypeError("this store remembers no texts")

    @abstractmethod
    def keep_refusals(self, tenant: str, submission: int, refusals: Sequence[tuple[str, str]]) -> None:
        """Keep (recipient, code) of a submission; the first code of a recipient stands."""

    @abstractmethod
    def keep_links(self, links: Iterable[Link], kept: Collection[int]) -> None:
        """Keep those links whose message is among `kept`. A code that there is makes the transaction fail."""

    # -- opt-out lists ---------------------------------------------------------------------------------------------

    @abstractmethod
    def opted(self) -> Collection[str]:
        """Tenants whose lists may have entries ('' = the blacklist): of all others nothing is looked up."""

    @abstractmethod
    def listed(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these (tenant, msisdn) that are on the tenant's list."""

    @abstractmethod
    def list_number(self, tenant: str, msisdn: str, at: int, source: str) -> bool:
        """Put a number on a list; False when it is there: the first entry stands."""

    @abstractmethod
    def unlist_number(self, tenant: str, msisdn: str) -> bool:
        """Take a number off a list; False when it is not there."""

    # -- receipts without a message --------------------------------------------------------------------------------

    @abstractmethod
    def park(self, receipt: Receipt, keys: Sequence[str]) -> None:
        """Keep a receipt until a response has one of these forms of its id; the first is the likeliest."""

    @abstractmethod
    def may_be_parked(self, group: str, key: str) -> bool:
        """False when surely no receipt is parked under this form of an id."""

    @abstractmethod
    def parked_under(self, group: str, key: str) -> list[ParkedRow]:
        """Receipts parked under this form of an id, in the order they came."""

    @abstractmethod
    def unpark(self, number: int) -> None:
        """A parked receipt, or an orphan, is done with."""

    @abstractmethod
    def orphans(self, after: int, limit: int) -> list[ParkedRow]:
        """Receipts that no message was found for in time, by number, those behind `after`."""

    @abstractmethod
    def drop_orphans(self, before: int, limit: int) -> int:
        """Forget the oldest orphans received before then (ms); how many."""

    @abstractmethod
    def orphan_parked(self, before: int, limit: int) -> int:
        """Parked receipts received before then (ms) become orphans, the oldest first; how many."""

    # -- tenants ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def set_terms(self, tenant: str, floor: int | None, refunds: frozenset[int] | None) -> None:
        """From now on `Books.account` of this tenant, which the store knows, has these (`Account.floor`, `refunds`)."""

    @abstractmethod
    def unsettled(self, tenant: str) -> tuple[int, int, int]:
        """What a tenant's messages that have not ended cost it (micro-units), how many of them cost something, and how
        many parts these have."""

    # -- upkeep ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def drop_answers(self, before: int, limit: int) -> int:
        """Forget idempotency keys used before then (ms), the oldest first; how many."""

    @abstractmethod
    def drop_pushes(self, before: int, limit: int) -> int:
        """Forget pushes that were done before then (ms), the oldest first; how many."""

    @abstractmethod
    def revive(self, target: str, at: int, limit: int) -> int:
        """What was given up of a target is due at `at` (ms), as if never tried, the oldest first; how many."""

    # -- subscribers' messages -------------------------------------------------------------------------------------

    @abstractmethod
    def mo_sets(self, key: MoSetKey, refs: Sequence[int]) -> dict[int, dict[int, MoRow]]:
        """What is kept under a key with one of `refs` in the place of its own: rows by part, by `ref`."""

    @abstractmethod
    def put_mo_part(self, key: MoSetKey, seq: int, mo: Mo) -> None:
        """Keep a part of a set, waiting, in the place of an earlier one of its number."""

    @abstractmethod
    def mark_mo_set(self, key: MoSetKey, status: int, before: int | None = None) -> None:
        """The kept parts of a set (where `before` is given, those that have this status) have this status now."""

    @abstractmethod
    def drop_mo_set(self, key: MoSetKey) -> None:
        """Forget all parts of a set."""

    # -- what follows from these -----------------------------------------------------------------------------------

    def taken(self, row: Row) -> bool:
        """True when an SMSC has taken a part of the message, be it on a way that was given up since."""
        return row.hops > 0 or self.out(row)

    def out(self, row: Row) -> bool:
        """True when an SMSC has taken a part of the message on the way it goes now."""
        if row.sent_at is not None:
            return True
        return row.parts > 1 and any(part.sent_at is not None for part in self.parts(row).values())

    def elsewhere(self, row: Row) -> bool:
        """True when another process is about to send the message: whoever changes many leaves it out."""
        return False

    def settle(
        self, row: Row, event: Event, at: int, error: Failure | None, done_at: int | None = None
    ) -> tuple[OutboxItem, ...]:
        """Move a message to the final state that `event` leads to, and settle its price; what its tenant is owed now.

        `at` is when we learned it, `done_at` when it happened. Raises lifecycle.IllegalMove, having changed nothing.
        """
        after = move(STATES[row.state], event)
        return self.end(row, after, at, error, done_at, free=event in REFUNDED and not self.taken(row))

    def end(
        self, row: Row, after: State, at: int, error: Failure | None, done_at: int | None, *, free: bool = False
    ) -> tuple[OutboxItem, ...]:
        """The same, for a move that is known to be allowed: every message ends here. `free`: no SMSC took any of it."""
        before, state = row.state, int(after)
        row.state = state
        row.done_at = at if done_at is None else done_at
        if error is None:
            self.changed(row, TOUCHED_FINAL)
        else:
            row.fail(error)
            self.changed(row)
        told = row.told
        charged = 0
        if told.price or told.payers is not None:
            charged = self.books.close(told, state, free, at)
        count = self._known_counts.get(told.tenant)
        if count is None or not count.touched:
            count = self.counts.of(told.tenant)
        if state == _DELIVERED and before:
            count.delivered += 1
        else:
            count.ended(before, state)
        if self._keeps_finals:
            self.final(row.id, charged)
        account = told.account
        if account is not None:
            if not asked(told.asks, state):
                return ()
            item = owe(self.pushes, row, after, TYPES[state], esme_target(account), "", at)
            row.push = item.id
            return (item,)
        url, asks = told.dlr_url, told.asks
        if not url or (asks and not asks >> state & 1):
            return ()
        item = owe(self.pushes, row, after, TYPES[state], url_target(told.tenant, url), url, at)
        row.push = item.id
        return (item,)

    def sent(self, row: Row, at: int) -> tuple[OutboxItem, ...]:
        """What a tenant is owed that wants to hear that an SMSC has all of a message now."""
        return owe_sent(self.pushes, row, at) if row.told.asks & TELL_SENT else ()

    def notify(self, row: Row, at: int) -> tuple[OutboxItem, ...]:
        """Owe word that a message is not final yet."""
        return owe_notice(self.pushes, row, at)
