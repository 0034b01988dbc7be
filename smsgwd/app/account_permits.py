"""The requests a second of providers' accounts: connectors of one account share them, here and on other nodes."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall

from smsgwd.app.cluster import BINDS, Cluster
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings

_EVERY_S: Final = 0.5  # which nodes run what is looked at


class AccountPermits:
    """Permits by account. Each of the nodes that run connectors of an account has its part; one that runs none yet, but
    might in a moment, counts itself among them."""

    def __init__(self, reactor: Any, cluster: Cluster) -> None:
        self._reactor = reactor
        self._cluster = cluster
        self._permits: dict[str, Permits] = {}
        self._accounts: dict[str, str] = {}  # by connector
        self._timer: IDelayedCall | None = None

    def of(self, settings: ProviderSettings) -> Permits:
        """Those of a connector's account; the last connector that was made says how many there are."""
        account = self._accounts[settings.id] = settings.group
        found = self._permits.get(account)
        if found is None:
            found = self._permits[account] = Permits(self._reactor, settings.requests_s)
        found.follow(settings.requests_s)
        if not self._cluster.alone:
            self._divide()
        return found

    def forget(self, connector: str) -> None:
        """There is no such connector any more."""
        self._accounts.pop(connector, None)

    def _divide(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._reactor.callLater(_EVERY_S, self._divide)
        me = self._cluster.node
        nodes: dict[str, set[str]] = {account: {me} for account in self._permits}
        for connector, account in self._accounts.items():
            owner = self._cluster.owner(BINDS, f"{connector}:0")
            if owner is not None:
                nodes[account].add(owner)
        for account, permits in self._permits.items():
            permits.divide(sorted(nodes[account]).index(me), len(nodes[account]))
