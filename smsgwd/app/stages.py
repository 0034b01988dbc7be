"""How long each stage of a message's way takes, and who sends: counted from the changes that became durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from smsgwd.model.business import Unhold
from smsgwd.model.changes import Change, PartSent, Promote, Promoted, Result, Submit, Submitted, Swept, TakeReceipt
from smsgwd.model.ids import time_of
from smsgwd.model.operators import PutAudit
from smsgwd.model.spooled import SubmitSpooled
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import MOST_TENANTS
from smsgwd.telemetry.plain import Tally

_MOST_LATER: Final = 100_000


class Stages:
    """`now_ms` gives milliseconds since 1970. Called with each batch that became durable, on the reactor.

    When a message was taken is read from its id. What waited for its time or for a retry is left out of the time in the
    queue: it is remembered from when it became due until it is sent.
    """

    def __init__(self, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._metrics = metrics
        self._durable = metrics.submit_durable_seconds.observe_many
        self._receipt = metrics.receipt_durable_seconds.observe_many
        self._connector = metrics.connector
        self._counters: dict[str, Tally] = {}
        self._tenants: dict[str, int] = {}
        self._later: set[int] = set()
        self._stages: dict[type, Callable[[Any, Any, int], None]] = {
            Submit: self._taken,
            SubmitSpooled: self._taken,
            Promote: self._due,
            PutAudit: self._audited,
            Unhold: self._decided,
        }

    @property
    def tenants(self) -> dict[str, int]:
        """How many messages were taken since the start, by tenant."""
        return self._tenants

    def __call__(self, changes: Sequence[Change], results: Sequence[Result]) -> None:
        """Count one batch; `results` has one for each change, in their order.

        Of a hundred messages in a batch many waited for the same milliseconds: those are added at once.
        """
        now = self._now_ms()
        stage_of = self._stages.get
        later = self._later
        queued: dict[str, dict[int, int]] = {}  # how many waited for so many ms in the queue, by connector
        received: dict[int, int] = {}  # how many receipts came when
        change: Any  # one of a union of forty, told apart by its type
        for change, result in zip(changes, results, strict=False):
            kind = type(change)
            if kind is PartSent:  # the first part of a message ends its time in the queue
                if change.part != 1:
                    continue
                number = change.message_id
                if later and number in later:
                    later.discard(number)
                    continue
                waited = change.at - (change.latency_ms or 0) - time_of(number)
                waits = queued.get(change.connector)
                if waits is None:
                    waits = queued[change.connector] = {}
                waits[waited] = waits.get(waited, 0) + 1
            elif kind is TakeReceipt:
                at = change.receipt.received_at
                received[at] = received.get(at, 0) + 1
            else:
                stage = stage_of(kind)
                if stage is not None:
                    stage(change, result, now)
        for connector, waits in queued.items():
            _observe(self._connector(connector).queue_seconds.observe_many, waits)
        if received:
            _observe(self._receipt, {now - at: count for at, count in received.items()})

    def _taken(self, change: Submit, result: Result, now: int) -> None:
        if not isinstance(result, Submitted) or change.rehearsed:
            return
        count = len(change.messages) - len(result.refused)
        if count > 0:
            self._durable(max(0, now - change.at) / 1000, count)
            tenant = change.tenant
            counter = self._counters.get(tenant)
            if counter is None:
                counter = self._metrics.tenant_accepted.labels(tenant)
                if len(self._counters) < MOST_TENANTS:
                    self._counters[tenant] = counter
            counter.inc(count)
            self._tenants[tenant] = self._tenants.get(tenant, 0) + count

    def _audited(self, change: PutAudit, result: Result, now: int) -> None:
        self._metrics.commands.labels(change.entry.outcome).inc()

    def _decided(self, change: Unhold, result: Result, now: int) -> None:
        """An operator decided on held messages."""
        if type(result) is Swept and result.messages:
            decision = "rejected" if change.reject else "released"
            self._metrics.held_decided.labels(decision).inc(len(result.messages))

    def _due(self, change: Promote, result: Result, now: int) -> None:
        if type(result) is not Promoted:
            return
        if len(self._later) > _MOST_LATER:  # of those that never were sent nobody says so here
            self._later.clear()
        self._later.update(message.id for message in result.messages)


def _observe(observe_many: Callable[[float, int], None], waits: Mapping[int, int]) -> None:
    """Add milliseconds, each so many times, as seconds; a clock that was set back gives none below zero."""
    for waited, count in waits.items():
        observe_many(waited / 1000 if waited > 0 else 0.0, count)
