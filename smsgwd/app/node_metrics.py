"""Metrics of the nodes that share the store, brought up to date when /metrics is asked for."""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from smsgwd.app.cluster import BINDS, ROLES, TARGETS, Cluster
from smsgwd.ops.node_rows import connector_rows
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.nodes import NodeState
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.plain import Tally

_KINDS: Final = {BINDS: "binds", TARGETS: "targets", ROLES: "roles"}


class Tries(Protocol):
    """What a store that several nodes write to counts (`store.redis.writer.RedisWriter`)."""

    conflicts: int
    answers_lost: int


class NodeMetrics:
    """Called before each look at the metrics. `tries`: None for a store that only this process writes to."""

    def __init__(self, metrics: Metrics, cluster: Cluster, dispatcher: Dispatcher, tries: Tries | None) -> None:
        self._metrics = metrics
        self._cluster = cluster
        self._dispatcher = dispatcher
        self._tries = tries

    def __call__(self) -> None:
        """Bring them up to date."""
        metrics, cluster = self._metrics, self._cluster
        nodes = cluster.nodes
        states = Counter(view.state for view in nodes.listed())
        for state in NodeState:
            metrics.nodes.labels(state.value).set(states[state])
        metrics.lease_held.set(1 if cluster.lease.held else 0)
        metrics.lease_age.set(cluster.lease_age_s)
        _set(metrics.leases_lost, cluster.leases_lost)
        owned = Counter(thing.partition(":")[0] for thing, holder in nodes.owners().items() if holder == nodes.name)
        for kind, name in _KINDS.items():
            metrics.owned.labels(name).set(owned[kind])
            _set(metrics.take_overs.labels(name), cluster.take_overs[kind])
        metrics.unowned.set(0 if nodes.fenced else sum(row["nobody"] for row in connector_rows(nodes)))
        metrics.claimed.set(
            0 if cluster.alone else sum(each.ready + each.in_flight for each in self._dispatcher.status())
        )
        if self._tries is not None:
            _set(metrics.conflicts, self._tries.conflicts)
            _set(metrics.answers_lost, self._tries.answers_lost)


def _set(counter: Tally, count: float) -> None:
    """Bring a counter of what is counted elsewhere up to date."""
    more = count - counter.number
    if more > 0:
        counter.inc(more)
