"""This process among those that share its store: what is its own, and what the others tell it.

Who does something that only one node may do takes a kind of things: `b` binds of connectors, `t` groups of targets, `u`
roles. It says what there is (`declare`), and hears what becomes its own and what no more. Who keeps something that
others may change hears of it by topics (`listen`), and tells them (`tell`). With the embedded store everything is this
process's own at once, and nobody else is told anything.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred, succeed

from smsgwd import __version__
from smsgwd.model.ids import node_number
from smsgwd.ports.claims import ALWAYS, Claims, Lease
from smsgwd.ports.nodes import Nodes, NodeState, NodeView
from smsgwd.store.alone import Alone
from smsgwd.telemetry import get_logger

if TYPE_CHECKING:
    from smsgwd.store.redis.account_binds import AccountBinds
    from smsgwd.store.redis.changed import Changed
    from smsgwd.store.redis.nodes import NodeLease
    from smsgwd.store.redis.placing import SharedNodes
    from smsgwd.store.redis.store import RedisStore
    from smsgwd.store.redis.wakes import Wakes

_LINK_S: Final = 1.0  # that the server may take to answer a renewal
BINDS: Final = "b"
TARGETS: Final = "t"
ROLES: Final = "u"
_log = get_logger("daemon")


class Holder(Protocol):
    """Acts on things of one kind. Names have the kind and ':' before them."""

    def gained(self, thing: str, dead: str | None) -> object:
        """It is ours. `dead` names the node that had it and died, None if nobody had it."""
        ...

    def let_go(self, thing: str) -> Deferred[None] | None:
        """Another node should have it: stop acting on it; when this fires (or at once), it may."""
        ...

    def lost(self, thing: str) -> object:
        """It is gone already: stop at once."""
        ...


class Cluster:
    """The nodes, and who here hears of what. `node` is this one's name."""

    def __init__(self, node: str, now_ms: Callable[[], int]) -> None:
        self.node = node
        self.number = node_number(node)  #: that this node's ids have in them; known after `join`
        #: Figures that the other nodes see of this one.
        self.load: Callable[[], Mapping[str, float]] = dict
        #: Ids of this node's secret keys, newest first: those of all nodes must be the same.
        self.key_ids: Callable[[], tuple[str, ...]] = tuple
        #: Called when the lease is lost (with why), and when there is a new one.
        self.fenced: Callable[[str], object] = lambda why: None
        self.unfenced: Callable[[], object] = lambda: None
        #: Called when an operator wants new submissions refused here (False), and taken again (True).
        self.intake: Callable[[bool], object] = lambda open_: None
        self.leases_lost = 0  #: since the start
        self.take_overs: Counter[str] = Counter()  #: things taken from nodes that died, by kind
        self.lease: Lease = ALWAYS  #: asked before each act that only one node may do
        self.claims: Claims | None = None  #: on what is ready; None = all of it is this process's
        self._holders: dict[str, Holder] = {}
        self._heard: dict[str, list[Callable[[str], object]]] = {}
        self._binds: Mapping[str, int] = {}
        self._others: dict[str, tuple[str, ...]] = {}  # things by their kind
        self._useful: dict[str, tuple[str, ...]] = {}  # the same of what is of use to this node in particular
        self._begun = False
        self._view = NodeView(node, NodeState.UP, socket.gethostname(), os.getpid(), __version__, now_ms())
        self.nodes: Nodes = Alone(lambda: self._view, self._gained, self._let_go)

    @property
    def alone(self) -> bool:
        """True when the store is not shared."""
        return self.nodes.alone

    def others(self) -> list[str]:
        """Names of the other nodes that live, as far as this one knows."""
        return [each.name for each in self.nodes.listed() if each.name != self.node and each.state != NodeState.LOST]

    # -- what is whose ---------------------------------------------------------------------------------------------

    def hold(self, kind: str, holder: Holder) -> None:
        """Who acts on the things of a kind. Before `start`."""
        self._holders[kind] = holder

    def declare(self, kind: str, names: Collection[str]) -> None:
        """All things of a kind but binds there are from now on, without their kind."""
        self._others[kind] = tuple(f"{kind}:{name}" for name in names)
        self._declared()

    def declare_binds(self, binds: Mapping[str, int]) -> None:
        """How many binds each connector has from now on."""
        self._binds = dict(binds)
        self._declared()

    def declare_here(self, kind: str, names: Collection[str]) -> None:
        """All things of a kind that are of use here: each is ours from now on while no other node has it."""
        self._useful[kind] = tuple(f"{kind}:{name}" for name in names)
        self._declared()

    def owner(self, kind: str, name: str) -> str | None:
        """The living node that has it, as far as this one knows."""
        return self.nodes.owner(f"{kind}:{name}")

    def owns(self, kind: str, name: str) -> bool:
        """Whether this is ours at this moment: asked before each act that only one node may do."""
        return self.nodes.owns(f"{kind}:{name}")

    def _declared(self) -> None:
        if self._begun:
            others, here = (
                [thing for things in kinds.values() for thing in things] for kinds in (self._others, self._useful)
            )
            self.nodes.things(self._binds, others, here)

    def _gained(self, thing: str, dead: str | None) -> None:
        holder = self._holders.get(thing.partition(":")[0])
        if dead is not None and dead != self.node:
            self.take_overs[thing.partition(":")[0]] += 1
            if not thing.startswith(f"{TARGETS}:"):  # hundreds at once
                _log.warning("node.taken_over", thing=thing, dead=dead)
        if holder is not None:
            holder.gained(thing, dead)

    def _let_go(self, thing: str) -> Deferred[None] | None:
        holder = self._holders.get(thing.partition(":")[0])
        return None if holder is None else holder.let_go(thing)

    def _lost(self, thing: str) -> None:
        holder = self._holders.get(thing.partition(":")[0])
        if holder is not None:
            holder.lost(thing)

    # -- what others tell ------------------------------------------------------------------------------------------

    def listen(self, kind: str, heard: Callable[[str], object]) -> None:
        """Have `heard(rest)` called for topics '<kind>:<rest>' of other nodes, and with '' when some may have been
        missed: everything may have changed then."""
        self._heard.setdefault(kind, []).append(heard)

    def tell(self, topic: str) -> None:
        """Tell the other nodes; whoever does not hear it finds out by looking now and then."""

    def _woken(self, topic: str) -> None:
        """A call of some node, be it this one; '' = calls may have been missed."""
        kind, _, rest = topic.partition(":")
        for name, listeners in self._heard.items():
            if not topic or name == kind:
                for heard in listeners:
                    heard(rest)

    def account_binds(self) -> AccountBinds | None:
        """Counts the binds of SMPP accounts on all nodes; None where there are no others."""
        return None

    @property
    def lease_age_s(self) -> float:
        """Since this node's lease was renewed; 0 where it needs none."""
        return 0.0

    # -- life ------------------------------------------------------------------------------------------------------

    async def join(self) -> None:
        """Be one of the nodes, before the store is written to. Raises CannotOpen when there is another of this name."""

    def start(self) -> None:
        """Everybody who holds something is there: what is ours is told from now on."""
        self._begun = True
        self._declared()

    def stop(self) -> Deferred[None]:
        """Leave: what was ours is free. Whoever acts on it must have stopped."""
        return succeed(None)


class SharedCluster(Cluster):
    """With a Redis store, which has the nodes and carries what they tell each other."""

    def __init__(self, node: str, now_ms: Callable[[], int], store: RedisStore, reactor: Any) -> None:
        super().__init__(node, now_ms)
        # What it needs costs memory that gateways with the embedded store do not spend.
        from smsgwd.store.redis.account_binds import AccountBinds
        from smsgwd.store.redis.changed import Changed
        from smsgwd.store.redis.nodes import About, NodeLease, place_of_this_process
        from smsgwd.store.redis.placing import SharedNodes
        from smsgwd.store.redis.wakes import Wakes

        view = self._view
        self._store = store
        self._link = store.another_link(_LINK_S, self._link_changed)
        self._lease: NodeLease = NodeLease(
            self._link,
            store.keys,
            node,
            About(
                view.host,
                view.pid,
                view.version,
                view.since,
                library=store.library.name,
                place=place_of_this_process(),
            ),
            reactor,
            lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
            load=lambda: self.load(),
            key_ids=lambda: self.key_ids(),
        )
        self._shared: SharedNodes = SharedNodes(
            self._link,
            store.keys,
            self._lease,
            reactor,
            on_gained=self._gained,
            let_go=self._let_go,
            on_lost=self._lost,
            on_fenced=self._fenced,
            on_unfenced=self._unfenced,
            on_intake=lambda open_: self.intake(open_),
        )
        self._wakes: Wakes = Wakes(self._link, store.keys, self._woken)
        #: What other nodes change of tenants and records.
        self.changed: Changed = Changed(self._link, store.keys, node, reactor)
        self._binds_of = AccountBinds(
            self._link, store.keys, self._lease, lambda: [each.name for each in self._shared.listed()], reactor
        )
        self.nodes = self._shared
        self.lease, self.claims = self._lease, store.claims
        store.fence = self._lease.fence
        store.on_fenced = self._lease.doubt

    def _link_changed(self, up: bool) -> None:
        self._wakes.link_changed(up)
        self.changed.link_changed(up)
        if up:
            self._lease.doubt()

    def _fenced(self, why: str) -> None:
        self.leases_lost += 1
        _log.error("node.fenced", reason=why)
        self.fenced(why)

    def _unfenced(self) -> None:
        _log.warning("node.unfenced")
        self._binds_of.again()
        self.unfenced()

    def account_binds(self) -> AccountBinds | None:
        """See Cluster."""
        return self._binds_of

    @property
    def lease_age_s(self) -> float:
        """See Cluster."""
        return self._lease.age_s

    def tell(self, topic: str) -> None:
        """See Cluster."""
        self._store.publish(topic)

    async def join(self) -> None:
        """See Cluster."""
        from smsgwd.store.redis.errors import Refused, Unreachable
        from smsgwd.store.redis.nodes import NameTaken
        from smsgwd.store.writer import CannotOpen

        try:
            await self._link.connect()
            await self._shared.start()
            await self.changed.begin()
        except (Unreachable, Refused, NameTaken) as error:
            raise CannotOpen(f"store: {error}") from None
        self.number = self._store.memory.node_number = self._lease.number
        Deferred.fromCoroutine(self._tidy()).addErrback(lambda _: None)  # the next node to start does it

    async def _tidy(self) -> None:
        """Functions that no node calls any more, of versions that were here before, go."""
        from smsgwd.store.redis.library import tidy

        await self._shared.refresh()
        await tidy(self._link, self._store.library, self._shared.libraries())

    def stop(self) -> Deferred[None]:
        """See Cluster."""
        self.changed.stop()
        return self._shared.stop().addCallback(lambda _: self._link.close())
