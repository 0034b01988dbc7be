"""What tenants change of their own account is kept in the audit, where operators see it beside what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.operators import DONE, AuditEntry, PutAudit
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.ports.submit import Proven
from smsgwd.telemetry import get_logger

_VIA: Final = "api"
_log = get_logger("tenants")


class OwnChanges:
    """See `ports.tenants.OwnChanges`. The change itself is durable and in the log by now."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def told(self, who: Proven, address: str, command: str, params: Mapping[str, str]) -> Deferred[None]:
        """See the port."""
        return Deferred.fromCoroutine(self._told(who, address, command, params))

    async def _told(self, who: Proven, address: str, command: str, params: Mapping[str, str]) -> None:
        shown = msgspec.json.encode({"tenant": who.tenant.id, **params}).decode()
        entry = AuditEntry(0, self._clock.now_ms(), f"tenant:{who.tenant.id}", "", _VIA, address, command, shown, DONE)
        try:
            await self._store.commit([PutAudit(entry)])
        except StoreUnavailable as error:
            _log.warning("tenant.unaudited", tenant=who.tenant.id, change=command, reason=str(error))
