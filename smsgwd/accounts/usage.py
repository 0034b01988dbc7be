"""What a credential may be used for, from where, and until when: limits of one that is good otherwise."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Credential

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def limited(credential: Credential) -> bool:
    """True for a credential that has any limit at all; the others need not be asked about."""
    return bool(credential.expires_at is not None or credential.scopes or credential.allow)


def expired(credential: Credential, now_ms: int) -> bool:
    """True when it is no credential any more; `now_ms` is milliseconds since 1970."""
    return credential.expires_at is not None and now_ms >= credential.expires_at


def barred(credential: Credential, address: str, scope: str) -> Refusal | None:
    """Why a good credential may not be used from this IP address for this scope ('' = for anything); None = it may."""
    if credential.allow and not within(address, credential.allow):
        return Refusal.ADDRESS_NOT_ALLOWED
    if scope and credential.scopes and scope not in credential.scopes:
        return Refusal.OUT_OF_SCOPE
    return None


@lru_cache(maxsize=4096)
def within(address: str, allowed: tuple[str, ...]) -> bool:
    """True when an IP address lies in one of these networks; False for what is no address.

    An IPv4 address in IPv6 clothes (::ffff:192.0.2.1) is the IPv4 address.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip.version == network.version and ip in network for network in _networks(allowed))


@lru_cache(maxsize=1024)
def _networks(allowed: tuple[str, ...]) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in allowed)
