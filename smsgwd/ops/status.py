"""`status show`: the whole gateway on one screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.ops.registry import Command, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable


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
    ) -> None:
        self._node = node
        self._version = version
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._phase = phase
        self._addresses = addresses
        self._workers = workers
        self._started_at = clock.monotonic()

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [Command("status", "show", "State of the gateway, its connectors, queues and store", self._show)]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._gather())

    async def _gather(self) -> dict[str, Any]:
        now = self._clock.monotonic()
        connectors = []
        for connector in self._dispatcher.status():
            row = msgspec.to_builtins(connector)
            for bind in row["binds"]:
                bind["for_s"] = round(max(0.0, now - bind.pop("since")), 1)
            connectors.append(row)
        try:
            counts = msgspec.to_builtins(await self._store.counts())
        except StoreUnavailable as error:
            counts = {"error": str(error)}
        workers = self._workers
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
            "store": {"healthy": self._store.healthy, **counts},
            "connectors": connectors,
        }
