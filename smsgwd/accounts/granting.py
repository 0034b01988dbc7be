"""What a credential may do to its tenant's credentials: give no more than it has, and leave somebody in charge."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from smsgwd.accounts.directory import SMPP
from smsgwd.model.tenant import Credential


def beyond(giver: Credential, given: Credential) -> str | None:
    """What one credential is good for and another one is not, in words for the owner of `giver`; None = nothing.

    Who may make, renew or remove a credential that is good for more than its own has what it lacks a moment later.
    """
    if giver.scopes and not (given.scopes and set(given.scopes) <= set(giver.scopes)):
        return f"it would be good for more than this credential: scopes within {', '.join(giver.scopes)} are needed"
    if giver.allow and not (given.allow and all(_inside(each, giver.allow) for each in given.allow)):
        return f"it would be good from more places than this credential: networks within {', '.join(giver.allow)}"
    ends = giver.expires_at
    if ends is not None and (given.expires_at is None or given.expires_at > ends):
        return "it would be good for longer than this credential, which expires"
    return None


def in_charge(credentials: Iterable[Credential]) -> bool:
    """True when one of them can look after the account for good: over HTTP, for everything, without an end."""
    return any(each.kind != SMPP and not each.scopes and each.expires_at is None for each in credentials)


def _inside(network: str, allowed: tuple[str, ...]) -> bool:
    inner = ipaddress.ip_network(network, strict=False)
    for each in allowed:
        outer = ipaddress.ip_network(each, strict=False)
        if isinstance(inner, ipaddress.IPv4Network):
            if isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer):
                return True
        elif isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer):
            return True
    return False
