"""This node among those that share the store (`ports.nodes.Nodes`): its lease, and its part of what there is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.delivery.allotment import Slot, allot, bind_name, bind_of, owner
from smsgwd.ports.nodes import NodeLives, NodeState, NodeView, NoSuchNode, Pin
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.nodes import NodeLease, unanswered
from smsgwd.store.redis.ownership import Ownership
from smsgwd.store.redis.roster import CLOSED, OPEN, Roster, drain_field, pin_field


class SharedNodes:
    """See Nodes. Each node computes for itself what it should have, from what all of them see; who takes asks the
    server, so that two that see it differently for a moment never have the same thing.

    `lease`: not joined yet; its callbacks are taken over: `on_fenced(why)` and `on_unfenced()` are called in their
    stead, after the things were told lost, and before they are taken again. `on_intake(False)` when an operator wants
    new submissions refused here, `on_intake(True)` when no more. The other callbacks: see Ownership.
    """

    alone = False

    def __init__(
        self,
        calls: Calls,
        keys: Keys,
        lease: NodeLease,
        reactor: Any,
        *,
        on_gained: Callable[[str, str | None], object],
        let_go: Callable[[str], object],
        on_lost: Callable[[str], object],
        on_fenced: Callable[[str], object] = lambda why: None,
        on_unfenced: Callable[[], object] = lambda: None,
        on_intake: Callable[[bool], object] = lambda open_: None,
    ) -> None:
        self.name = lease.name
        self.lease = lease
        self.roster = Roster(calls, keys, reactor, self._looked)
        self._calls = calls
        self._keys = keys
        self._ownership = Ownership(
            calls, keys, lease, self.roster, on_gained=on_gained, let_go=let_go, on_lost=on_lost
        )
        self._on_fenced = on_fenced
        self._on_unfenced = on_unfenced
        self._on_intake = on_intake
        self._intake = True
        self._binds: dict[str, int] = {}
        self._others: frozenset[str] = frozenset()
        self._useful: frozenset[str] = frozenset()  # to this node in particular, whatever the rule says
        self._here: frozenset[str] = frozenset()
        self._here_of: tuple[tuple[str, ...], frozenset[str]] = ((), frozenset())
        lease.on_lost = self._lost
        lease.on_regained = self._regained

    async def start(self) -> None:
        """Join: as NodeLease.join. What is ours comes afterwards."""
        await self.lease.join()
        self.roster.start()

    def stop(self) -> Deferred[None]:
        """This node ends: others may have all of it as soon as the server hears of it. No callback is called. Whoever
        acts on things must have stopped."""
        self.roster.stop()
        return self.lease.leave()

    # -- Nodes --------------------------------------------------------------------------------------------------------

    @property
    def fenced(self) -> str:
        """See Nodes."""
        return "" if self.lease.held else self.lease.why or "it has lost it"

    def things(self, binds: Mapping[str, int], others: Collection[str], here: Collection[str] = ()) -> None:
        """See Nodes."""
        if binds != self._binds:
            self._binds = dict(binds)
            self.lease.tell(_shape(self._binds))
        self._others = frozenset(others)
        self._useful = frozenset(here)
        self._place()

    def owns(self, thing: str) -> bool:
        """See Nodes."""
        return self._ownership.owns(thing)

    def owner(self, thing: str) -> str | None:
        """See Nodes."""
        return self.roster.owner(thing)

    def owners(self) -> Mapping[str, str]:
        """See Nodes."""
        return self.roster.owners()

    def live(self) -> list[NodeView]:
        """See Nodes."""
        return [view for view in self.listed() if view.state is not NodeState.LOST]

    def listed(self) -> list[NodeView]:
        """See Nodes."""
        views = self.roster.views()
        alike = self.roster.alike(self.name)
        keys = next((view.keys for view in views if view.name == self.name), ())
        return [
            view
            if view.state is NodeState.LOST
            else msgspec.structs.replace(view, alike=view.name in alike, opens=_open_each_other(view.keys, keys))
            for view in views
        ]

    def refresh(self) -> Deferred[None]:
        """See Nodes."""
        return self.roster.refresh().addErrback(_not_asked)

    def libraries(self) -> set[str]:
        """Names of the functions that listed nodes call."""
        return {about.library for _, about in self.roster.nodes.values()}

    def binds(self) -> Mapping[str, int]:
        """See Nodes."""
        return self._binds

    def pins(self) -> list[Pin]:
        """See Nodes."""
        pins = [Pin(connector, number, node) for (connector, number), node in self.roster.pins.items()]
        return sorted(pins, key=lambda pin: (pin.connector, -1 if pin.number is None else pin.number))

    def drain(self, name: str, *, intake: bool = True) -> Deferred[None]:
        """See Nodes."""
        return Deferred.fromCoroutine(self._say(name, drain_field(name), OPEN if intake else CLOSED))

    def undrain(self, name: str) -> Deferred[None]:
        """See Nodes."""
        return Deferred.fromCoroutine(self._say(name, drain_field(name), b""))

    def forget(self, name: str) -> Deferred[None]:
        """See Nodes."""
        return Deferred.fromCoroutine(self._forget(name))

    def move(self, pin: Pin) -> Deferred[None]:
        """See Nodes."""
        return Deferred.fromCoroutine(self._say(pin.node, pin_field(pin), pin.node.encode()))

    async def _say(self, name: str, field: str, value: bytes) -> None:
        if name:
            self._check(name)
        keys = self._keys
        try:
            await self._calls.function("smsgwd_say", (keys.said, keys.nodes_mark), (secrets.token_hex(8), field, value))
        except (Unreachable, Refused) as error:
            raise StoreUnavailable(str(error)) from error
        self.roster.look()

    async def _forget(self, name: str) -> None:
        self._check(name)
        await self.refresh()
        if name in self.roster.tokens:
            raise NodeLives(f"node {name!r} lives")
        try:
            await self.roster.forget(name)
        except (Unreachable, Refused) as error:
            raise StoreUnavailable(str(error)) from error
        self.roster.look()

    def _check(self, name: str) -> None:
        if name not in self.roster.nodes:
            raise NoSuchNode(f"there is no node {name!r}; there are: {', '.join(sorted(self.roster.nodes))}")

    # -- who has what -------------------------------------------------------------------------------------------------

    def _lost(self, why: str) -> None:
        self._ownership.lease_lost()
        self._on_fenced(why)

    def _regained(self) -> None:
        self._on_unfenced()
        self._ownership.lease_regained()
        self.roster.look()

    def _looked(self, changed: bool) -> None:
        self._ownership.looked()
        if changed:
            self._place()
            intake = self.name not in self.roster.closed
            if intake != self._intake:
                self._intake = intake
                self._on_intake(intake)

    def _place(self) -> None:
        roster = self.roster
        if self.name not in roster.tokens:
            return  # not seen itself yet
        nodes = roster.taking_part()
        if not nodes:  # all are drained: nobody takes anything, and nobody could have what they have
            everything = {bind_name(name, at) for name, count in self._binds.items() for at in range(count)}
            kept = {thing for thing in self._ownership.held if thing in everything | self._others}
            self._ownership.wants(kept | self._useful)
            return
        current: dict[Slot, str] = {}
        for thing, holder in roster.owners().items():
            if (slot := bind_of(thing)) is not None:
                current[slot] = holder
        # Those that know of other binds may not want what would be theirs: nothing is left for them to take.
        alike = roster.alike(self.name)
        shares = allot(self._binds, [node for node in nodes if node in alike], current, roster.pins)
        mine = {bind_name(*slot) for slot, node in shares.items() if node == self.name}
        self._ownership.wants(mine | self._others_here(tuple(nodes)) | self._useful)

    def _others_here(self, nodes: tuple[str, ...]) -> frozenset[str]:
        """Those things without weight that are this node's; they depend on nothing but who takes part."""
        if self._here_of != (nodes, self._others):
            self._here_of = (nodes, self._others)
            self._here = frozenset(thing for thing in self._others if owner(thing, nodes) == self.name)
        return self._here


def _open_each_other(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether what is sealed under the newest key of either can be opened with the keys of the other."""
    return not some or not others or (some[0] in others and others[0] in some)


def _shape(binds: Mapping[str, int]) -> str:
    """The same for the same binds."""
    return blake2b(repr(sorted(binds.items())).encode(), digest_size=8).hexdigest()


def _not_asked(failure: Failure) -> None:
    unanswered(failure)
    raise StoreUnavailable(str(failure.value)) from failure.value
