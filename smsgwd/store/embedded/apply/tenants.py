"""Tenants and their credentials."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.business import PutTenant
from smsgwd.model.tenant import EsmeSettings
from smsgwd.store.embedded.apply.money import open_account
from smsgwd.store.embedded.work import Work

_PLAIN: Final = EsmeSettings()


def put_tenant(work: Work, change: PutTenant) -> bool:
    """Create a tenant; False, changing nothing, when there is one of this id.

    Raises ValueError when one of its credentials belongs to another tenant.
    """
    tenant = change.tenant
    execute = work.connection.execute
    if execute("SELECT 1 FROM tenant WHERE id = ?", (tenant.id,)).fetchone() is not None:
        return False
    for credential in tenant.credentials:
        owner = execute(
            "SELECT tenant FROM credential WHERE kind = ? AND name = ?", (credential.kind, credential.name)
        ).fetchone()
        if owner is not None:
            raise ValueError(
                f"tenant {tenant.id}: its {credential.kind} credential belongs to tenant {owner[0]} already"
            )
        execute(
            "INSERT INTO credential (kind, name, tenant, secret_hash, max_binds, esme) VALUES (?, ?, ?, ?, ?, ?)",
            (
                credential.kind,
                credential.name,
                tenant.id,
                credential.secret_hash,
                credential.max_binds,
                None if credential.esme == _PLAIN else msgspec.json.encode(credential.esme),
            ),
        )
    execute(
        "INSERT INTO tenant (id, record) VALUES (?, ?)",
        (tenant.id, msgspec.json.encode(msgspec.structs.replace(tenant, credentials=()))),
    )
    open_account(work, tenant, change.at)
    return True
