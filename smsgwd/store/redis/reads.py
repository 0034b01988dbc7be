"""What the Redis store answers to questions, one method each, in the order of `ports.Store`; how is in `reads_*.py`."""

from __future__ import annotations

from collections.abc import Callable, Container, Coroutine, Sequence
from typing import Any, TypeVar

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
from smsgwd.ports.looking import AuditFilter, FinalRecord, FindFilter, Found, MessageTrace, PushView, QueueShape
from smsgwd.ports.pushed import PushFilter, PushPage
from smsgwd.ports.sent import SentPage
from smsgwd.ports.store import (
    LedgerFilter,
    LedgerReport,
    MessageFilter,
    OptOutEntry,
    Orphan,
    QueuedMessage,
    Space,
    StoreCounts,
)
from smsgwd.store.redis import (
    reads_audit,
    reads_counting,
    reads_find,
    reads_inbound,
    reads_messages,
    reads_money,
    reads_outbox,
    reads_pushes,
    reads_queues,
    reads_records,
    reads_tenants,
    shares,
)
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.memory import Memory

_T = TypeVar("_T")


class Reads:
    """The reading half of `RedisStore`, which says how a question gets its answer."""

    asking: Asking
    memory: Memory

    def _ask(self, query: Coroutine[Any, Any, _T]) -> Deferred[_T]:
        """The answer of a query. Fails with StoreUnavailable."""
        raise NotImplementedError

    # -- queues ----------------------------------------------------------------------------------------------------

    def ready(self, connector: str, after: tuple[int, int] | None, limit: int) -> Deferred[list[QueuedMessage]]:
        """See ports.Store: what nobody has claimed, and what this node has. To send it, claim it: see claiming.py."""
        return self._ask(reads_queues.ready(self.asking, self.memory.node, connector, after, limit))

    # -- messages --------------------------------------------------------------------------------------------------

    def message(self, tenant: str, message_id: int) -> Deferred[MessageView | None]:
        """See ports.Store."""
        return self._ask(reads_messages.message(self.asking, tenant, message_id))

    def tenant_of(self, message_id: int) -> Deferred[str | None]:
        """See ports.Store."""
        return self._ask(reads_messages.tenant_of(self.asking, message_id))

    def submission(self, tenant: str, submission_id: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_messages.submission(self.asking, tenant, submission_id))

    def messages(
        self, tenant: str, where: MessageFilter, before: int | None, limit: int
    ) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_messages.messages(self.asking, tenant, where, before, limit))

    def messages_at(self, tenant: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_messages.messages_at(self.asking, tenant, ids))

    def history(self, tenant: str, from_ms: int, to_ms: int, offset: int, limit: int) -> Deferred[list[Numbered]]:
        """See ports.Store."""
        return self._ask(reads_messages.history(self.asking, tenant, from_ms, to_ms, offset, limit))

    def counted(self, tenant: str, between: tuple[int, int], by: str, after: int) -> Deferred[SpanPage]:
        """See ports.counting."""
        return self._ask(reads_counting.counted(self.asking, tenant, between, by, after))

    def recipient(self, tenant: str, submission: int, msisdn: str) -> Deferred[MessageView | None]:
        """See ports.Store."""
        return self._ask(reads_messages.recipient(self.asking, tenant, submission, msisdn))

    def refused(self, tenant: str, submission: int, dest: str) -> Deferred[str | None]:
        """See ports.Store."""
        return self._ask(reads_tenants.refused(self.asking, tenant, submission, dest))

    def tally(self, tenant: str) -> Deferred[Tally | None]:
        """See ports.Store."""
        return self._ask(reads_money.tally(self.asking, tenant))

    def unsent(self, tenant: str, source: str, msisdn: str | None, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_messages.unsent(self.asking, tenant, source, msisdn, limit))

    def next_due(self) -> Deferred[int | None]:
        """See ports.Store."""
        return self._ask(reads_queues.next_due(self.asking))

    # -- tenants ---------------------------------------------------------------------------------------------------

    def tenants(self) -> Deferred[list[Tenant]]:
        """See ports.Store."""
        return self._ask(reads_tenants.tenants(self.asking))

    def tenants_named(self, names: Sequence[str]) -> Deferred[list[Tenant]]:
        """Those tenants of these ids that there are."""
        return self._ask(reads_tenants.tenants_named(self.asking, names))

    def shares(self, rates: Sequence[tuple[str, float, float]], nodes: int) -> Deferred[list[float]]:
        """This node's shares of rates: see shares.py."""
        return self._ask(shares.shares(self.asking, self.memory.node, rates, nodes))

    # -- what is owed, and money ---------------------------------------------------------------------------------------

    def outbox_targets(
        self, *, esmes: bool = False, mine: Callable[[str], bool] | None = None
    ) -> Deferred[list[OutboxTarget]]:
        """See ports.Store."""
        return self._ask(reads_outbox.outbox_targets(self.asking, esmes, mine))

    def outbox_dead(self) -> Deferred[dict[str, int]]:
        """See ports.Store."""
        return self._ask(reads_outbox.outbox_dead(self.asking))

    def outbox(
        self, target: str, after: tuple[int, int] | None, limit: int, known: Container[tuple[int, int]] = ()
    ) -> Deferred[list[OutboxItem]]:
        """See ports.Store."""
        return self._ask(reads_outbox.outbox(self.asking, target, after, limit, known))

    def funds(self, tenant: str) -> Deferred[Funds | None]:
        """See ports.Store."""
        return self._ask(reads_money.funds(self.asking, tenant))

    def ledger(self, tenant: str, where: LedgerFilter, after: int, limit: int) -> Deferred[list[LedgerEntry]]:
        """See ports.Store."""
        return self._ask(reads_money.ledger(self.asking, tenant, where, after, limit))

    def ledger_sums(self, tenant: str, from_ms: int, to_ms: int) -> Deferred[list[LedgerSums]]:
        """See ports.Store."""
        return self._ask(reads_money.ledger_sums(self.asking, tenant, from_ms, to_ms))

    def ledger_check(self) -> Deferred[LedgerReport]:
        """See ports.Store."""
        return self._ask(reads_money.ledger_check(self.asking))

    # -- records, links, lookups -----------------------------------------------------------------------------------

    def record(self, kind: str, tenant: str, key: str) -> Deferred[Record | None]:
        """See ports.Store."""
        return self._ask(reads_records.record(self.asking, kind, tenant, key))

    def records(
        self, kind: str, tenant: str | None, after: str, limit: int, *, beginning: str = ""
    ) -> Deferred[list[Record]]:
        """See ports.Store."""
        return self._ask(reads_records.records(self.asking, kind, tenant, after, limit, beginning))

    def records_at(self, kind: str, tenant: str, keys: Sequence[str]) -> Deferred[list[Record]]:
        """See ports.Store."""
        return self._ask(reads_records.records_at(self.asking, kind, tenant, keys))

    def link(self, code: str) -> Deferred[LinkView | None]:
        """See ports.Store."""
        return self._ask(reads_records.link(self.asking, code))

    def links(self, tenant: str, message_id: int | None, before: int, limit: int) -> Deferred[list[LinkView]]:
        """See ports.Store."""
        return self._ask(reads_records.links(self.asking, tenant, message_id, before, limit))

    def lookups(self, tenant: str, request: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(reads_records.lookups(self.asking, tenant, request))

    def known_networks(self, after: str, limit: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(reads_records.known_networks(self.asking, after, limit))

    def latest_lookup(self, msisdn: str) -> Deferred[Lookup | None]:
        """See ports.Store."""
        return self._ask(reads_records.latest_lookup(self.asking, msisdn))

    def open_lookups(self, after: int, limit: int) -> Deferred[list[Lookup]]:
        """See ports.Store."""
        return self._ask(reads_records.open_lookups(self.asking, after, limit))

    # -- operators -------------------------------------------------------------------------------------------------

    def held(self, tenant: str | None, after: int, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_queues.held(self.asking, tenant, after, limit))

    def trace(self, message_id: int) -> Deferred[MessageTrace | None]:
        """See ports.Store."""
        return self._ask(reads_find.trace(self.asking, message_id))

    def find(self, where: FindFilter, before: int | None, limit: int) -> Deferred[Found]:
        """See ports.Store."""
        return self._ask(reads_find.find(self.asking, where, before, limit))

    def queue_shapes(self, now: int) -> Deferred[list[QueueShape]]:
        """See ports.Store."""
        return self._ask(reads_queues.queue_shapes(self.asking, now))

    def waiting(self, connector: str, states: Sequence[State], after: int, limit: int) -> Deferred[list[MessageView]]:
        """See ports.Store."""
        return self._ask(reads_queues.waiting(self.asking, connector, states, after, limit))

    def pushes(self, target: str, status: str, after: int, limit: int) -> Deferred[list[PushView]]:
        """See ports.Store."""
        return self._ask(reads_outbox.pushes(self.asking, target, status, after, limit))

    def tenant_pushes(self, tenant: str, where: PushFilter, before: int | None, limit: int) -> Deferred[PushPage]:
        """See ports.Store."""
        return self._ask(reads_pushes.tenant_pushes(self.asking, tenant, where, before, limit))

    def audit(self, where: AuditFilter, before: int | None, limit: int) -> Deferred[list[AuditEntry]]:
        """See ports.Store."""
        return self._ask(reads_audit.audit(self.asking, where, before, limit))

    def finals(self, after: int, limit: int) -> Deferred[list[FinalRecord]]:
        """See ports.Store."""
        return self._ask(reads_audit.finals(self.asking, after, limit))

    def counts(self) -> Deferred[StoreCounts]:
        """See ports.Store."""
        return self._ask(reads_queues.counts(self.asking))

    def mo_sets(self, before: int, limit: int) -> Deferred[list[MoSet]]:
        """See ports.Store."""
        return self._ask(reads_inbound.mo_sets(self.asking, before, limit))

    def orphans(self, after: int, limit: int) -> Deferred[list[Orphan]]:
        """See ports.Store."""
        return self._ask(reads_inbound.orphans(self.asking, after, limit))

    def opt_outs(self, tenant: str, after: str, limit: int) -> Deferred[list[OptOutEntry]]:
        """See ports.Store."""
        return self._ask(reads_tenants.opt_outs(self.asking, tenant, after, limit))

    def space(self) -> Deferred[Space]:
        """See ports.Store."""
        return self._ask(reads_audit.space(self.asking))

    def find_number(self, msisdn: str, after: int, limit: int) -> Deferred[tuple[list[int], int | None]]:
        """See ports.Store."""
        return self._ask(reads_find.find_number(self.asking, msisdn, after, limit))

    def sent(self, connector: str, after: tuple[int, int] | None, before: int, limit: int) -> Deferred[SentPage]:
        """See SentReads."""
        return self._ask(reads_queues.sent(self.asking, connector, after, before, limit))

    def still_sent(self, connector: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """See SentReads."""
        return self._ask(reads_queues.still_sent(self.asking, connector, ids))
