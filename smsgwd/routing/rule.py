"""One route: what it takes, where it leads, what it changes. Declarative, as an operator wrote it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

_DAY = 24 * 60


class Hours(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A window of the local day. One that ends before it begins goes over midnight; its day is that of its begin."""

    begin: int = 0  #: minutes after local midnight
    end: int = _DAY  #: not included
    days: tuple[int, ...] = ()  #: 0 = Monday; empty = every day
    zone: str = "UTC"  #: IANA name

    def open_at(self, now: int) -> bool:
        """True when `now` (milliseconds since 1970, UTC) is in the window."""
        local = datetime.fromtimestamp(now / 1000, ZoneInfo(self.zone))
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begin < self.end:
            return self.begin <= minute < self.end and (not self.days or day in self.days)
        if minute < self.end:
            day = (day - 1) % 7
        elif minute < self.begin:
            return False
        return not self.days or day in self.days


class Rewriting(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a route makes of addresses on the air; the tenant goes on seeing its own."""

    sender: str | None = None  #: every sender becomes this one
    senders: tuple[tuple[str, str], ...] = ()  #: (this sender, becomes this one); goes before `sender`
    strip: str = ""  #: digits taken off the front of the number, where it begins with them
    add: str = ""  #: digits put in front of it, after that


class Rule(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One route. A pattern is a number, sender or network, a prefix followed by `*`, or `*` alone; any of a list may
    match. What is empty or None asks nothing."""

    connectors: tuple[str, ...]
    to: tuple[str, ...] = ("*",)
    sender: tuple[str, ...] = ("*",)
    tenant: str | None = None
    strategy: str = "failover"  #: failover, round_robin, weighted, least_cost, sticky
    on_undelivered: str = "final"  #: final, next: what a receipt 'undelivered' or 'rejected' means
    id: str = ""
    networks: tuple[str, ...] = ()  #: mcc+mnc such as 20201, or 202*
    min_parts: int = 1
    max_parts: int = 255
    codings: tuple[int, ...] = ()  #: `model.message.Coding`
    priorities: tuple[int, ...] = ()
    hours: Hours | None = None
    channel: str | None = None  #: network, device: what it is taken to go by; None = as its connectors do
    weights: tuple[int, ...] = ()  #: of `weighted`, one a connector; 0 = only when no other is up
    margin: int | None = None  #: least percent of the price that must remain after the connector's; 0 = never at a loss
    rewriting: Rewriting | None = None

    def fallback(self, chosen: str) -> str | None:
        """What `Message.fallback` says of a message that begins at `chosen`: the other connectors, joined by ','."""
        if self.on_undelivered != "next":
            return None
        return ",".join(connector for connector in self.connectors if connector != chosen) or None

    @property
    def simple(self) -> bool:
        """True when there is nothing to choose."""
        return len(self.connectors) == 1 and self.margin is None

    @property
    def steady(self) -> bool:
        """True when two messages of one moment go the same way whoever they are for."""
        return self.margin is None and (self.strategy == "failover" or len(self.connectors) == 1)

    @property
    def prices_matter(self) -> bool:
        """True when the choice depends on what connectors cost."""
        return self.margin is not None or (self.strategy == "least_cost" and len(self.connectors) > 1)

    @property
    def rewrites(self) -> bool:
        """True when sender or number may become another."""
        return self.rewriting is not None
