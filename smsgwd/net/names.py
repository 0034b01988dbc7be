"""Host names for whatever connects by name: the reactor's resolver, without the reactor's threads.

Twisted asks the system's resolver on the threads of the reactor, for addresses in figures too. Carriers whose names
hang would hold up all connections, and the end of the process; here a name has one lookup at a time, on daemon threads,
and one that was known lately is served from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from smsgwd.net.http_client_dns import Resolver, SystemLookup

_MOST_THREADS = 64  # names of carriers that may hang before others wait for them


@implementer(IHostResolution)
class Resolution:
    """One question; `cancel` makes its answer go nowhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cancelled = False

    def cancel(self) -> None:
        """See IHostResolution."""
        self.cancelled = True


@implementer(IHostnameResolver)
class NameResolver:
    """See IHostnameResolver: names by `resolver`, addresses in figures at once. A name without an answer has none."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """See IHostnameResolver."""
        resolution = Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        tell = partial(_tell, resolutionReceiver, resolution, portNumber, addressTypes)
        if isIPAddress(hostName) or isIPv6Address(hostName):
            tell([hostName])
        else:
            self._resolver.addresses(hostName).addCallbacks(tell, partial(_nothing, tell))
        return resolution


def install(reactor: Any) -> None:
    """Make `reactor` resolve names this way, if it can be told (the one of tests may not)."""
    pluggable: bool = IReactorPluggableNameResolver.providedBy(reactor)
    if pluggable:
        reactor.installNameResolver(NameResolver(Resolver(reactor, SystemLookup(reactor, _MOST_THREADS))))


def _tell(
    receiver: IResolutionReceiver,
    resolution: Resolution,
    port: int,
    kinds: Sequence[type[IAddress]] | None,
    hosts: list[str],
) -> None:
    if resolution.cancelled:
        return
    for host in hosts:
        kind = IPv6Address if ":" in host else IPv4Address
        if kinds is None or kind in kinds:
            receiver.addressResolved(kind("TCP", host, port))
    receiver.resolutionComplete()


def _nothing(tell: partial[None], _: Failure) -> None:
    tell([])
