"""Opt-out lists: who takes no more messages of a tenant; and the gateway's blacklist, who takes none of anybody.

The blacklist is the list of the tenant '', which nobody is. `Work.opted` has the tenants whose lists may have entries:
of all others nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from smsgwd.model.changes import OptOut
from smsgwd.model.message import Failure, Message
from smsgwd.model.refusals import Refusal
from smsgwd.store.work import Work

EVERYONE: Final = ""
OPTED_OUT: Final = Refusal.OPTED_OUT.code
BLACKLISTED: Final = Refusal.BLACKLISTED.code
#: Why a message that waited ends, by the code that `opted_out` gives.
FAILURES: Final[Mapping[str, Failure]] = {
    each.code: Failure(each.code, each.title) for each in (Refusal.OPTED_OUT, Refusal.BLACKLISTED)
}


def opt_out(work: Work, change: OptOut) -> bool:
    """Put a number on a tenant's list or take it off; True when that changed the list."""
    return set_opt_out(work, change.tenant, change.msisdn, change.out, change.at, change.source)


def set_opt_out(work: Work, tenant: str, msisdn: str, out: bool, at: int, source: str) -> bool:
    """The same; the first entry for a number stands until it is taken off."""
    if out:
        return work.list_number(tenant, msisdn, at, source)
    return work.unlist_number(tenant, msisdn)


def opted_out(work: Work, messages: Iterable[Message]) -> dict[tuple[str, str], str]:
    """Those (tenant, msisdn) of these messages that may not be written to, with the code of the refusal."""
    opted = work.opted()
    pairs = [(message.tenant, message.msisdn) for message in messages]
    asked = [pair for pair in pairs if pair[0] in opted]
    everyone = EVERYONE in opted
    if everyone:
        asked += [(EVERYONE, msisdn) for _, msisdn in pairs]
    if not asked:
        return {}
    listed = work.listed(asked)
    refused = {pair: OPTED_OUT for pair in listed if pair[0]}
    if everyone:
        refused.update((pair, BLACKLISTED) for pair in pairs if (EVERYONE, pair[1]) in listed)
    return refused
