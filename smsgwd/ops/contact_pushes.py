"""`connector push-contacts`: tell a provider of all contacts of the tenant whose connector it is."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import Command, Parameter


class Count(msgspec.Struct, gc=False):
    """What became of contacts: neither pushed nor refused are those that the provider could not be told of."""

    contacts: int = 0
    pushed: int = 0
    refused: int = 0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)  #: how many were refused for what
    numbers: list[dict[str, str]] = msgspec.field(default_factory=list)  #: some of the refused ones, `number`, `reason`

    def add(self, other: Count, named: int) -> None:
        """Count others, too; `named` refused ones at most are named."""
        self.contacts += other.contacts
        self.pushed += other.pushed
        self.refused += other.refused
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.numbers = (self.numbers + other.numbers)[:named]


class Desk(Protocol):
    """Tells providers of contacts."""

    def push_all(self, connector: str) -> Deferred[Count]:
        """All that the tenant has, from the first one on. Fails with Refused where the connector has no plugin that
        takes contacts, or no tenant, or where the provider could not be told; StoreUnavailable."""
        ...


class ContactPushCommands:
    """The commands."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "connector",
                "push-contacts",
                "Tell the provider of all contacts of the connector's tenant; how many it took, and why not the others",
                lambda params: carried_out(self._push(params["id"])),
                (Parameter("id", "Its id, of a connector of kind provider", required=True, values="connector"),),
                changes=True,
                long=True,
                role="operate",
                look=lambda params: {"connector": params["id"]},
                examples=("connector push-contacts ardary1",),
            )
        ]

    async def _push(self, name: str) -> dict[str, Any]:
        count = await self._desk.push_all(name)
        return {"connector": name, **msgspec.structs.asdict(count)}
