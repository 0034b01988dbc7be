"""`status show`: the whole gateway on one screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.spooled import SpoolView
from smsgwd.ops.node_rows import connector_rows, node_rows, sums
from smsgwd.ops.node_rows import needs as nodes_need
from smsgwd.ops.nodes import looked
from smsgwd.ops.params import flag
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus, Dispatcher
from smsgwd.ports.nodes import Nodes
from smsgwd.ports.store import Store, StoreCounts, StoreUnavailable

_BEGINS_S = 1.0  # a connector that has not been up for so short is about to be


class Workers(Protocol):
    """The processes that serve tenants' HTTP (`net.edge_core.HttpWorkers`)."""

    @property
    def up(self) -> int:
        """How many accept connections."""

    @property
    def wanted(self) -> int:
        """How many there are meant to be."""

    @property
    def pids(self) -> list[int]:
        """The process ids of those that run."""


class Status:
    """Gathers what `status` shows."""

    def __init__(
        self,
        *,
        node: str,
        version: str,
        clock: Clock,
        store: Store,
        dispatcher: Dispatcher,
        phase: Callable[[], str],
        addresses: Callable[[], dict[str, list[str]]],
        workers: Workers | None = None,
        nodes: Nodes | None = None,
        more: Iterable[Callable[[], list[str]]] = (),
    ) -> None:
        """`nodes`: those that share the store; None where it is not shared. `more` tell what else needs somebody."""
        self._node = node
        self._version = version
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._phase = phase
        self._addresses = addresses
        self._workers = workers
        self._nodes = nodes
        self._more = more
        self._started_at = clock.monotonic()

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "status",
                "show",
                "State of the gateway, its connectors, queues and store, and what needs somebody",
                self._show,
                (Parameter("cluster", "yes: all nodes that share the store together", values="yes"),),
                examples=("status", "status --cluster"),
            )
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        together = flag(params, "cluster")
        if together and self._nodes is None:
            raise CommandError("this gateway shares its store with no other: status without --cluster is all there is")
        return Deferred.fromCoroutine(self._gather(together))

    async def _gather(self, together: bool) -> dict[str, Any]:
        now = self._clock.monotonic()
        connectors = []
        needs = self._store_needs()
        needs += [each for tell in self._more for each in tell()]
        if self._phase() == "drained":
            needs.append("new messages are refused, as an operator wanted: drain end takes that back")
        for connector in self._dispatcher.status():
            needs += self._connector_needs(connector)
            row = msgspec.to_builtins(connector)
            if row["provider"] is not None:
                del row["provider"]["callback_url"]  # a secret: `connector show` has it, for admins
            for bind in row["binds"]:
                bind["for_s"] = round(max(0.0, now - bind.pop("since")), 1)
            connectors.append(row)
        try:
            found = await self._store.counts()
            counts = msgspec.to_builtins(found)
            needs += _counts_need(found, {row["id"] for row in connectors})
        except StoreUnavailable as error:
            counts = {"error": str(error)}
        spooled = self._store.spooled()
        if spooled is not None:
            counts["spool"] = msgspec.to_builtins(spooled)
            needs += _spool_needs(spooled)
        workers = self._workers
        if workers is not None and workers.up < workers.wanted:
            needs.append(f"{workers.up} of {workers.wanted} HTTP workers are up")
        shared = {} if self._nodes is None else await self._of_nodes(self._nodes, needs, together)
        http = (
            {} if workers is None else {"http_workers": {"up": workers.up, "of": workers.wanted, "pids": workers.pids}}
        )
        return {
            "node": self._node,
            "version": self._version,
            "phase": self._phase(),
            "uptime_s": round(now - self._started_at, 1),
            "listeners": self._addresses(),
            **http,
            **shared,
            "attention": needs,
            "store": {"healthy": self._store.healthy, **counts},
            "connectors": connectors,
        }

    @staticmethod
    async def _of_nodes(nodes: Nodes, needs: list[str], together: bool) -> dict[str, Any]:
        """The nodes that share the store, a row each; `together`: what they do in sum, and each connector's binds."""
        await looked(nodes)
        rows = node_rows(nodes)
        needs += nodes_need(nodes)
        return {
            "nodes": rows,
            **({"cluster": {"sums": sums(rows), "connectors": connector_rows(nodes)}} if together else {}),
        }

    def _store_needs(self) -> list[str]:
        if self._store.healthy:
            return []
        if (spooled := self._store.spooled()) is not None and spooled.away and spooled.messages < spooled.most:
            return [f"the store cannot write, submissions wait on this node's disk: {self._store.trouble}"]
        return [f"the store cannot write, submissions are refused: {self._store.trouble or 'no reason is known'}"]

    def _connector_needs(self, connector: ConnectorStatus) -> list[str]:
        """What is wrong with a connector, or was done to it, in a sentence."""
        name = connector.id
        if connector.state != "on":
            return [f"{name} was {connector.state} by an operator: connector show {name}"]
        if connector.suspended_s:
            return [f"{name} is suspended for another {connector.suspended_s:.0f} s: connector show {name}"]
        down = self._dispatcher.down_for(name)
        bound = bool(connector.binds) and all(bind.state == "bound" for bind in connector.binds)
        if connector.up or bound or down < _BEGINS_S:  # all bound and not up: it only receives
            return []
        why = next((bind.last_error for bind in connector.binds if bind.last_error), "")
        return [f"{name} has been down for {down:.0f} s" + (f": {why}" if why else "")]


def _spool_needs(spool: SpoolView) -> list[str]:
    """What of this node's spool somebody should know."""
    found = []
    if spool.messages:
        found.append(f"{spool.messages} of {spool.most} messages wait on this node's disk only, for the store")
    if spool.trouble:
        found.append(f"the spool cannot be written: {spool.trouble}")
    if spool.aside:
        found.append(f"submissions from the spool that the store could not apply: {spool.aside} (spool.db: aside)")
    return found


def _counts_need(counts: StoreCounts, connectors: Collection[str]) -> list[str]:
    """What in the store waits for somebody. A queue of no connector is one of a connector that was taken away."""
    strays = [queue for queue in counts.queues if queue.queued and queue.connector not in connectors]
    found = [
        f"{queue.queued} messages wait for {queue.connector}, which is not configured: queue move"
        for queue in strays
        if not queue.connector.startswith("@")  # the gateway's own: numbers for tests
    ]
    if counts.orphans:
        found.append(f"receipts of no message that is known: {counts.orphans} (dlr orphans)")
    if counts.outbox_dead:
        found.append(f"pushes that were given up: {counts.outbox_dead} (outbox list)")
    if counts.held:
        found.append(f"messages that are held until somebody decides: {counts.held} (held list)")
    return found
