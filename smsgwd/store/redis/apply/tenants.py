"""Tenants and their credentials."""

from __future__ import annotations

from smsgwd.model.business import CredentialTaken, PutTenant
from smsgwd.model.tenant import Tenant
from smsgwd.store.apply.money import open_account, set_floor
from smsgwd.store.redis.tenants import pack_tenant, tenant_from
from smsgwd.store.redis.work import RedisWork


def put_tenant(work: RedisWork, change: PutTenant) -> bool:
    """Create a tenant, or replace one with all its credentials; False, changing nothing, when there is one of this id
    already, there is none to be replaced, or it is not what it was.

    Raises CredentialTaken when one of its credentials belongs to another tenant, ValueError when it has one twice.
    """
    tenant, tx, keys = change.tenant, work.tx, work.keys
    name = keys.tenant(tenant.id)
    found = tx.get(name)
    if (found is not None) != change.replace:
        return False
    if found is not None and change.was is not None and pack_tenant(tenant_from(found)) != pack_tenant(change.was):
        return False
    work.tell(f"t:{tenant.id}")
    _put_credentials(work, tenant, () if found is None else _credentials_of(tenant_from(found)))
    tx.put(name, pack_tenant(tenant))
    if change.replace:
        set_floor(work, tenant)
    else:
        tx.add(keys.tenants, tenant.id.encode())
        open_account(work, tenant, change.at)
    return True


def _credentials_of(tenant: Tenant) -> tuple[tuple[str, str], ...]:
    """Kind and name of each, once, in their order."""
    return tuple(dict.fromkeys((credential.kind, credential.name) for credential in tenant.credentials))


def _put_credentials(work: RedisWork, tenant: Tenant, before: tuple[tuple[str, str], ...]) -> None:
    """In the place of those it had. A name is one tenant's alone, whatever the serials."""
    tx, keys, own = work.tx, work.keys, tenant.id.encode()
    now = _credentials_of(tenant)
    names = [keys.credential(*each) for each in now]
    for name in names:
        work.memory.cache.drop(name)  # an exception is not computed again: it must not be for what was long ago
    tx.fetch(names)
    seen: set[tuple[str, str, int]] = set()
    for credential in tenant.credentials:
        kind, name, serial = credential.kind, credential.name, credential.serial
        whose = tx.get(keys.credential(kind, name))
        if whose is not None and whose != own:
            raise CredentialTaken(tenant.id, kind, name, whose.decode())
        if (kind, name, serial) in seen:
            raise ValueError(f"tenant {tenant.id} has a {kind} credential twice, with the serial {serial}")
        seen.add((kind, name, serial))
    for each in before:
        if each not in now:
            tx.delete(keys.credential(*each))
    for each in now:
        if each not in before:
            tx.put(keys.credential(*each), own)
