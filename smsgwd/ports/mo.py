"""What the sending side asks when a subscriber writes."""

from __future__ import annotations

from typing import Protocol

import msgspec

from smsgwd.smpp.pdu import AlertNotification


class Addressee(msgspec.Struct, frozen=True):
    """Who gets a subscriber's message."""

    tenant: str
    account: str  #: system_id


class Subscribers(Protocol):
    """Whom messages of subscribers are for."""

    def addressee(self, connector: str, to: str) -> Addressee | None:
        """Who gets what was written to `to` (as the SMSC wrote it) on this connector; None = nobody, not yet."""
        ...

    def alert(self, connector: str, pdu: AlertNotification) -> bool:
        """Pass an alert_notification (SMPP 3.4 s4.12) on to whom its esme_addr belongs; False when nobody is there.

        It is not kept: the protocol has no answer to it.
        """
        ...
