"""What the pipeline and the sweeps ask of the sending side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from smsgwd.model.message import Message

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class BindStatus(msgspec.Struct, frozen=True):
    """One bind of a connector, for operators."""

    index: int
    state: str  #: connecting, binding, bound, waiting, stopped
    window_used: int
    window: int
    since: float  #: monotonic seconds at which this state began
    last_error: str = ""
    lost: int = 0  #: times that it broke, since start
    last_loss: str = ""  #: why the last time


class ProviderStatus(msgspec.Struct, frozen=True):
    """What a connector of kind provider has besides, for operators."""

    plugin: str
    state: str  #: of the plugin: stopped, starting, running, failed (it is tried again)
    trouble: str = ""  #: why it failed last
    pid: int = 0  #: the process it runs in; 0 = the gateway's own, or none
    halted: str = ""  #: parked (no credit), stopped (credentials); '' = neither
    halted_why: str = ""  #: the provider's word for that
    circuit_open: bool = False  #: it does not answer and is left alone
    circuit_why: str = ""
    permits_waiting: int = 0  #: requests that wait for their turn in the account's limit
    balance: float | None = None  #: None = not known
    currency: str = ""  #: '' = messages
    balance_at: int | None = None  #: when that was said, milliseconds since 1970, UTC
    facts: tuple[tuple[str, str], ...] = ()  #: what else the provider says of the account
    polls_waiting: int = 0  #: messages whose state is to be asked for
    requests: int = 0  #: HTTP requests since start
    callbacks: int = 0  #: taken, since start
    callback_url: str = ""  #: a secret: whoever has it can report in the provider's name


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
    state: str = "on"  #: what operators want of it: on, paused (bound, sends nothing), stopped (no binds)
    throughput: float = 0.0  #: parts a second that it is set to; 0 = no limit
    window: int = 0  #: submits without an answer that each bind is set to
    unknown: int = 0  #: submits whose answer never came, since start
    throttled: int = 0  #: answers that asked to slow down, since start
    binds_lost: int = 0  #: since start
    errors: tuple[tuple[str, int], ...] = ()  #: refusals by name of the status, since start, the most frequent first
    answer_ms: float = 0.0  #: how long its SMSC takes to answer, the recent ones weighing most; 0 = none so far
    provider: ProviderStatus | None = None  #: of kind provider alone
    elsewhere: bool = False  #: all of its binds are other nodes', which share the store


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


class Control(Protocol):
    """What operators do to connectors while they run. ValueError for one that there is not; nothing is remembered over
    a restart: whoever wants that tells it again (`app`)."""

    def pause(self, connector: str) -> None:
        """Send nothing more; binds stay and receipts are taken. As long as it lasts the connector is not `up`, and
        `down_for` counts: what has another way may take it."""
        ...

    def resume(self, connector: str) -> None:
        """Send again; also ends a suspension that a status of the SMSC began."""
        ...

    def stop(self, connector: str) -> Deferred[None]:
        """Send nothing more, wait for the answers that are due, unbind; fires when all its binds are closed."""
        ...

    def start_one(self, connector: str) -> None:
        """Bind again, and send, after `stop` (or `pause`)."""
        ...

    def rebind(self, connector: str, bind: int | None = None) -> None:
        """Leave a bind, or all, in order and bind anew at once; one that waits for its next try tries now."""
        ...

    def set_limits(self, connector: str, *, throughput: float | None = None, window: int | None = None) -> None:
        """Another rate (parts a second, 0 = no limit) or window for each bind, from now on; None = as it is."""
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
