"""Tenants as the values of rows: fields by name, unlike other rows, since a tenant has many that are mostly not set."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.tenant import Credential, Tenant

_encode: Final = msgspec.msgpack.Encoder().encode
#: The tenant of a row `t:`, with its credentials in the order of kind, name and serial.
tenant_from: Final = msgspec.msgpack.Decoder(Tenant).decode


def pack_tenant(tenant: Tenant) -> bytes:
    """The value of a row `t:`."""
    return _encode(msgspec.structs.replace(tenant, credentials=tuple(sorted(tenant.credentials, key=_order))))


def _order(credential: Credential) -> tuple[str, str, int]:
    return credential.kind, credential.name, credential.serial
