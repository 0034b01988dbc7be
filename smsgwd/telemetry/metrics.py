"""The metrics, declared once: name, labels, buckets and text; docs/metrics.md is generated from these lines.

The registry is passed in, never the library's global one, so several instances live in one process (tests). Counting
costs 0.1 µs on a bound child (`plain.py`; on the reactor's thread only): take `metrics.connector(id)` once a connector,
`family.labels(...)` once a session.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from smsgwd.telemetry.declaring import Declaring
from smsgwd.telemetry.families import OTHER
from smsgwd.telemetry.plain import Tally
from smsgwd.telemetry.provider_metrics import ProviderFamilies, ProviderMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Content-Type of what `render` returns."""

MOST_TENANTS: Final = 200
"""Tenants with series of their own."""

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SLOW = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0)
_WAITS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0, 7200.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics(Declaring):
    """Every metric of the daemon, registered in `registry`; `process=True` adds CPU, memory and file descriptors."""

    def __init__(self, registry: CollectorRegistry, process: bool = False) -> None:
        super().__init__(registry, [])
        self._connectors: dict[str, ConnectorMetrics] = {}
        if process:
            ProcessCollector(registry=registry)
        self._intake()
        self._carriers()
        self._receipts()
        self._outbox()
        self._business()
        self._inside()
        self._stages()
        self._queues()
        self._operations()
        self._nodes()
        self.providers = ProviderFamilies(registry, self.specs)

    def _intake(self) -> None:
        self.accepted = self._counters(
            "messages_accepted_total", "Messages taken and durable, by way in.", "intake", series=32
        )
        self.refused = self._counters(
            "messages_refused_total", "Messages refused, by way in and code.", "intake", "code", series=512
        )
        self.parts = self._counter("parts_accepted_total", "Parts of the messages taken.")
        self.accept_seconds = self._histograms(
            "accept_seconds", "From a request read to its answer written.", "intake", buckets=_FAST, series=32
        )
        self.final = self._counters("messages_final_total", "Messages that reached a final state.", "state", series=16)
        self.auth_failures = self._counters(
            "auth_failures_total", "Wrong or refused credentials.", "intake", "reason", series=64
        )
        self.connections = self._gauges("connections", "Open connections of a listener.", "listener", series=64)
        self.esme_binds = self._gauges("esme_binds", "ESMEs that are bound, by account.", "account", series=2000)
        self.esme_bind_failures = self._counters(
            "esme_bind_failures_total", "Binds refused to ESMEs, by command_status.", "status", series=64
        )
        self.esme_answers = self._counters(
            "esme_answers_total", "Answers to ESMEs' requests, by account and command_status.", "account", "status",
            series=4000,
        )  # fmt: skip
        self.esme_throttled = self._counters(
            "esme_throttled_total",
            "Requests of ESMEs over their rate: delayed or refused.",
            "account",
            "how",
            series=4000,
        )
        self.esme_faults = self._counter("esme_faults_total", "PDUs of ESMEs that broke the protocol.")
        self.esme_refused = self._counters(
            "esme_connections_refused_total", "Connections of ESMEs closed at once or unbound, by reason.", "reason",
            series=16,
        )  # fmt: skip
        self.http_workers = self._gauge("http_workers", "HTTP workers that accept connections.")
        self.http_requests = self._counters(
            "http_requests_total", "HTTP requests answered.", "listener", "route", "status", series=2000
        )

    def _carriers(self) -> None:
        self.submitted = self._counters("submitted_parts_total", "Parts sent to a carrier.", "connector")
        self.answered = self._counters(
            "answers_total",
            "Answers of a carrier, by command_status or provider code.",
            "connector",
            "status",
            series=4000,
        )
        self.unknown = self._counters("outcome_unknown_total", "Submits whose answer never came.", "connector")
        self.rate = self._gauges(
            "connector_rate", "Parts a second a connector allows itself; 0 = no limit.", "connector"
        )
        self.failovers = self._counters(
            "failovers_total", "Messages that went over to another connector, by the one they left and why:"
            " refused, retries, down, undelivered.", "connector", "why", series=4000,
        )  # fmt: skip
        self.throttled = self._counters("throttled_total", "Answers that asked to slow down.", "connector")
        self.binds_bound = self._gauges("binds_bound", "Binds that stand.", "connector")
        self.binds_lost = self._counters("binds_lost_total", "Binds that broke.", "connector")
        self.window_in_use = self._gauges("window_in_use", "Submits without an answer so far.", "connector")
        self.queue_depth = self._gauges("ready_queue_depth", "Parts in memory, ready for a connector.", "connector")
        self.answer_seconds = self._histograms(
            "answer_seconds", "From a submit written to its answer.", "connector", buckets=_SLOW
        )

    def _receipts(self) -> None:
        self.receipts = self._counters("receipts_total", "Receipts, by state.", "connector", "state", series=4000)
        self.mo = self._counters(
            "mo_total", "Messages of subscribers: kept (each part), unrouted, incomplete.", "connector", "result"
        )
        self.receipts_parked = self._gauge("receipts_parked", "Receipts waiting for their message id.")
        self.receipts_early = self._counter("receipts_early_total", "Receipts that came before their answer.")
        self.receipts_orphaned = self._gauge("receipts_orphaned", "Parked receipts that have waited too long.")
        self.opt_outs = self._counters("opt_outs_total", "Subscribers who opted out or in again.", "how", series=4)
        self.purged = self._counters("purged_rows_total", "Rows deleted for their age, by kind.", "kind", series=16)
        self.archived = self._counter(
            "archived_messages_total", "Messages that this node moved from Redis to the archive."
        )
        self.archive_bytes = self._gauge("archive_bytes", "Bytes of the archive: files of this node, or the table.")
        self.receipts_late = self._counters(
            "receipts_after_final_total", "Receipts after a final state; they change nothing.", "connector"
        )

    def _outbox(self) -> None:
        self.pushes = self._counters(
            "pushes_total", "Pushes to tenants, by lane and result: ok, failed, gave_up.", "lane", "result", series=64
        )
        self.esme_deliveries = self._counters(
            "esme_deliveries_total", "Receipts and MO to ESMEs, by account and result: ok, retried, lost, gave_up.",
            "account", "result", series=4000,
        )  # fmt: skip
        self.pushes_pending = self._gauge("pushes_pending", "Pushes in the outbox.")
        self.push_seconds = self._histogram("push_seconds", "From connect to answer of a push.", _SLOW)
        self.receipt_push_seconds = self._histogram(
            "receipt_push_seconds", "From a receipt read to its push answered.", _SLOW
        )

    def _business(self) -> None:
        self.held = self._counter("messages_held_total", "Messages that flood protection held.")
        self.held_decided = self._counters(
            "held_decided_total", "Held messages an operator decided on: released, rejected.", "decision", series=4
        )
        self.bookings = self._counter(
            "ledger_bookings_total", "Entries booked apart from messages: top-ups, corrections, lookups."
        )
        self.bookings_refused = self._counters(
            "ledger_bookings_refused_total",
            "Such entries that were not booked: no_credit, repeated, no_tenant, too_large.",
            "reason", series=16,
        )  # fmt: skip
        self.links_made = self._counter("links_made_total", "Tracked links made with messages.")
        self.link_openings = self._counters(
            "link_openings_total", "Openings of links: person, bot, again (not counted once more), nowhere.", "by",
            series=8,
        )  # fmt: skip
        self.lookups_asked = self._counters(
            "lookups_asked_total", "Numbers looked up: asked, cached, invalid, no_credit.", "how", series=8
        )
        self.lookups_ended = self._counters("lookups_ended_total", "Lookups of sources that ended.", "state", series=8)
        self.lookups_waiting = self._gauge("lookups_waiting", "Lookups that wait for an answer.")
        self.source_failures = self._counters(
            "lookup_source_failures_total", "Questions that a lookup source did not answer.", "source", series=64
        )

    def _inside(self) -> None:
        self.build = self._gauges("build_info", "1; the version is a label.", "version", "node", series=4)
        self.queued = self._gauges("messages_queued", "Messages in the store that are not final.", "state", series=16)
        self.commit_seconds = self._histogram("store_commit_seconds", "Time of a commit, fsync included.", _FAST)
        self.batch_changes = self._histogram("store_batch_changes", "Changes in a commit.", _SIZES)
        self.commit_failures = self._counter("store_commit_failures_total", "Commits that failed.")
        self.store_healthy = self._gauge("store_healthy", "1 while commits work.")
        self.spool_messages = self._gauge("spool_messages", "Messages that wait on this node's disk for the store.")
        self.spool_oldest = self._gauge("spool_oldest_seconds", "For how long the oldest of them has waited; 0 = none.")
        self.spool_aside = self._gauge("spool_aside", "Submissions from there that the store could not apply.")
        self.spool_taken = self._gauge("spool_taken", "Messages that were put there since the start.")
        self.reactor_lag = self._histogram("reactor_lag_seconds", "How late the event loop wakes up.", _FAST)

    def _stages(self) -> None:
        """How long each stage of a message's way takes; `answer_seconds` and `receipt_push_seconds` are stages too."""
        self.submit_durable_seconds = self._histogram(
            "submit_durable_seconds", "From a submission read to its messages durable.", _FAST
        )
        self.queue_seconds = self._histograms(
            "queue_seconds",
            "From a message taken to its first part written to the carrier that took it; not of those that waited for"
            " their time or for a retry.", "connector", buckets=_WAITS,
        )  # fmt: skip
        self.receipt_durable_seconds = self._histogram(
            "receipt_durable_seconds", "From a receipt read to it being durable.", _FAST
        )

    def _queues(self) -> None:
        """What waits, and since when."""
        self.queue_messages = self._gauges(
            "queue_messages", "Messages queued for a connector, in the store.", "connector"
        )
        self.queue_oldest = self._gauges(
            "queue_oldest_seconds", "Age of the oldest message queued for a connector; 0 = none is.", "connector"
        )
        self.outbox_overdue = self._gauges(
            "outbox_overdue_seconds", "For how long the most overdue push of a kind has been due: webhook, esme.",
            "kind", series=4,
        )  # fmt: skip
        self.pushes_given_up = self._gauge("pushes_given_up", "Pushes that were given up and are kept.")
        self.tenant_accepted = self._counters(
            "tenant_messages_accepted_total", "Messages taken, by tenant.", "tenant", series=MOST_TENANTS
        )
        self.tenant_final = self._counters(
            "tenant_messages_final_total", "Messages that ended, by tenant: delivered, failed, cancelled. Read at a"
            " scrape; of tenants beyond the most series some each time.", "tenant", "state",
            series=3 * (MOST_TENANTS + 1),
        )  # fmt: skip

    def _operations(self) -> None:
        """What the person on call watches or has done."""
        self.ready = self._gauge("ready", "1 while /ready answers 200.")
        self.connector_up = self._gauges("connector_up", "1 while a connector can send.", "connector")
        self.connector_state = self._gauges(
            "connector_state", "1 for what operators want of a connector: on (elsewhere, where other nodes have all its"
            " binds), paused, stopped.", "connector", "state",
            series=4000,
        )  # fmt: skip
        self.store_bytes = self._gauges(
            "store_bytes", "Bytes of the store: used, free (in its file), disk_free (of the file system).", "what",
            series=4,
        )  # fmt: skip
        self.certificate_expires = self._gauges(
            "certificate_expires_timestamp_seconds", "When the certificate in use ends, seconds since 1970:"
            " of a listener, or `connector NAME`.", "used_by", series=1000,
        )  # fmt: skip
        self.commands = self._counters(
            "operator_commands_total", "Changes by operators that were written down, by outcome: begun, done, failed.",
            "outcome", series=8,
        )  # fmt: skip
        self.cdr_lines = self._counter("cdr_lines_total", "Detail records written.")
        self.cdr_oldest = self._gauge(
            "cdr_oldest_seconds",
            "How long ago the oldest message ended that has no detail record so far; 0 = all have.",
        )
        self.reloads = self._counters(
            "config_reloads_total", "Times the configuration was read again: ok, failed.", "result", series=4
        )
        self.config_loaded = self._gauge(
            "config_loaded_timestamp_seconds", "When the configuration in force was read, seconds since 1970."
        )
        self.log_dropped = self._counters(
            "log_lines_dropped_total", "Log lines left out: repeated (rate limit), unwritable.", "why", series=4
        )
        self.watchdog = self._counter("watchdog_pings_total", "Signs of life given to the service manager.")
        self.spans = self._counters(
            "trace_spans_total", "Spans of traced messages: made, dropped (the queue was full), exported, failed.",
            "result", series=8,
        )  # fmt: skip

    def _nodes(self) -> None:
        """Processes that share the store; with one that is not shared there is one, and nothing is owned or claimed."""
        self.nodes = self._gauges(
            "nodes",
            "Nodes that share the store, as this one sees them, by state: up, draining, lost.",
            "state",
            series=4,
        )
        self.lease_held = self._gauge("node_lease_held", "1 while this node may do what only one node may do.")
        self.lease_age = self._gauge("node_lease_age_seconds", "Since this node's lease was renewed.")
        self.leases_lost = self._counter("node_leases_lost_total", "Times this node lost its lease.")
        self.owned = self._gauges(
            "node_owned", "What this node has of what only one may have: binds, targets, roles.", "kind", series=4
        )
        self.take_overs = self._counters(
            "node_takeovers_total", "What this node took over from nodes that died: binds, targets, roles.", "kind",
            series=4,
        )  # fmt: skip
        self.unowned = self._gauge("node_binds_unowned", "Binds of connectors that no node has.")
        self.claimed = self._gauge("messages_claimed", "Queued messages that this node has claimed; others leave them.")
        self.conflicts = self._counter(
            "store_conflicts_total", "Commits computed again, since another node had changed what they had read."
        )
        self.answers_lost = self._counter(
            "store_answers_lost_total", "Commits of which it had to be found out whether they had happened."
        )
        self.round_trip_seconds = self._histogram(
            "store_round_trip_seconds", "From a commit sent to the server to its answer, confirmed as is wanted.", _FAST
        )

    def connector(self, connector_id: str) -> ConnectorMetrics:
        """The bound children of one connector; the same object every time."""
        found = self._connectors.get(connector_id)
        if found is None:
            found = self._connectors[connector_id] = ConnectorMetrics(self, connector_id)
        return found

    def provider(self, connector_id: str) -> ProviderMetrics:
        """What only connectors of kind provider count; the same object every time."""
        return self.providers.of(connector_id)

    def forget_connector(self, connector_id: str) -> None:
        """Drop the series of a connector that was removed."""
        self.providers.forget(connector_id)
        self._connectors.pop(connector_id, None)
        counters = (self.submitted, self.answered, self.unknown, self.throttled, self.binds_lost)
        for counter in (*counters, self.receipts, self.receipts_late, self.mo, self.failovers):
            counter.forget("connector", connector_id)
        gauges = (self.binds_bound, self.window_in_use, self.queue_depth, self.rate, self.queue_messages)
        for gauge in (*gauges, self.queue_oldest, self.connector_up, self.connector_state):
            gauge.forget("connector", connector_id)
        for histogram in (self.answer_seconds, self.queue_seconds):
            histogram.forget("connector", connector_id)


class ConnectorMetrics:
    """The series of one connector, bound once; statuses and states are bound at their first use."""

    def __init__(self, metrics: Metrics, connector_id: str) -> None:
        self._id = connector_id
        self._metrics = metrics
        self._answers: dict[int | str, Tally] = {}
        self.submitted = metrics.submitted.labels(connector_id)
        self.unknown = metrics.unknown.labels(connector_id)
        self.throttled = metrics.throttled.labels(connector_id)
        self.binds_bound = metrics.binds_bound.labels(connector_id)
        self.binds_lost = metrics.binds_lost.labels(connector_id)
        self.receipts_late = metrics.receipts_late.labels(connector_id)
        self.window_in_use = metrics.window_in_use.labels(connector_id)
        self.queue_depth = metrics.queue_depth.labels(connector_id)
        self.answer_seconds = metrics.answer_seconds.labels(connector_id)
        self.rate = metrics.rate.labels(connector_id)
        self.queue_seconds = metrics.queue_seconds.labels(connector_id)

    def answered(self, status: int | str) -> Tally:
        """Counter of answers with this command_status (label '0x00000058') or provider code."""
        counter = self._answers.get(status)
        if counter is None:
            label = f"0x{status:08x}" if isinstance(status, int) else status
            counter = self._metrics.answered.labels(self._id, label)
            if len(self._answers) < 256:
                self._answers[status] = counter
        return counter

    def receipt(self, state: str) -> Tally:
        """Counter of receipts with this state."""
        return self._metrics.receipts.labels(self._id, state)

    def failover(self, why: str) -> Tally:
        """Counter of messages that left this connector for another one: refused, retries, down, undelivered."""
        return self._metrics.failovers.labels(self._id, why)

    def mo(self, result: str) -> Tally:
        """Counter of messages of subscribers with this result."""
        return self._metrics.mo.labels(self._id, result)


def render(registry: CollectorRegistry) -> bytes:
    """The registry in Prometheus text format; its content type is `CONTENT_TYPE`."""
    return generate_latest(registry)


def markdown() -> str:
    """Text of docs/metrics.md."""
    lines = [
        "<!-- Generated by scripts/gen_metrics_docs.py from smsgwd/telemetry/metrics.py; edit that. -->",
        "",
        "# Metrics",
        "",
        "Served at `/metrics` of the ops listener in Prometheus text format. Beyond a metric's most series, new label",
        f"values are counted together as `{OTHER}`.",
        "",
        "| metric | kind | labels | most series | meaning |",
        "|---|---|---|---|---|",
    ]
    for spec in sorted(Metrics(CollectorRegistry()).specs, key=lambda spec: spec.name):
        labels = ", ".join(f"`{label}`" for label in spec.labels)
        lines.append(f"| `{spec.name}` | {spec.kind} | {labels} | {spec.max_series} | {spec.help} |")
    return "\n".join(lines) + "\n"
