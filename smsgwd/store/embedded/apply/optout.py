"""Opt-out lists: who takes no more messages of a tenant.

`Memory.opted` has the tenants whose lists may have entries: of all others nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smsgwd.model.changes import OptOut
from smsgwd.model.message import Failure, Message
from smsgwd.model.refusals import Refusal
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.work import Work

OPTED_OUT: Final = Refusal.OPTED_OUT.code
HAS_OPTED_OUT: Final = Failure(OPTED_OUT, Refusal.OPTED_OUT.title)
_FIND: Final = Many(
    "WITH wanted (tenant, msisdn) AS (VALUES ",
    "(?, ?)",
    ") SELECT o.tenant, o.msisdn FROM wanted w CROSS JOIN optout o ON o.tenant = w.tenant AND o.msisdn = w.msisdn",
)


def opt_out(work: Work, change: OptOut) -> bool:
    """Put a number on a tenant's list or take it off; True when that changed the list."""
    return set_opt_out(work, change.tenant, change.msisdn, change.out, change.at, change.source)


def set_opt_out(work: Work, tenant: str, msisdn: str, out: bool, at: int, source: str) -> bool:
    """The same; the first entry for a number stands until it is taken off."""
    if out:
        changed = work.connection.execute(
            "INSERT OR IGNORE INTO optout (tenant, msisdn, at, source) VALUES (?, ?, ?, ?)",
            (tenant, msisdn, at, source),
        ).rowcount
        work.memory.opted.add(tenant)
        work.memory.listed[tenant, msisdn] = True
        return changed > 0
    if tenant not in work.memory.opted:
        return False
    work.memory.listed[tenant, msisdn] = False
    return work.connection.execute("DELETE FROM optout WHERE tenant = ? AND msisdn = ?", (tenant, msisdn)).rowcount > 0


def opted_out(work: Work, messages: Iterable[Message]) -> set[tuple[str, str]]:
    """The (tenant, msisdn) among those of these messages whose recipients have opted out of their tenant's messages.

    All of them are known afterwards: one look-up for those of a transaction does for each of its changes.
    """
    opted, listed = work.memory.opted, work.memory.listed
    pairs = [(message.tenant, message.msisdn) for message in messages if message.tenant in opted]
    unknown = [pair for pair in pairs if pair not in listed]
    if unknown:
        listed.update(dict.fromkeys(unknown, False))
        found = _FIND.find(work.connection, [word for pair in unknown for word in pair])
        listed.update(((tenant, msisdn), True) for tenant, msisdn in found)
    return {pair for pair in pairs if listed[pair]}
