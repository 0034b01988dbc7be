"""The link that an address asks for."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from smsgwd.store.redis.address import Address, Kind
from smsgwd.store.redis.cluster import ClusterLink
from smsgwd.store.redis.connection import Place
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.link import Link
from smsgwd.store.redis.sentinel import Sentinels

#: Either kind has the same face.
AnyLink: TypeAlias = Link | ClusterLink


def link_to(
    reactor: Any,
    address: Address,
    *,
    home: str = "",
    library: Library | None = None,
    timeout_s: float = 5.0,
    jitter: Callable[[], float] = random.random,
    on_change: Callable[[bool], None] = lambda _: None,
) -> AnyLink:
    """A link to what `address` says, not connected yet. `home` is as of `ClusterLink`, the rest as of `Link`."""
    if address.kind is Kind.CLUSTER:
        return ClusterLink(
            reactor, address, home=home, library=library, timeout_s=timeout_s, jitter=jitter, on_change=on_change
        )
    where = _fixed(address.path) if address.kind is Kind.UNIX else _fixed(address.hosts[0])
    if address.kind is Kind.SENTINEL:
        where = Sentinels(reactor, address).master
    return Link(
        reactor,
        where,
        login=address.login,
        db=address.db,
        tls=address.tls,
        library=library,
        timeout_s=timeout_s,
        jitter=jitter,
        on_change=on_change,
    )


def _fixed(place: Place) -> Callable[[], Awaitable[Place]]:
    async def where() -> Place:
        return place

    return where
