"""The panels of nodes that share a store."""

from __future__ import annotations

from dashboard_parts import Panel, quantile, rate

NODES: tuple[str, tuple[Panel, ...]] = (
    "Nodes that share a store",
    (
        Panel(
            "Nodes",
            "As each of them sees it, the most of all.",
            "short",
            (("max by (state) (smsgwd_nodes{N})", "{{state}}"),),
        ),
        Panel(
            "What each has",
            "Binds, groups of targets and roles that only one node may have; and binds that nobody has.",
            "short",
            (
                ("sum by (instance, kind) (smsgwd_node_owned{N})", "{{instance}} {{kind}}"),
                ("max(smsgwd_node_binds_unowned{N})", "nobody's binds"),
            ),
        ),
        Panel(
            "Age of leases",
            "Since the last renewal; a node is fenced at 2.3 s.",
            "s",
            (("max by (instance) (smsgwd_node_lease_age_seconds{N})", "{{instance}}"),),
        ),
        Panel(
            "Lost and taken over",
            "Leases lost, and what was taken over from nodes that died.",
            "short",
            (
                (
                    "sum by (instance) (increase(smsgwd_node_leases_lost_total{N}[$__rate_interval]))",
                    "{{instance}} lost its lease",
                ),
                (
                    "sum by (instance, kind) (increase(smsgwd_node_takeovers_total{N}[$__rate_interval]))",
                    "{{instance}} took {{kind}}",
                ),
            ),
        ),
        Panel(
            "Round trip of commits",
            "The server's part of a commit, its fsync and replicas with it where they are waited for.",
            "s",
            (
                (quantile(0.5, "smsgwd_store_round_trip_seconds", "instance"), "{{instance}} half"),
                (quantile(0.99, "smsgwd_store_round_trip_seconds", "instance"), "{{instance}} 99 of 100"),
            ),
        ),
        Panel(
            "Commits again",
            "Computed again after another node's change, and those whose answer was lost, a second.",
            "cps",
            (
                (rate("smsgwd_store_conflicts_total", "instance"), "{{instance}} conflicts"),
                (rate("smsgwd_store_answers_lost_total", "instance"), "{{instance}} answers lost"),
            ),
        ),
        Panel(
            "Claimed",
            "Queued messages that a node has claimed and others leave.",
            "short",
            (("sum by (instance) (smsgwd_messages_claimed{N})", "{{instance}}"),),
        ),
    ),
)
