"""The panels of the Grafana dashboard, which `gen_dashboard.py` lays out."""

from __future__ import annotations

from dashboard_nodes import NODES
from dashboard_parts import Panel, of_store, quantile, rate, stat
from dashboard_providers import PROVIDERS

_NOT_OK = 'N,C,status!="0x00000000"'
_FAILED = 'N,state="failed"'
ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "At a glance",
        (
            stat("Nodes ready", "Nodes whose /ready answers 200.", "sum(smsgwd_ready{N})"),
            stat("Accepted", "Messages taken a second.", rate("smsgwd_messages_accepted_total"), "cps"),
            stat(
                "Delivered",
                "Messages that end delivered, a second.",
                rate("smsgwd_messages_final_total", where='N,state="delivered"'),
                "cps",
            ),
            stat(
                "Queued",
                "Messages that wait for a carrier.",
                of_store("smsgwd_messages_queued", where='N,state="queued"'),
            ),
            stat("Oldest queued", "How long the oldest has waited.", "max(smsgwd_queue_oldest_seconds{N,C})", "s"),
            stat("Connectors up", "Connectors that can send.", "sum(smsgwd_connector_up{N,C})"),
            stat("Pushes pending", "Receipts and events owed to tenants.", of_store("smsgwd_pushes_pending")),
            stat("Orphans", "Receipts that found no message.", of_store("smsgwd_receipts_orphaned")),
        ),
    ),
    (
        "Messages",
        (
            Panel(
                "Accepted by way in",
                "Messages taken a second.",
                "cps",
                ((rate("smsgwd_messages_accepted_total", "intake"), "{{intake}}"),),
                stack=True,
            ),
            Panel(
                "Ended by state",
                "Messages that reached a final state, a second.",
                "cps",
                ((rate("smsgwd_messages_final_total", "state"), "{{state}}"),),
                stack=True,
            ),
            Panel(
                "Refused by code",
                "docs/errors.md says what each code means.",
                "cps",
                ((f"topk(10, {rate('smsgwd_messages_refused_total', 'code')})", "{{code}}"),),
            ),
            Panel(
                "Slowest hundredth by stage",
                "99 of 100 are faster than this. A message passes the stages in this order.",
                "s",
                (
                    (quantile(0.99, "smsgwd_accept_seconds"), "1 request read to answer"),
                    (quantile(0.99, "smsgwd_submit_durable_seconds"), "2 read to durable"),
                    (quantile(0.99, "smsgwd_queue_seconds", where="N,C"), "3 in the queue"),
                    (quantile(0.99, "smsgwd_answer_seconds", where="N,C"), "4 carrier answers"),
                    (quantile(0.99, "smsgwd_receipt_durable_seconds"), "5 receipt durable"),
                    (quantile(0.99, "smsgwd_receipt_push_seconds"), "6 receipt pushed"),
                ),
                width=16,
            ),
            Panel(
                "Waiting by state",
                "Messages in the store that are not final.",
                "short",
                ((of_store("smsgwd_messages_queued", "state"), "{{state}}"),),
                stack=True,
            ),
        ),
    ),
    (
        "Carriers",
        (
            Panel(
                "Sent",
                "Parts a second.",
                "cps",
                ((rate("smsgwd_submitted_parts_total", "connector", "N,C"), "{{connector}}"),),
                stack=True,
            ),
            Panel(
                "Answers that are not OK",
                "By command_status or provider code; docs/failures.md.",
                "cps",
                (
                    (
                        f"topk(10, {rate('smsgwd_answers_total', 'connector, status', _NOT_OK)})",
                        "{{connector}} {{status}}",
                    ),
                ),
            ),
            Panel(
                "Time to answer",
                "95 of 100 answers are faster.",
                "s",
                ((quantile(0.95, "smsgwd_answer_seconds", "connector", "N,C"), "{{connector}}"),),
            ),
            Panel(
                "Window in use",
                "Submits without an answer so far.",
                "short",
                (("sum by (connector) (smsgwd_window_in_use{N,C})", "{{connector}}"),),
            ),
            Panel(
                "Rate it allows itself",
                "Parts a second; falls when a carrier throttles. 0 = no limit.",
                "cps",
                (
                    ("sum by (connector) (smsgwd_connector_rate{N,C})", "{{connector}}"),
                    (rate("smsgwd_throttled_total", "connector", "N,C"), "{{connector}} throttled"),
                ),
            ),
            Panel(
                "Binds that stand",
                "A line that falls is a bind that broke.",
                "short",
                (
                    ("sum by (connector) (smsgwd_binds_bound{N,C})", "{{connector}}"),
                    (
                        "sum by (connector) (increase(smsgwd_binds_lost_total{N,C}[$__rate_interval]))",
                        "{{connector}} broke",
                    ),
                ),
            ),
            Panel(
                "Queue",
                "Messages that wait, in the store.",
                "short",
                ((of_store("smsgwd_queue_messages", "connector", "N,C"), "{{connector}}"),),
                stack=True,
            ),
            Panel(
                "Oldest in the queue",
                "",
                "s",
                (("max by (connector) (smsgwd_queue_oldest_seconds{N,C})", "{{connector}}"),),
            ),
            Panel(
                "Ready in memory",
                "Parts that wait for their turn at the connector.",
                "short",
                (("sum by (connector) (smsgwd_ready_queue_depth{N,C})", "{{connector}}"),),
            ),
            Panel(
                "Receipts by state",
                "A second.",
                "cps",
                ((rate("smsgwd_receipts_total", "state", "N,C"), "{{state}}"),),
                stack=True,
            ),
            Panel(
                "Lost answers and other ways",
                "Outcomes unknown, and messages that went over to another connector.",
                "cps",
                (
                    (rate("smsgwd_outcome_unknown_total", "connector", "N,C"), "{{connector}} unknown"),
                    (rate("smsgwd_failovers_total", "connector, why", "N,C"), "{{connector}} {{why}}"),
                ),
            ),
            Panel(
                "Messages of subscribers",
                "MO: kept, unrouted, incomplete; a second.",
                "cps",
                ((rate("smsgwd_mo_total", "result", "N,C"), "{{result}}"),),
                stack=True,
            ),
            Panel(
                "Paused or stopped",
                "1 = an operator wants it so.",
                "short",
                (('max by (connector, state) (smsgwd_connector_state{N,C,state!="on"})', "{{connector}} {{state}}"),),
            ),
        ),
    ),
    PROVIDERS,
    (
        "Tenants",
        (
            Panel(
                "Accepted by tenant",
                "The ten with the most.",
                "cps",
                ((f"topk(10, {rate('smsgwd_tenant_messages_accepted_total', 'tenant')})", "{{tenant}}"),),
            ),
            Panel(
                "Failed by tenant",
                "The ten with the most.",
                "cps",
                ((f"topk(10, {rate('smsgwd_tenant_messages_final_total', 'tenant', _FAILED)})", "{{tenant}}"),),
            ),
            Panel(
                "Wrong credentials",
                "A second.",
                "cps",
                ((rate("smsgwd_auth_failures_total", "intake, reason"), "{{intake}} {{reason}}"),),
            ),
            Panel(
                "Pushes",
                "By result, a second.",
                "cps",
                (
                    (rate("smsgwd_pushes_total", "lane, result"), "{{lane}} {{result}}"),
                    (rate("smsgwd_esme_deliveries_total", "result"), "ESME {{result}}"),
                ),
            ),
            Panel(
                "Overdue pushes",
                "For how long the most overdue one has been due.",
                "s",
                (("max by (kind) (smsgwd_outbox_overdue_seconds{N})", "{{kind}}"),),
            ),
            Panel(
                "Pushes that wait, and given up",
                "",
                "short",
                ((of_store("smsgwd_pushes_pending"), "pending"), (of_store("smsgwd_pushes_given_up"), "given up")),
            ),
            Panel(
                "HTTP answers",
                "A second.",
                "cps",
                ((rate("smsgwd_http_requests_total", "status"), "{{status}}"),),
                stack=True,
            ),
            Panel(
                "ESMEs bound",
                "By account.",
                "short",
                (("topk(20, sum by (account) (smsgwd_esme_binds{N}))", "{{account}}"),),
            ),
            Panel(
                "ESMEs over their rate",
                "Requests delayed or refused, a second.",
                "cps",
                ((f"topk(10, {rate('smsgwd_esme_throttled_total', 'account, how')})", "{{account}} {{how}}"),),
            ),
        ),
    ),
    NODES,
    (
        "Inside",
        (
            Panel(
                "Commits",
                "Everybody waits for them.",
                "s",
                (
                    (quantile(0.5, "smsgwd_store_commit_seconds"), "half"),
                    (quantile(0.99, "smsgwd_store_commit_seconds"), "99 of 100"),
                ),
            ),
            Panel(
                "Event loop wakes up late",
                "What blocks it blocks everything.",
                "s",
                ((quantile(0.99, "smsgwd_reactor_lag_seconds", "instance"), "{{instance}}"),),
            ),
            Panel(
                "CPU",
                "Of one core.",
                "percentunit",
                (
                    (
                        'sum by (instance) (rate(process_cpu_seconds_total{N,job="smsgwd"}[$__rate_interval]))',
                        "{{instance}}",
                    ),
                ),
            ),
            Panel(
                "Memory",
                "",
                "bytes",
                (('sum by (instance) (process_resident_memory_bytes{N,job="smsgwd"})', "{{instance}}"),),
            ),
            Panel(
                "Store and disk",
                "",
                "bytes",
                (("sum by (instance, what) (smsgwd_store_bytes{N})", "{{instance}} {{what}}"),),
            ),
            Panel(
                "Connections",
                "By listener.",
                "short",
                (
                    ("sum by (listener) (smsgwd_connections{N})", "{{listener}}"),
                    ("sum(smsgwd_http_workers{N})", "HTTP workers"),
                ),
            ),
            Panel(
                "Operators",
                "Changes, and times the configuration was read again.",
                "short",
                (
                    ("sum by (outcome) (increase(smsgwd_operator_commands_total{N}[$__rate_interval]))", "{{outcome}}"),
                    (
                        "sum by (result) (increase(smsgwd_config_reloads_total{N}[$__rate_interval]))",
                        "reload {{result}}",
                    ),
                ),
            ),
            Panel(
                "Log and traces",
                "Lines and spans left out.",
                "short",
                (
                    ("sum by (why) (increase(smsgwd_log_lines_dropped_total{N}[$__rate_interval]))", "log {{why}}"),
                    (
                        "sum by (result)"
                        ' (increase(smsgwd_trace_spans_total{N,result=~"dropped|failed"}[$__rate_interval]))',
                        "spans {{result}}",
                    ),
                ),
            ),
            Panel(
                "Detail records behind",
                "How long ago the oldest message ended that has no detail record so far.",
                "s",
                (("max by (instance) (smsgwd_cdr_oldest_seconds{N})", "{{instance}}"),),
            ),
            Panel(
                "Certificates end in",
                "",
                "s",
                (("min by (used_by) (smsgwd_certificate_expires_timestamp_seconds{N}) - time()", "{{used_by}}"),),
            ),
        ),
    ),
)
