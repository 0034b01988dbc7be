"""Events that are about no message on its way: owed to whoever their tenant told us, in the form it wants."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from smsgwd.dialects import ardary_events as ardary
from smsgwd.model.business import Push
from smsgwd.model.callbacks import pack_event
from smsgwd.model.changes import Owed, Result
from smsgwd.model.tenant import Tenant
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store


class EventDesk:
    """Owes events to tenants. `tenants` gives a tenant by id."""

    def __init__(self, *, store: Store, tenants: Callable[[str], Tenant | None], outbox: Outbox) -> None:
        self._store = store
        self._tenants = tenants
        self._outbox = outbox

    def change(self, tenant: Tenant, kind: str, data: bytes, at: int) -> Push | None:
        """What is to be committed for an event, with whatever else belongs into that commit; `owed` gets its result.
        None when the tenant told nobody to be told. `data`: the JSON of `model.events`; `at`: ms since 1970."""
        url = tenant.callback_url
        if url is not None and tenant.callback_style == ardary.NAME and kind in ardary.EVENTS:
            return Push(tenant.id, url, kind, at, pack_event(ardary.event_callback(tenant, kind), data))
        url = tenant.webhook_url
        return None if url is None else Push(tenant.id, url, kind, at, data)

    def owed(self, result: Result) -> None:
        """A `change` is durable."""
        if isinstance(result, Owed):
            self._outbox.offer(result.outbox)

    def push(self, tenant_id: str, kind: str, data: bytes, at: int) -> Deferred[str | None]:
        """Owe an event; fires when that is durable, with the URL it goes to, or None where nobody is to be told (no
        such tenant included). Fails with StoreUnavailable."""
        return Deferred.fromCoroutine(self._push(tenant_id, kind, data, at))

    async def _push(self, tenant_id: str, kind: str, data: bytes, at: int) -> str | None:
        tenant = self._tenants(tenant_id)
        change = None if tenant is None else self.change(tenant, kind, data, at)
        if change is None:
            return None
        (result,) = await self._store.commit([change])
        self.owed(result)
        return change.url
