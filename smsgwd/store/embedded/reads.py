"""What the embedded store answers to questions: each goes to the reader thread that is for its kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred

from smsgwd.model.counting import SpanPage
from smsgwd.model.ledger import Funds, LedgerEntry, LedgerSums
from smsgwd.model.links import LinkView
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import MessageView, State
from smsgwd.model.mo import MoSet
from smsgwd.model.operators import AuditEntry
from smsgwd.model.outbox import OutboxItem, OutboxTarget
from smsgwd.model.records import Record
from smsgwd.model.tally import Numbered, Tally
from smsgwd.model.tenant import Tenant
from smsgwd.ports.pushed import PushFilter, PushPage
from smsgwd.ports.sent import SentPage
from smsgwd.ports.store import (
    AuditFilter,
    FinalRecord,
    FindFilter,
    Found,
    LedgerFilter,
    MessageFilter,
    MessageTrace,
    OptOutEntry,
    Orphan,
    PushView,
    QueuedMessage,
    QueueShape,
    Space,
)
from smsgwd.store.embedded import business, counting, find, history, ledger, number, operators, queries, trace, waiting
from smsgwd.store.embedded import sent as sent_reads
from smsgwd.store.embedded import tenant_pushes as own_pushes

_T = TypeVar("_T")


class Reads:
    """The reading half of `EmbeddedStore`, which says how a question gets to its thread."""

    def _page(self, query: Callable[[sqlite3.Connection], _T]) -> Deferred[_T]:
        """Answer a short question that traffic waits for."""
        raise NotImplementedError

    def _ask(self, query: Callable[[sqlite3.Connection], _T], asker: str = "") -> Deferred[_T]:
        """Answer any other question; those of different askers take turns."""
        raise NotImplementedError

    def ready(self, connector: str, after: tuple[int, int] | None, limit: int) -> Deferred[list[QueuedMessage]]:
        """See ports.Store."""
        return self._page(lambda connection: queries.ready(connection, connector, after, limit))

    def next_due(self) -> Deferred[int | None]:
        """See ports.Store."""
        return self._page(queries.next_due)

    def outbox_targets(
        self, *, esmes: bool = False, mine: Callable[[str], bool] | None = None
    ) -> Deferred[list[OutboxTarget]]:
        """See ports.Store."""
        found = self._page(lambda connection: queries.outbox_targets(connection, esmes))
        if mine is None:
            return found
        return found.addCallback(lambda targets: [each for each in targets if mine(each.target)])

    def outbox_dead(self) -> Deferred[dict[str, int]]:
        """See ports.Store."""
        return self._ask(queries.outbox_dead)

    def outbox(
        self, target: str, after: tuple[int, int] | None, limit: int, known: Container[tuple[int, int]] = ()
    ) -> Deferred[list[OutboxItem]]:
        """See ports.Store: all are told, since what is known here is hardly ever read again."""
        return self._page(lambda connection: queries.outbox(connection, target, after, limit))

    def message(self, tenant: str, message_id: int) -> Deferred[MessageView | None]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.message(connection, tenant, message_id), tenant)

    def tenant_of(self, message_id: int) -> Deferred[str | None]:
        """See ports.Store."""
        return self._ask(lambda connection: operators.tenant_of(connection, message_id))

    def submission(self, tenant: str, submission_id: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.submission(connection, tenant, submission_id), tenant)

    def messages(
        self, tenant: str, where: MessageFilter, before: int | None, limit: int
    ) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.messages(connection, tenant, where, before, limit), tenant)

    def messages_at(self, tenant: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: history.messages_at(connection, tenant, ids), tenant)

    def history(self, tenant: str, from_ms: int, to_ms: int, offset: int, limit: int) -> Deferred[list[Numbered]]:
        """See ports.Store."""
        return self._ask(lambda connection: history.history(connection, tenant, from_ms, to_ms, offset, limit), tenant)

    def counted(self, tenant: str, between: tuple[int, int], by: str, after: int) -> Deferred[SpanPage]:
        """See ports.counting."""
        return self._ask(lambda connection: counting.counted(connection, tenant, between, by, after), tenant)

    def recipient(self, tenant: str, submission: int, msisdn: str) -> Deferred[MessageView | None]:
        """See ports.Store."""
        return self._ask(lambda connection: history.recipient(connection, tenant, submission, msisdn), tenant)

    def refused(self, tenant: str, submission: int, dest: str) -> Deferred[str | None]:
        """See ports.Store."""
        return self._ask(lambda connection: history.refused(connection, tenant, submission, dest), tenant)

    def tally(self, tenant: str) -> Deferred[Tally | None]:
        """See ports.Store."""
        return self._ask(lambda connection: history.tally(connection, tenant), tenant)

    def unsent(self, tenant: str, source: str, msisdn: str | None, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.unsent(connection, tenant, source, msisdn, limit), tenant)

    def mo_sets(self, before: int, limit: int) -> Deferred[list[MoSet]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.mo_sets(connection, before, limit))

    def orphans(self, after: int, limit: int) -> Deferred[list[Orphan]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.orphans(connection, after, limit))

    def opt_outs(self, tenant: str, after: str, limit: int) -> Deferred[list[OptOutEntry]]:
        """See ports.Store."""
        return self._ask(lambda connection: queries.opt_outs(connection, tenant, after, limit), tenant)

    def tenants(self) -> Deferred[list[Tenant]]:
        """See ports.Store."""
        return self._ask(business.tenants)

    def funds(self, tenant: str) -> Deferred[Funds | None]:
        """See ports.Store."""
        return self._ask(lambda connection: ledger.funds(connection, tenant), tenant)

    def ledger(self, tenant: str, where: LedgerFilter, after: int, limit: int) -> Deferred[list[LedgerEntry]]:
        """See ports.Store."""
        return self._ask(lambda connection: ledger.ledger(connection, tenant, where, after, limit), tenant)

    def ledger_sums(self, tenant: str, from_ms: int, to_ms: int) -> Deferred[list[LedgerSums]]:
        """See ports.Store."""
        return self._ask(lambda connection: ledger.ledger_sums(connection, tenant, from_ms, to_ms), tenant)

    def space(self) -> Deferred[Space]:
        """See ports.Store."""
        return self._ask(operators.space)

    def find_number(self, msisdn: str, after: int, limit: int) -> Deferred[tuple[list[int], int | None]]:
        """See ports.Store."""
        return self._ask(lambda connection: number.find_number(connection, msisdn, after, limit))

    def record(self, kind: str, tenant: str, key: str) -> Deferred[Record | None]:
        """See ports.Store."""
        return self._ask(lambda connection: business.record(connection, kind, tenant, key), tenant)

    def records(
        self, kind: str, tenant: str | None, after: str, limit: int, *, beginning: str = ""
    ) -> Deferred[list[Record]]:
        """See ports.Store."""
        return self._ask(
            lambda connection: business.records(connection, kind, tenant, after, limit, beginning), tenant or ""
        )

    def records_at(self, kind: str, tenant: str, keys: Sequence[str]) -> Deferred[list[Record]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.records_at(connection, kind, tenant, keys), tenant)

    def link(self, code: str) -> Deferred[LinkView | None]:
        """See ports.Store. Before the pages of tenants: somebody waits to be led on."""
        return self._page(lambda connection: business.link(connection, code))

    def links(self, tenant: str, message_id: int | None, before: int, limit: int) -> Deferred[list[LinkView]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.links(connection, tenant, message_id, before, limit), tenant)

    def lookups(self, tenant: str, request: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.lookups(connection, tenant, request), tenant)

    def known_networks(self, after: str, limit: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.known_networks(connection, after, limit))

    def latest_lookup(self, msisdn: str) -> Deferred[Lookup | None]:
        """See ports.Store."""
        return self._ask(lambda connection: business.latest_lookup(connection, msisdn))

    def open_lookups(self, after: int, limit: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.open_lookups(connection, after, limit))

    def held(self, tenant: str | None, after: int, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: business.held(connection, tenant, after, limit), tenant or "")

    def trace(self, message_id: int) -> Deferred[MessageTrace | None]:
        """See ports.Store."""
        return self._ask(lambda connection: trace.trace(connection, message_id))

    def find(self, where: FindFilter, before: int | None, limit: int) -> Deferred[Found]:
        """See ports.Store."""
        return self._ask(lambda connection: find.find(connection, where, before, limit))

    def queue_shapes(self, now: int) -> Deferred[list[QueueShape]]:
        """See ports.Store."""
        return self._ask(lambda connection: waiting.queue_shapes(connection, now))

    def waiting(self, connector: str, states: Sequence[State], after: int, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(lambda connection: waiting.waiting(connection, connector, states, after, limit))

    def sent(self, connector: str, after: tuple[int, int] | None, before: int, limit: int) -> Deferred[SentPage]:
        """See ports.Store."""
        return self._ask(
            lambda connection: sent_reads.sent(connection, connector, after, before, limit), f"sent {connector}"
        )

    def still_sent(self, connector: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        wanted = list(ids)
        return self._ask(lambda connection: sent_reads.still_sent(connection, connector, wanted), f"sent {connector}")

    def pushes(self, target: str, status: str, after: int, limit: int) -> Deferred[list[PushView]]:
        """See ports.Store."""
        return self._ask(lambda connection: operators.pushes(connection, target, status, after, limit))

    def tenant_pushes(self, tenant: str, where: PushFilter, before: int | None, limit: int) -> Deferred[PushPage]:
        """See ports.Store."""
        return self._ask(lambda connection: own_pushes.tenant_pushes(connection, tenant, where, before, limit))

    def audit(self, where: AuditFilter, before: int | None, limit: int) -> Deferred[list[AuditEntry]]:
        """See ports.Store."""
        return self._ask(lambda connection: operators.audit(connection, where, before, limit))

    def finals(self, after: int, limit: int) -> Deferred[list[FinalRecord]]:
        """See ports.Store."""
        return self._ask(lambda connection: operators.finals(connection, after, limit))
