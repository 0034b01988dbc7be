"""Opt-out lists: who takes no more messages of a tenant; and the gateway's blacklist, who takes none of anybody.

The blacklist is the list of the tenant '', which nobody is. `Memory.opted` has the tenants whose lists may have
entries: of all others nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from smsgwd.model.changes import OptOut
from smsgwd.model.message import Failure, Message
from smsgwd.model.refusals import Refusal
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.work import Work

EVERYONE: Final = ""
OPTED_OUT: Final = Refusal.OPTED_OUT.code
BLACKLISTED: Final = Refusal.BLACKLISTED.code
#: Why a message that waited ends, by the code that `opted_out` gives.
FAILURES: Final[Mapping[str, Failure]] = {
    each.code: Failure(each.code, each.title) for each in (Refusal.OPTED_OUT, Refusal.BLACKLISTED)
}
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


def opted_out(work: Work, messages: Iterable[Message]) -> dict[tuple[str, str], str]:
    """Those (tenant, msisdn) of these messages that may not be written to, with the code of the refusal.

    All of them are known afterwards: one look-up for those of a transaction does for each of its changes.
    """
    opted, listed = work.memory.opted, work.memory.listed
    pairs = [(message.tenant, message.msisdn) for message in messages]
    asked = [pair for pair in pairs if pair[0] in opted]
    everyone = EVERYONE in opted
    if everyone:
        asked += [(EVERYONE, msisdn) for _, msisdn in pairs]
    unknown = [pair for pair in asked if pair not in listed]
    if unknown:
        listed.update(dict.fromkeys(unknown, False))
        found = _FIND.find(work.connection, [word for pair in unknown for word in pair])
        listed.update(((tenant, msisdn), True) for tenant, msisdn in found)
    refused = {pair: OPTED_OUT for pair in asked if pair[0] and listed[pair]}
    if everyone:
        refused.update((pair, BLACKLISTED) for pair in pairs if listed[EVERYONE, pair[1]])
    return refused
