"""Tenants and their credentials."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.model.business import CredentialTaken, PutTenant
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.store.apply.money import open_account, set_floor
from smsgwd.store.embedded.business import CredentialExtras
from smsgwd.store.embedded.work import Work

_PLAIN: Final = EsmeSettings()
_NO_EXTRAS: Final = CredentialExtras()
_encode = msgspec.json.encode
PUT_CREDENTIAL: Final = (
    "INSERT INTO credential (kind, name, serial, tenant, secret_hash, max_binds, esme, more)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def put_tenant(work: Work, change: PutTenant) -> bool:
    """Create a tenant, or replace one with all its credentials; False, changing nothing, when there is one of this id
    already, or there is none to be replaced.

    Raises CredentialTaken when one of its credentials belongs to another tenant, ValueError when it has one twice.
    """
    tenant = change.tenant
    execute = work.connection.execute
    there = execute("SELECT 1 FROM tenant WHERE id = ?", (tenant.id,)).fetchone() is not None
    if there != change.replace:
        return False
    record = tenant_record(tenant)
    if change.replace:
        execute("DELETE FROM credential WHERE tenant = ?", (tenant.id,))
        _put_credentials(work, tenant)
        execute("UPDATE tenant SET record = ? WHERE id = ?", (record, tenant.id))
        set_floor(work, tenant)
    else:
        _put_credentials(work, tenant)
        execute("INSERT INTO tenant (id, record) VALUES (?, ?)", (tenant.id, record))
        open_account(work, tenant, change.at)
    return True


def tenant_record(tenant: Tenant) -> bytes:
    """What `tenant.record` holds: all but the credentials."""
    return _encode(msgspec.structs.replace(tenant, credentials=()))


def _put_credentials(work: Work, tenant: Tenant) -> None:
    """Those of a tenant that has none. A name is one tenant's alone, whatever the serials."""
    execute = work.connection.execute
    seen: set[tuple[str, str, int]] = set()
    for credential in tenant.credentials:
        kind, name = credential.kind, credential.name
        found = execute(
            "SELECT tenant FROM credential WHERE kind = ? AND name = ? AND tenant != ? LIMIT 1", (kind, name, tenant.id)
        ).fetchone()
        if found is not None:
            raise CredentialTaken(tenant.id, kind, name, found[0])
        if (kind, name, credential.serial) in seen:
            raise ValueError(f"tenant {tenant.id} has a {kind} credential twice, with the serial {credential.serial}")
        seen.add((kind, name, credential.serial))
        execute(PUT_CREDENTIAL, credential_values(tenant.id, credential))


def credential_values(tenant: str, credential: Credential) -> tuple[Any, ...]:
    """The values of PUT_CREDENTIAL."""
    return (
        credential.kind,
        credential.name,
        credential.serial,
        tenant,
        credential.secret_hash,
        credential.max_binds,
        None if credential.esme == _PLAIN else _encode(credential.esme),
        _extras_of(credential),
    )


def _extras_of(credential: Credential) -> bytes | None:
    """What goes into `credential.more`; None when there is nothing."""
    extras = CredentialExtras(
        credential.expires_at,
        credential.scopes,
        credential.allow,
        credential.label,
        credential.created_at,
        credential.key,
    )
    return None if extras == _NO_EXTRAS else _encode(extras)
