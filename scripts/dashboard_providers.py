"""The row about connectors of kind provider."""

from __future__ import annotations

from dashboard_parts import Panel, quantile, rate

PROVIDERS: tuple[str, tuple[Panel, ...]] = (
    "Providers",
    (
        Panel(
            "What plugins say",
            "Verdicts on messages, a second.",
            "cps",
            ((rate("smsgwd_provider_verdicts_total", "verdict", "N,C"), "{{verdict}}"),),
            stack=True,
        ),
        Panel(
            "Requests",
            "HTTP requests by how they end, a second.",
            "cps",
            ((rate("smsgwd_provider_requests_total", "outcome", "N,C"), "{{outcome}}"),),
            stack=True,
        ),
        Panel(
            "Waiting for a turn",
            "95 of 100 requests wait less for the account's limit.",
            "s",
            ((quantile(0.95, "smsgwd_provider_permit_seconds", "connector", "N,C"), "{{connector}}"),),
        ),
        Panel(
            "Kept from sending",
            "1 = no credit, refused credentials, left alone since it does not answer, or its plugin is down.",
            "short",
            (
                ("max by (connector, why) (smsgwd_provider_halted{N,C})", "{{connector}} {{why}}"),
                ("max by (connector) (smsgwd_provider_circuit_open{N,C})", "{{connector}} silent"),
                ("1 - min by (connector) (smsgwd_provider_running{N,C})", "{{connector}} plugin down"),
            ),
        ),
        Panel(
            "Balance",
            "What is left at the provider.",
            "short",
            (
                (
                    "min by (connector, currency) (smsgwd_provider_balance{N,C})",
                    "{{connector}} {{currency}}",
                ),
            ),
        ),
        Panel(
            "States asked for",
            "A second, and how many messages are to be asked for.",
            "short",
            (
                (rate("smsgwd_provider_polls_total", "outcome", "N,C"), "{{outcome}}"),
                ("sum(smsgwd_provider_polls_waiting{N,C})", "waiting"),
                (rate("smsgwd_provider_closed_unknown_total", "connector", "N,C"), "{{connector}} closed unknown"),
            ),
        ),
        Panel(
            "Callbacks",
            "A second.",
            "cps",
            ((rate("smsgwd_provider_callbacks_total", "outcome", "N,C"), "{{outcome}}"),),
            stack=True,
        ),
        Panel(
            "What else providers tell, and are told",
            "Events, and contacts pushed.",
            "short",
            (
                ("sum by (kind) (increase(smsgwd_provider_events_total{N,C}[$__rate_interval]))", "{{kind}}"),
                (
                    "sum by (outcome) (increase(smsgwd_provider_contacts_total{N,C}[$__rate_interval]))",
                    "contacts {{outcome}}",
                ),
            ),
        ),
        Panel(
            "Plugins in trouble",
            "Faults of their own, and processes started again.",
            "short",
            (
                (
                    "sum by (connector) (increase(smsgwd_provider_faults_total{N,C}[$__rate_interval]))",
                    "{{connector}} faults",
                ),
                (
                    "sum by (connector) (increase(smsgwd_provider_worker_restarts_total{N,C}[$__rate_interval]))",
                    "{{connector}} restarts",
                ),
            ),
        ),
    ),
)
