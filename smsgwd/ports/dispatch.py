"""What the pipeline and the sweeps ask of the sending side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from smsgwd.model.message import Message


class BindStatus(msgspec.Struct, frozen=True):
    """One bind of a connector, for operators."""

    index: int
    state: str  #: connecting, binding, bound, waiting, stopped
    window_used: int
    window: int
    since: float  #: monotonic seconds at which this state began
    last_error: str = ""


class ConnectorStatus(msgspec.Struct, frozen=True):
    """One connector, for operators."""

    id: str
    kind: str
    up: bool
    ready: int  #: messages in memory, ready to go
    in_flight: int
    sent: int  #: parts accepted by the SMSC since start
    refused: int
    receipts: int
    binds: tuple[BindStatus, ...] = ()
    rate: float = 0.0  #: parts a second it allows itself now; 0 = no limit
    suspended_s: float = 0.0  #: for how long it will send nothing; 0 = it sends


class Dispatcher(Protocol):
    """The connectors, as the rest of the gateway sees them."""

    def offer(self, messages: Sequence[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """These are durable and QUEUED now: send them when it is their turn.

        `sent_parts` are, by message id, the parts an SMSC has taken in an earlier attempt: they are not sent again.
        """
        ...

    def withdraw(self, message_id: int, connector: str) -> bool:
        """Keep a message from being sent; False when it is being sent already. `restore` or a Cancel follows."""
        ...

    def give_up(self, message_id: int, connector: str) -> bool:
        """As `withdraw`, for a message that is to go over to another connector: also one whose outcome here is unknown
        (policy `resend`). False when a part of it is out, or taken. `restore` or `gone` follows."""
        ...

    def gone(self, message_ids: Sequence[int], connector: str) -> None:
        """These were given up by `give_up` and belong to another connector now, durably."""
        ...

    def down_for(self, connector: str) -> float:
        """Seconds for which the connector could not send (no bind stands, or it is suspended); 0 when it can."""
        ...

    def restore(self, message: Message) -> None:
        """Undo `withdraw`: the cancellation did not become durable."""
        ...

    def ended(self, messages: Collection[int]) -> None:
        """These expired, durably: hand out none of them, whatever the wall clock says by then."""
        ...

    def in_flight(self) -> frozenset[int]:
        """Ids of messages with a part written and not answered."""
        ...

    def ready(self) -> int:
        """Messages in memory that wait for their turn at connectors that can send; a page of each queue at most."""
        ...

    def up(self, connector: str) -> bool:
        """True when the connector can send now."""
        ...

    def status(self) -> list[ConnectorStatus]:
        """All connectors, in the order of the configuration."""
        ...


class Ways(Protocol):
    """Where else a message may go: the routes, as the sending side asks."""

    def next_way(self, message: Message, left: str) -> str | None:
        """The connector to try after `left`: of the message's route, not tried yet, one that is up before one that is
        not; None when there is none."""
        ...

    def beyond(self, message: Message, left: str) -> str | None:
        """The connector of the network for a message of DEVICE_THEN_NETWORK that the phone `left` refused for good;
        None for any other."""
        ...
