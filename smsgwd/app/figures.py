"""What `figures show` gives: the counters and states of this moment, for screens that work out rates themselves."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from smsgwd import __version__
from smsgwd.app.core import Core
from smsgwd.app.figure_history import FigureHistory
from smsgwd.app.node_figures import NodeFigures
from smsgwd.app.stages import Stages
from smsgwd.config import Config
from smsgwd.ops.figures import Figures as FigureCommands
from smsgwd.ops.node_rows import node_rows
from smsgwd.ops.nodes import looked
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus, Dispatcher
from smsgwd.ports.nodes import Nodes
from smsgwd.ports.store import QueueDepth, Store, StoreUnavailable
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.families import Family
from smsgwd.telemetry.plain import Spread, Tally

_LAST: Final = ("draining", "stopped")  # phases: nobody asks any more
_KEPT_TENANTS: Final = ("accepted", "scheduled", "delivered", "failed", "cancelled")


class Figures:
    """Counters only go up (until a restart, which `uptime_s` tells); times are seconds, those in `at` monotonic."""

    def __init__(
        self,
        *,
        node: str,
        metrics: Metrics,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        stages: Stages,
        phase: Callable[[], str],
        data_dir: Path,
        nodes: Nodes | None = None,
    ) -> None:
        """`nodes`: those that share the store, None where it is not shared."""
        self._node = node
        self._metrics = metrics
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._stages = stages
        self._phase = phase
        self._data_dir = data_dir
        self._nodes = nodes
        self._started_at = clock.monotonic()

    async def gather(self, tenants: int) -> dict[str, Any]:
        """All of it, with so many `tenants`, those who sent most since the start. Without the store what it knows is
        left out."""
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        queues: tuple[QueueDepth, ...] = ()
        store: dict[str, Any] = {"healthy": self._store.healthy, "disk_free": _disk_free(self._data_dir)}
        named: list[dict[str, Any]] = []
        try:
            counts = await self._store.counts()
            space = await self._store.space()
            queues = counts.queues
            store |= {
                "used": space.bytes - space.free_bytes,
                "free": space.free_bytes,
                "queued": sum(queue.queued for queue in queues),
                "scheduled": counts.scheduled,
                "held": counts.held,
                "sent": counts.sent_without_receipt,
                "outbox_pending": counts.outbox_pending,
                "outbox_dead": counts.outbox_dead,
                "parked": counts.parked,
                "orphans": counts.orphans,
            }
            named = await self._tenants(tenants)
        except StoreUnavailable as error:
            store["error"] = str(error)
        depths = {queue.connector: queue for queue in queues}
        connectors = [self._connector(each, depths.pop(each.id, None), now_ms) for each in self._dispatcher.status()]
        return {
            "node": self._node,
            "version": __version__,
            "phase": self._phase(),
            "at": now,
            "uptime_s": round(now - self._started_at, 1),
            "counters": self.counters(),
            "latency": self._latency(),
            "connectors": connectors,
            "strays": [{"connector": queue.connector, **_waiting(queue, now_ms)} for queue in depths.values()],
            "tenants": named,
            "store": store,
            **({} if self._nodes is None else {"nodes": await self._all_nodes(self._nodes)}),
        }

    async def _all_nodes(self, nodes: Nodes) -> list[dict[str, Any]]:
        await looked(nodes)
        return node_rows(nodes)

    def counters(self) -> dict[str, float]:
        """What this process has counted since its start."""
        metrics = self._metrics
        pushes = _by(metrics.pushes, 1)
        deliveries = _by(metrics.esme_deliveries, 1)
        return {
            **{f"accepted_{intake}": number for intake, number in _by(metrics.accepted, 0).items()},
            "accepted": sum(_by(metrics.accepted, 0).values()),
            "refused": sum(_by(metrics.refused, 1).values()),
            **{f"final_{state}": number for state, number in _by(metrics.final, 0).items()},
            "submitted": sum(_by(metrics.submitted, 0).values()),
            "receipts": sum(_by(metrics.receipts, 1).values()),
            "mo": sum(_by(metrics.mo, 1).values()),
            "pushed": pushes["ok"] + deliveries["ok"],
            "push_failures": pushes["failed"] + deliveries["retried"] + deliveries["lost"],
            "pushes_given_up": pushes["gave_up"] + deliveries["gave_up"],
            "auth_failures": sum(_by(metrics.auth_failures, 1).values()),
            "commits": sum(metrics.commit_seconds.counts),
        }

    def _latency(self) -> dict[str, dict[str, list[float]]]:
        """The histograms by stage: upper bounds (the infinite one left out) and how many values are in each bucket."""
        metrics = self._metrics
        return {
            "accept": self.accept(),
            "durable": _spread([metrics.submit_durable_seconds]),
            "queue": _spread(child for _, child in metrics.queue_seconds.each()),
            "answer": _spread(child for _, child in metrics.answer_seconds.each()),
            "receipt": _spread([metrics.receipt_durable_seconds]),
            "push": _spread([metrics.receipt_push_seconds]),
            "commit": _spread([metrics.commit_seconds]),
            "lag": _spread([metrics.reactor_lag]),
        }

    def accept(self) -> dict[str, list[float]]:
        """How long it takes to accept: the histogram, as those of `_latency`."""
        return _spread(child for _, child in self._metrics.accept_seconds.each())

    def sent(self) -> Mapping[str, float]:
        """Parts that connectors have sent, by their ids."""
        return _by(self._metrics.submitted, 0)

    async def queued(self) -> float:
        """What waits in all queues. Raises StoreUnavailable."""
        return sum(queue.queued for queue in (await self._store.counts()).queues)

    def _connector(self, connector: ConnectorStatus, queue: QueueDepth | None, now_ms: int) -> dict[str, Any]:
        row: dict[str, Any] = msgspec.to_builtins(connector)
        binds = row.pop("binds")
        if row["provider"] is not None:
            del row["provider"]["callback_url"]  # a secret: `connector show` has it, for admins
        errors = [bind["last_error"] for bind in binds if bind["last_error"] and bind["state"] != "bound"]
        answers = self._metrics.connector(connector.id).answer_seconds
        return {
            **row,
            "bound": sum(bind["state"] == "bound" for bind in binds),
            "binds": len(binds),
            "window_used": sum(bind["window_used"] for bind in binds),
            "window_open": sum(bind["window"] for bind in binds),
            "last_error": errors[0] if errors else "",
            "answer": _spread([answers]),
            **_waiting(queue, now_ms),
        }

    async def _tenants(self, most: int) -> list[dict[str, Any]]:
        """Raises StoreUnavailable."""
        active = self._stages.tenants
        rows = []
        for tenant in sorted(active, key=lambda each: (-active[each], each))[:most]:
            tally = await self._store.tally(tenant)
            if tally is not None:
                rows.append({"tenant": tenant, **{name: getattr(tally, name) for name in _KEPT_TENANTS}})
        return rows


def figures_of(
    config: Config, core: Core, dispatcher: Dispatcher, phase: Callable[[], str], reactor: Any
) -> FigureCommands:
    """The commands that show them; other nodes that share the store see some of them. Some are kept from now on."""
    figures = Figures(
        node=config.node,
        metrics=core.metrics,
        store=core.store,
        dispatcher=dispatcher,
        clock=core.clock,
        stages=core.stages,
        phase=phase,
        data_dir=config.data_dir,
        nodes=None if core.cluster.alone else core.cluster.nodes,
    )
    if not core.cluster.alone:
        told, own = core.cluster.load, NodeFigures(figures.counters, dispatcher, core.clock)
        core.cluster.load = lambda: {**told(), **own()}
    history = FigureHistory(
        reactor,
        core.clock,
        counters=figures.counters,
        accept=figures.accept,
        sent=figures.sent,
        queued=figures.queued,
        stopping=lambda: phase() in _LAST,
    )
    history.start()
    return FigureCommands(figures.gather, history)


def _by(family: Family[Tally], at: int) -> Counter[str]:
    """What a family of counters has counted, by its label at that place; 0 for what there is not."""
    found: Counter[str] = Counter()
    for values, child in family.each():
        found[values[at]] += int(child.number)
    return found


def _spread(histograms: Iterable[Spread]) -> dict[str, list[float]]:
    """Histograms of the same buckets as one."""
    bounds: list[float] = []
    counts: list[float] = []
    for each in histograms:
        bounds = each.bounds[:-1]
        counts = [one + other for one, other in zip(counts, each.counts, strict=True)] if counts else each.counts
    return {"bounds": bounds, "counts": counts}


def _waiting(queue: QueueDepth | None, now_ms: int) -> dict[str, float]:
    if queue is None or queue.oldest is None:
        return {"queued": 0 if queue is None else queue.queued, "oldest_s": 0.0}
    return {"queued": queue.queued, "oldest_s": max(0, now_ms - queue.oldest) / 1000}


def _disk_free(directory: Path) -> int | None:
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
