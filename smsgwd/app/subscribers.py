"""Whom messages of subscribers are for: the MO routes and the tenants, as the sending side asks (`ports.mo`)."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.accounts.directory import Directory
from smsgwd.mo.routes import MoRoutes
from smsgwd.ports.mo import Addressee
from smsgwd.smpp.pdu import AlertNotification


class MoDesk:
    """`ports.mo.Subscribers`. `alert` hands an alert_notification to a bind of an account, if there is one."""

    def __init__(self, routes: MoRoutes, directory: Directory, alert: Callable[[str, AlertNotification], bool]) -> None:
        self._routes = routes
        self._directory = directory
        self._alert = alert

    def addressee(self, connector: str, to: str) -> Addressee | None:
        """See `ports.mo.Subscribers`. An account that is not there (any more) is nobody: the SMSC keeps the message."""
        name = self._routes.account(connector, to)
        owner = None if name is None else self._directory.system_id(name)
        return None if name is None or owner is None else Addressee(owner.tenant.id, name)

    def alert(self, connector: str, pdu: AlertNotification) -> bool:
        """See `ports.mo.Subscribers`."""
        found = self.addressee(connector, pdu.esme_addr.decode("latin-1"))
        return found is not None and self._alert(found.account, pdu)
