"""The processes that share a store: who there is, who does what, and what operators say to that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class NodeState(StrEnum):
    """What a node is to the others."""

    UP = "up"
    DRAINING = "draining"  #: lives, and gives what it has to those that are up
    LOST = "lost"  #: without a lease: dead, or cut off


class NodeView(msgspec.Struct, frozen=True):
    """A node as it was last heard of."""

    name: str
    state: NodeState
    host: str = ""
    pid: int = 0
    version: str = ""
    since: int = 0  #: its start, milliseconds since 1970, UTC
    age_s: float = 0.0  #: since it told this
    load: dict[str, float] = {}  #: figures by name
    number: int = 0  #: that its ids have in them (`model.ids.node_of`); 0 = not told yet
    lease_s: float = -1.0  #: since its lease was renewed; -1 = it has none
    intake: bool = True  #: False: it was drained, and is to refuse new submissions, too
    alike: bool = True  #: False: its configuration has other connectors or binds than this node's
    keys: tuple[str, ...] = ()  #: ids of its secret keys, newest first
    opens: bool = True  #: False: what it seals this node cannot open, or the other way round


class Pin(msgspec.Struct, frozen=True):
    """Where an operator wants a connector's binds: one of them, or all that have no pin of their own."""

    connector: str
    number: int | None = None  #: of the bind, from 0
    node: str = ""  #: '' = wherever the rule puts them


class NoSuchNode(LookupError):  # noqa: N818 -- what it says
    """No node of this name is known."""


class NodeLives(Exception):  # noqa: N818
    """It has a lease: it cannot be forgotten."""


class NotShared(Exception):  # noqa: N818
    """The store belongs to one process: there is nowhere to move anything to."""


class Nodes(Protocol):
    """What this process knows of all of them. Names of things: see `smsgwd.delivery.allotment.bind_name`."""

    name: str  #: of this node
    alone: bool  #: True: the store is not shared, everything is ours for ever

    @property
    def fenced(self) -> str:
        """Why this node has no lease and must do nothing that only one may do; '' = it has one."""
        ...

    def things(self, binds: Mapping[str, int], others: Collection[str], here: Collection[str] = ()) -> None:
        """All there is to own by now: binds of each connector, and things without weight (roles, targets); `here` are
        things that are of use to this node in particular, which has each of them while no other node has it. What of
        it is this node's it hears one by one, from the callbacks it gave when this was made."""
        ...

    def owns(self, thing: str) -> bool:
        """Whether it is this node's at this moment. False as soon as the lease may be gone: ask before each act that
        only one node may do."""
        ...

    def owner(self, thing: str) -> str | None:
        """The living node that has it, as far as this one knows."""
        ...

    def owners(self) -> Mapping[str, str]:
        """Things by name, and the living node that has each."""
        ...

    def live(self) -> list[NodeView]:
        """Nodes that live, this one with them, by name."""
        ...

    def listed(self) -> list[NodeView]:
        """All nodes, lost ones too, by name. One that was stopped is in no list."""
        ...

    def refresh(self) -> Deferred[None]:
        """Look at all nodes now, with what they tell of themselves, which else is some seconds old. Fails with
        StoreUnavailable."""
        ...

    def binds(self) -> Mapping[str, int]:
        """How many binds each connector has, whosesoever they are."""
        ...

    def pins(self) -> list[Pin]:
        """What is pinned, by connector and number."""
        ...

    def drain(self, name: str, *, intake: bool = True) -> Deferred[None]:
        """Have a node give what it has to others, until `undrain` or its next start; without `intake` it refuses new
        submissions, too. Fails with NoSuchNode, NotShared, StoreUnavailable."""
        ...

    def undrain(self, name: str) -> Deferred[None]:
        """It takes part again. Fails as `drain` does."""
        ...

    def forget(self, name: str) -> Deferred[None]:
        """A lost node is not coming back: it is listed no more. Fails as `drain`, and with NodeLives."""
        ...

    def move(self, pin: Pin) -> Deferred[None]:
        """Pin binds to a node, or unpin them. Obeyed while that node lives and is not drained. Fails as `drain`."""
        ...
