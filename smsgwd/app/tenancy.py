"""The tenants in memory: created from the file at first start, read from the store, changed while the gateway runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.threads import deferToThread

from smsgwd.accounts.directory import Directory
from smsgwd.app.bootstrap import stored_tenant
from smsgwd.app.secrets import Vault
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.model.business import CredentialTaken, PutTenant
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import Store
from smsgwd.telemetry import get_logger

_MOST_TRIES: Final = 10  # to change a tenant that others change, too
_log = get_logger("tenants")


class _ChangedElsewhereError(Refused):
    """Another process has changed the tenant meanwhile."""


class Tenancy:
    """Who there is: the directory for authentication, the signing secrets, and who must hear of changes."""

    def __init__(
        self,
        vault: Vault,
        *,
        changed: Callable[[Sequence[Tenant]], None] | None = None,
        checked: Callable[[Tenant], None] | None = None,
    ) -> None:
        """`changed` gets all tenants after each change, `enabled` as it counts (False below a disabled one), before the
        change is told as done. `checked` raises Refused or ValueError for one that cannot be compiled; nothing is
        changed then."""
        self.directory = Directory()
        self._vault = vault
        self._changed = changed
        self._checked = checked
        self._listeners: list[Callable[[], object]] = []
        self._lock = DeferredLock()
        self._store: Store | None = None
        #: Has everything followed that other processes have changed; None = nobody else does.
        self.catch_up: Callable[[], Awaitable[None]] | None = None
        self._secrets: dict[str, tuple[str, tuple[str, ...]]] = {}  # by tenant: as it is sealed, and opened

    def secrets(self, tenant: str) -> tuple[str, ...]:
        """The signing secrets of a tenant, the current one first; empty for an unknown tenant."""
        known = self._secrets.get(tenant)
        return () if known is None else known[1]

    def dlr_batch(self, tenant: str) -> int:
        """How many receipts a tenant takes in one push at most; 1 for an unknown tenant."""
        known = self.directory.tenant(tenant)
        return 1 if known is None else known.dlr_batch

    def listen(self, heard: Callable[[], object]) -> None:
        """Have `heard` called after each change, once everything else knows of it."""
        self._listeners.append(heard)

    async def load(self, store: Store, declared: Iterable[DeclaredTenant], now_ms: int = 0) -> None:
        """Create the declared tenants that the store lacks, then read all. What the store has is not changed: the file
        is a start only. Raises ValueError for a declared tenant that does not fit to the others."""
        self._store = store
        known = {tenant.id: tenant for tenant in await store.tenants()}
        new = [
            await deferToThread(stored_tenant, tenant, self._vault, now_ms)
            for tenant in declared
            if tenant.id not in known
        ]
        Directory([*known.values(), *new])
        for tenant in new:
            if self._checked is not None:
                self._checked(tenant)
        for tenant in new:
            [created] = await store.commit([PutTenant(tenant, at=now_ms)])
            if created:
                _log.info("tenant.created", tenant=tenant.id)
        self._adopt(Directory(await store.tenants()))

    def add(self, declared: Iterable[DeclaredTenant], now_ms: int) -> Deferred[list[str]]:
        """Create the declared tenants that there are not; fires with their ids once everything goes by them.

        Fails with ValueError or Refused naming one that cannot be, or StoreUnavailable; then none is created.
        """
        return self._lock.run(lambda: Deferred.fromCoroutine(self._add(declared, now_ms)))

    async def _add(self, declared: Iterable[DeclaredTenant], now_ms: int) -> list[str]:
        assert self._store is not None, "nothing is added before `load`"
        known = {tenant.id for tenant in self.directory.tenants()}
        wanted = [tenant for tenant in declared if tenant.id not in known]
        new = [await deferToThread(stored_tenant, tenant, self._vault, now_ms) for tenant in wanted]
        if not new:
            return []
        directory = Directory([*self.directory.tenants(), *new])
        for tenant in new:
            if self._checked is not None:
                self._checked(tenant)
        for created, tenant in zip(
            await self._store.commit([PutTenant(tenant, at=now_ms) for tenant in new]), new, strict=True
        ):
            if created:
                _log.info("tenant.created", tenant=tenant.id)
            elif self.catch_up is not None:  # another process was faster: its tenant is the one there is
                await self.read_again()
                return [tenant.id for tenant in new]
        self._adopt(directory)
        return [tenant.id for tenant in new]

    def change(
        self, tenant_id: str, make: Callable[[Tenant | None], Tenant | None], now_ms: int
    ) -> Deferred[Tenant | None]:
        """Put what `make` gives in the place of a tenant (it gets None where there is none), durably, one change at a
        time; None from it changes nothing. Fires with it once everything goes by it.

        Fails with Refused (INVALID, EXISTS), whatever `make` raises, and StoreUnavailable; then nothing is changed.
        """
        return self._lock.run(lambda: Deferred.fromCoroutine(self._change(tenant_id, make, now_ms)))

    async def _change(
        self, tenant_id: str, make: Callable[[Tenant | None], Tenant | None], now_ms: int
    ) -> Tenant | None:
        assert self._store is not None, "nothing is changed before `load`"
        if self.catch_up is None:
            return await self._try(self._store, tenant_id, make, now_ms, False)
        for left in range(_MOST_TRIES, 0, -1):
            await self.catch_up()
            try:
                return await self._try(self._store, tenant_id, make, now_ms, True)
            except _ChangedElsewhereError:
                if left == 1:
                    raise
        raise AssertionError

    async def _try(
        self, store: Store, tenant_id: str, make: Callable[[Tenant | None], Tenant | None], now_ms: int, shared: bool
    ) -> Tenant | None:
        """Raises _ChangedElsewhereError where the store has another tenant than is known here."""
        old = self.directory.tenant(tenant_id)
        new = make(old)
        if new is None or new == old:
            return new
        try:
            directory = self.directory.having(new)
            if self._checked is not None:
                self._checked(new)
        except ValueError as error:
            raise Refused(Refusal.INVALID, str(error)) from None
        try:
            was = old if shared else None
            [done] = await store.commit([PutTenant(new, replace=old is not None, at=now_ms, was=was)])
        except CredentialTaken as error:
            raise Refused(Refusal.EXISTS, str(error)) from None
        if not done:
            raise _ChangedElsewhereError(
                Refusal.EXISTS if old is None else Refusal.NO_SUCH, f"tenant {tenant_id} was changed elsewhere"
            )
        if shared:  # others may have changed meanwhile
            await self.follow([new])
        else:
            self._adopt(directory)
        return new

    # -- what other processes change ---------------------------------------------------------------------------------

    async def follow(self, tenants: Sequence[Tenant]) -> None:
        """These are as the store has them now. Raises StoreUnavailable."""
        known = self.directory.tenant
        new = [tenant for tenant in tenants if tenant != known(tenant.id)]
        if not new:
            return
        try:
            directory = self.directory
            for tenant in new:
                directory = directory.having(tenant)
        except ValueError:  # it fits to others as they are by now
            await self.read_again()
        else:
            self._adopt(directory)

    async def read_again(self) -> None:
        """The tenants are as the store has them. Raises StoreUnavailable."""
        assert self._store is not None, "nothing is followed before `load`"
        try:
            self._adopt(Directory(await self._store.tenants()))
        except ValueError as error:  # read while somebody changed two of them: the second change is followed as well
            _log.error("daemon.unhandled_error", reason=f"tenants of other nodes: {error}")

    def _adopt(self, directory: Directory) -> None:
        """These are the tenants from now on."""
        self.directory.become(directory)
        tenants = directory.tenants()
        self._secrets = {
            tenant.id: self._opened(tenant.id, tenant.webhook_secret) for tenant in tenants if tenant.webhook_secret
        }
        if self._changed is not None:
            self._changed([self._effective(tenant) for tenant in tenants])
        for heard in self._listeners:
            try:
                heard()
            except Exception as error:  # the change is durable: one who cannot hear of it keeps nobody else from it
                _log.error("daemon.unhandled_error", reason="after a change of tenants", exc_info=error)

    def _opened(self, tenant: str, sealed: str) -> tuple[str, tuple[str, ...]]:
        """A secret with its text; one that is as it was is not opened again: that is most of the work of a change."""
        known = self._secrets.get(tenant)
        return known if known is not None and known[0] == sealed else (sealed, (self._vault.open(sealed),))

    def _effective(self, tenant: Tenant) -> Tenant:
        if tenant.enabled and not self.directory.enabled(tenant.id):
            return msgspec.structs.replace(tenant, enabled=False)
        return tenant
