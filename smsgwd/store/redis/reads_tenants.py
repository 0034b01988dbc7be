"""What can be asked of tenants, their opt-out lists, and who was refused by a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import OptOutEntry
from smsgwd.store.apply.recipients import digits_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.optouts import opt_out_of
from smsgwd.store.redis.submissions import refused_of
from smsgwd.store.redis.tenants import tenant_from

_MAX_ID: Final = (1 << 63) - 1


async def tenants(ask: Asking) -> list[Tenant]:
    """See Store.tenants."""
    found: list[Tenant] = []
    low = b""
    while True:
        page = await ask.members(ask.keys.tenants, low, b"", PAGE)
        values = await ask.rows([ask.keys.tenant(member.decode()) for member in page])
        found += [tenant_from(value) for value in values if value is not None]
        if len(page) < PAGE:
            return found
        low = page[-1] + b"\0"


async def tenants_named(ask: Asking, names: Sequence[str]) -> list[Tenant]:
    """Those of these ids that there are."""
    values = await ask.rows([ask.keys.tenant(name) for name in names])
    return [tenant_from(value) for value in values if value is not None]


async def opt_outs(ask: Asking, tenant: str, after: str, limit: int) -> list[OptOutEntry]:
    """See Store.opt_outs."""
    keys = ask.keys
    page = await ask.members(keys.opt_outs(tenant), after.encode() + b"\0" if after else b"", b"", limit)
    numbers = [member.decode() for member in page]
    values = await ask.rows([keys.opted_out(tenant, msisdn) for msisdn in numbers])
    entries: list[OptOutEntry] = []
    for msisdn, value in zip(numbers, values, strict=True):
        if value is not None:
            row = opt_out_of(value)
            entries.append(OptOutEntry(tenant, msisdn, row.at, row.source))
    return entries


async def refused(ask: Asking, tenant: str, submission: int, dest: str) -> str | None:
    """See Store.refused."""
    if not 0 <= submission <= _MAX_ID:
        return None
    value = await ask.row(ask.keys.refused(submission))
    if value is None:
        return None
    row = refused_of(value)
    return row.codes.get(digits_of(dest)) if row.tenant == tenant else None
