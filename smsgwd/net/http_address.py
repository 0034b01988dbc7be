"""Whose request it is when proxies stand before us."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks of a configuration. Raises ValueError naming the one that is none."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in written)


def client_address(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The client's address: the peer's, or what trusted proxies say of it in X-Forwarded-For.

    Read from the right: each trusted proxy vouches for the entry it appended. The first address that is no trusted
    proxy is the client; an entry that is no address ends the trust, since anybody may have written what is before it.
    """
    current = _parse(peer)
    if current is None or not trusted or not _within(current, trusted):
        return peer
    for entry in reversed(forwarded_for.split(",")):
        named = _parse(entry.strip())
        if named is None:
            break
        current = named
        if not _within(current, trusted):
            break
    return str(current)


def _parse(text: str) -> _Address | None:
    """An address as proxies write it, also with a port: 192.0.2.1:4711, [2001:db8::1]:4711."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _within(address: _Address, trusted: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def is_trusted(peer: str, trusted: tuple[Network, ...]) -> bool:
    """True for a peer that is one of the trusted proxies."""
    address = _parse(peer) if trusted else None
    return address is not None and _within(address, trusted)


def network_of(peer: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer is given."""
    if ":" not in peer:
        return peer
    address = _parse(f"[{peer}]")
    if isinstance(address, ipaddress.IPv6Address):
        return address.packed[:8].hex()
    return peer if address is None else str(address)
