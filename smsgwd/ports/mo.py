"""What the sending side asks when a subscriber writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smsgwd.model.changes import KeepMoPart, MoKept, TakeMo
from smsgwd.model.mo import Mo
from smsgwd.smpp.pdu import AlertNotification


class Subscribers(Protocol):
    """Whom messages of subscribers are for."""

    def change(self, mo: Mo, group: str) -> TakeMo | KeepMoPart | None:
        """What is to be committed for one deliver_sm of an SMSC account group before it is acknowledged; None = it is
        nobody's, and the SMSC shall keep it."""
        ...

    def kept(self, results: Sequence[MoKept]) -> None:
        """These parts are durable: whole messages among them go on."""
        ...

    def opted(self, change: TakeMo) -> None:
        """This is durable, and with it a number on an opt-out list, or off it (`opts_out`)."""
        ...

    def alert(self, connector: str, pdu: AlertNotification) -> bool:
        """Pass an alert_notification (SMPP 3.4 s4.12) on to whom its esme_addr belongs; False when nobody is there.

        It is not kept: the protocol has no answer to it.
        """
        ...
