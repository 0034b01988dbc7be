"""What became of each tenant's messages, for the metrics: read from the store's own counts, nobody counts twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from smsgwd.model.tally import Tally
from smsgwd.ports.store import Store
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.families import OTHER
from smsgwd.telemetry.metrics import MOST_TENANTS

_OTHERS_AT_ONCE: Final = 50
_STATES: Final = ("delivered", "failed", "cancelled")


class TenantCounts:
    """`tenants` gives the ids of all; `active` how many messages each sent since the start, who sent first first: as
    with what they sent, the first ones have series of their own. Of the others, counted together, a few are read each
    time.

    The store counts for ever and survives a restart: what there was when a tenant is first read is not counted here.
    """

    def __init__(
        self,
        metrics: Metrics,
        store: Store,
        tenants: Callable[[], list[str]],
        active: Callable[[], Mapping[str, int]],
    ) -> None:
        self._metrics = metrics
        self._store = store
        self._tenants = tenants
        self._active = active
        self._known: dict[str, Tally] = {}
        self._next = 0

    async def read(self) -> None:
        """Bring the counters up to date. Raises StoreUnavailable."""
        active, every = self._active(), sorted(self._tenants())
        own = set(every if len(every) <= MOST_TENANTS else islice(active, MOST_TENANTS))
        for tenant in own.intersection(every):
            await self._count(tenant, tenant)
        others = [tenant for tenant in every if tenant not in own]
        if others:
            start = self._next % len(others)
            for tenant in (others + others)[start : start + min(_OTHERS_AT_ONCE, len(others))]:
                await self._count(tenant, OTHER)
            self._next = start + _OTHERS_AT_ONCE

    async def _count(self, tenant: str, label: str) -> None:
        tally = await self._store.tally(tenant)
        if tally is None:
            return
        before = self._known.get(tenant)
        if before is None:  # all its messages are of this run, or who knows since when they are there
            before = Tally() if self._active().get(tenant, 0) >= tally.accepted else tally
        self._known[tenant] = tally
        for state in _STATES:
            more = getattr(tally, state) - getattr(before, state)
            family = self._metrics.tenant_final
            if more > 0:
                family.labels(label, state).inc(more)
            elif label is not OTHER:
                family.labels(label, state)
