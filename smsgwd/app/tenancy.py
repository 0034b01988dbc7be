"""The tenants in memory: created from the file at first start, read from the store at every one."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.threads import deferToThread

from smsgwd.accounts.directory import Directory
from smsgwd.admission.admit import Account, account_of
from smsgwd.app.bootstrap import stored_tenant
from smsgwd.app.secrets import Vault
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.model.changes import PutTenant
from smsgwd.ports.store import Store
from smsgwd.telemetry import get_logger

_log = get_logger("tenants")


class Tenancy:
    """Who there is: the directory for authentication, the compiled accounts for admission, the signing secrets."""

    def __init__(self, vault: Vault) -> None:
        self.directory = Directory()
        self._vault = vault
        self._accounts: dict[str, Account] = {}
        self._secrets: dict[str, tuple[str, ...]] = {}

    def account(self, tenant: str) -> Account | None:
        """The compiled account of an enabled tenant."""
        return self._accounts.get(tenant)

    def secrets(self, tenant: str) -> tuple[str, ...]:
        """The signing secrets of a tenant, the current one first; empty for an unknown tenant."""
        return self._secrets.get(tenant, ())

    def dlr_batch(self, tenant: str) -> int:
        """How many receipts a tenant takes in one push at most; 1 for an unknown tenant."""
        known = self.directory.tenant(tenant)
        return 1 if known is None else known.dlr_batch

    async def load(self, store: Store, declared: Iterable[DeclaredTenant]) -> None:
        """Create the declared tenants that the store lacks, then read all."""
        known = {tenant.id for tenant in await store.tenants()}
        for tenant in declared:
            if tenant.id in known:
                continue
            stored = await deferToThread(stored_tenant, tenant, self._vault)
            [created] = await store.commit([PutTenant(stored)])
            if created:
                _log.info("tenant.created", tenant=tenant.id)
        tenants = await store.tenants()
        self.directory.replace(tenants)
        self._accounts = {tenant.id: account_of(tenant) for tenant in tenants if tenant.enabled}
        self._secrets = {
            tenant.id: (self._vault.open(tenant.webhook_secret),) for tenant in tenants if tenant.webhook_secret
        }
