"""What other nodes change of tenants and records, taken over here: as if it had been changed here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from smsgwd.app.catalog import COMPILED
from smsgwd.app.tenancy import Tenancy
from smsgwd.model import records as kinds
from smsgwd.model.tenant import Tenant
from smsgwd.store.redis.changed import topics_of

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Following:
    """`read` gives tenants of the store by their ids; `changed(kind, tenant)` has what is made of records made anew."""

    def __init__(
        self,
        tenancy: Tenancy,
        read: Callable[[Sequence[str]], Deferred[list[Tenant]]],
        changed: Callable[[str, str], Deferred[None] | None],
    ) -> None:
        self._tenancy = tenancy
        self._read = read
        self._changed = changed

    async def follow(self, heard: Mapping[str, bool] | None) -> None:
        """See `store.redis.changed.Follow`. Raises StoreUnavailable."""
        if heard is None:
            await self._tenancy.read_again()
            tenants = [tenant.id for tenant in self._tenancy.directory.tenants()]
            for kind in sorted(kinds.REMEMBERED):
                for tenant in tenants if kind in kinds.TENANTS else ("",):
                    await self._anew(kind, tenant)
            return
        # Also those of this node: whether it heard that they are written down, nobody knows.
        names = topics_of(heard, "t")
        if names:
            await self._tenancy.follow(await self._read(names))
        for topic in topics_of([topic for topic, own in heard.items() if not own], "r"):
            kind, _, tenant = topic.partition(":")
            await self._anew(kind, tenant)

    async def _anew(self, kind: str, tenant: str) -> None:
        made: Awaitable[None] | None = self._changed(kind, tenant)
        if made is not None and kind in COMPILED:
            await made
