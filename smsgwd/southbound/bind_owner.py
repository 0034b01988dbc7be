"""Where a bind is, and who it reports to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from smsgwd.smpp import events as e
from smsgwd.smpp.pdu import Pdu

if TYPE_CHECKING:
    from smsgwd.southbound.bind import Bind


class BindState(Enum):
    """Where a bind is; the value is what operators see."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    BINDING = "binding"
    BOUND = "bound"
    CLOSING = "closing"
    WAITING = "waiting"


class BindOwner(Protocol):
    """The connector, as its binds see it."""

    def bound(self, bind: Bind) -> None:
        """The bind can be used."""
        ...

    def answered(self, bind: Bind, pdu: Pdu, context: Any, sent_at: float) -> None:
        """The SMSC answered a request that was written at `sent_at` (monotonic seconds)."""
        ...

    def answered_many(self, bind: Bind, answers: Sequence[e.Answer]) -> None:
        """The SMSC answered requests, plainly: `answered` for each of them."""
        ...

    def asked(self, bind: Bind, pdus: Sequence[Pdu]) -> None:
        """The SMSC sent requests: answer them on `bind.connection`, now or later."""
        ...

    def unanswered(self, bind: Bind, context: Any, reason: str) -> None:
        """A request that left this process will not be answered any more: its outcome is unknown."""
        ...

    def unsent(self, bind: Bind, context: Any) -> None:
        """A request never left this process."""
        ...

    def late(self, bind: Bind, pdu: Pdu, context: Any) -> None:
        """A response to nothing that is waited for; `context` of the request if that was given up, else None."""
        ...

    def lost(self, bind: Bind) -> None:
        """A bound session is over."""
        ...

    def settled(self, bind: Bind) -> None:
        """The calls above that one read brought are over, or the state has changed: look what can be sent."""
        ...
