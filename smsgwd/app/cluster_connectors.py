"""This node's part of the connectors, where several nodes share the store: what it owns of their binds it is bound
with, and what it has claimed of their messages it sends.

Who leaves a connector releases what it has claimed of it when nothing is out any more. What a dead node had claimed is
released by whoever takes its binds, and by anybody who finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from smsgwd.app.cluster import BINDS, Cluster
from smsgwd.app.core import Core
from smsgwd.delivery.allotment import bind_of
from smsgwd.model.records import CONNECTOR
from smsgwd.ports.claims import Claims
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.divided import Divided
from smsgwd.southbound.shares import AnySettings, slots_of
from smsgwd.telemetry import get_logger

READY: Final = "q"  #: topics: something is ready and nobody's, for the connector that follows
RECORDS: Final = "r"  #: records of the kind that follows have changed
_REBIND: Final = "rebind"  # and: the node that was asked, a connector to bind anew
_FIRST_S: Final = 0.1
_LOOK_S: Final = 1.5  # a call may be missed
_TIDY_EVERY: Final = 3  # looks
_AGAIN_S: Final = 0.25  # when the store did not do it
_ANSWERED_S: Final = 0.05  # between looks at whether anything is out still
_DOWN_S: Final = 3.0  # then others get what was claimed, where they can send it
_DOWN: Final = "down:"  # in what nodes tell of themselves: connectors that they cannot send for
_log = get_logger("daemon")


class _Part:
    """One connector."""

    def __init__(self) -> None:
        self.slots: set[int] = set()  # that this node owns
        self.count = 0  # how many the connector was told
        self.dirty = True  # there may be claims
        self.busy = False  # they are being released: nothing is to be claimed before that is done
        self.down_since: float | None = None


class ClusterConnectors:
    """Holds binds (`cluster.Holder`). `start` when the connectors were started, which have nothing then."""

    def __init__(self, cluster: Cluster, claims: Claims, dispatcher: Divided, clock: Clock, reactor: Any) -> None:
        self._cluster = cluster
        self._claims = claims
        self._dispatcher = dispatcher
        self._clock = clock
        self._reactor = reactor
        self._parts: dict[str, _Part] = {}
        self._elsewhere: frozenset[str] = frozenset()
        self._fenced = False
        self._stopped = False
        self._looks = 0
        self._tidying = False
        self._timer: IDelayedCall | None = None
        dispatcher.shares.elsewhere = lambda connector: connector in self._elsewhere
        cluster.hold(BINDS, self)
        cluster.listen(READY, self._ready)
        cluster.fenced, cluster.unfenced = self._fence, self._unfence
        figures = cluster.load
        cluster.load = lambda: {**figures(), **self.load()}

    def start(self, wanted: Callable[[], Deferred[None]], rebind: Callable[[str], object]) -> None:
        """See NodeConnectors: look now and then from now on."""

        def heard(kind: str) -> None:
            if kind in ("", CONNECTOR):
                wanted().addErrback(_later)

        def asked(rest: str) -> None:
            node, _, connector = rest.partition(":")
            if node not in ("", self._cluster.node):
                rebind(connector)

        self._cluster.listen(RECORDS, heard)
        self._cluster.listen(_REBIND, asked)
        self._timer = self._reactor.callLater(_FIRST_S, self._look)

    def declare(self, connectors: Sequence[AnySettings]) -> None:
        """See NodeConnectors."""
        self._cluster.declare_binds({settings.id: slots_of(settings) for settings in connectors})

    def changed(self) -> None:
        """See NodeConnectors."""
        self._cluster.tell(f"{RECORDS}:{CONNECTOR}")

    def rebind(self, connector: str) -> None:
        """See NodeConnectors."""
        self._cluster.tell(f"{_REBIND}:{self._cluster.node}:{connector}")

    def stop(self) -> Deferred[None]:
        """See NodeConnectors."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return Deferred.fromCoroutine(self._give_all_back()).addErrback(_unexpected)

    def load(self) -> dict[str, float]:
        """What the other nodes are to know: for which of its connectors nothing can be sent from here."""
        up = self._sends
        return {f"{_DOWN}{name}": 1.0 for name, part in self._parts.items() if part.count and not up(name)}

    # -- cluster.Holder --------------------------------------------------------------------------------------------

    def gained(self, thing: str, dead: str | None) -> None:
        """See Holder."""
        connector, number = _slot(thing)
        self._part(connector).slots.add(number)
        if dead is not None and dead != self._cluster.node:
            self._claims.release_of(connector, dead).addErrback(_later)  # else it is found when looked for
        self._settle(connector)

    def let_go(self, thing: str) -> Deferred[None]:
        """See Holder."""
        connector, number = _slot(thing)
        self._part(connector).slots.discard(number)
        self._settle(connector)
        return self._dispatcher.left(connector)

    def lost(self, thing: str) -> None:
        """See Holder."""
        connector, number = _slot(thing)
        part = self._part(connector)
        part.slots.discard(number)
        part.dirty = True
        part.count = min(part.count, len(part.slots))
        self._dispatcher.share(connector, part.count, cut=True)
        self._settle(connector)

    # -- the lease -------------------------------------------------------------------------------------------------

    def _fence(self, why: str) -> None:
        self._fenced = True
        for name, part in self._parts.items():
            part.slots.clear()
            part.dirty = True
            part.count = 0
            self._dispatcher.share(name, 0, cut=True)

    def _unfence(self) -> None:
        self._fenced = False
        for name in list(self._parts):
            self._settle(name)
        self._looks = 0

    # -- one connector ---------------------------------------------------------------------------------------------

    def _part(self, connector: str) -> _Part:
        part = self._parts.get(connector)
        if part is None:
            part = self._parts[connector] = _Part()
        return part

    def _settle(self, connector: str) -> None:
        """Have the connector as it should be."""
        part = self._parts[connector]
        count = len(part.slots)
        if part.busy or self._fenced or self._stopped:
            return
        if count and part.count:  # it goes on, with more or fewer binds
            if count != part.count:
                part.count = count
                self._dispatcher.share(connector, count)
        elif count:  # what it claimed before is its own as long as nobody releases that: it begins with it
            part.dirty = True
            part.count = count
            self._dispatcher.share(connector, count)
        elif part.count or part.dirty:
            part.busy = True
            Deferred.fromCoroutine(self._leave(connector, part)).addErrback(_unexpected)

    async def _leave(self, connector: str, part: _Part) -> None:
        """It has none of the connector any more."""
        try:
            if part.count:
                part.count = 0
                self._dispatcher.share(connector, 0)
            if await self._released(connector) and not self._fenced:
                part.dirty = False
        finally:
            part.busy = False
        if part.slots or not part.dirty:
            self._settle(connector)
        else:
            self._reactor.callLater(_AGAIN_S, self._settle, connector)

    async def _released(self, connector: str) -> bool:
        """Release what is claimed, when nothing is out; whether that was done."""
        while self._dispatcher.busy(connector):
            await deferLater(self._reactor, _ANSWERED_S, lambda: None)
        if self._fenced:
            return False
        try:
            await self._claims.release(connector)
        except StoreUnavailable:
            return False
        return True

    async def _give_all_back(self) -> None:
        for name, part in self._parts.items():
            if part.dirty and not self._fenced:
                queue = self._dispatcher.queue(name)
                if queue is not None:
                    queue.present(False)
                try:
                    await self._claims.release(name)
                except StoreUnavailable:
                    return  # whoever takes the binds does it

    # -- looking now and then --------------------------------------------------------------------------------------

    def _ready(self, connector: str) -> None:
        """A node says that something is ready; '' = perhaps anything."""
        for name in (connector,) if connector else self._parts:
            queue = self._dispatcher.queue(name)
            if queue is not None:
                queue.look()

    def _look(self) -> None:
        self._timer = self._reactor.callLater(_LOOK_S, self._look)
        self._learn()
        tidy = self._looks % _TIDY_EVERY == 0
        self._looks += 1
        now = self._clock.monotonic()
        for name, part in self._parts.items():
            queue = self._dispatcher.queue(name)
            if queue is None or not part.count:
                continue
            queue.look()
            if tidy:
                queue.look_again()
            self._look_down(name, part, now)
        if tidy and not self._tidying and not self._fenced:
            self._tidying = True
            Deferred.fromCoroutine(self._tidy()).addErrback(_later)

    def _learn(self) -> None:
        """For which connectors other nodes can send."""
        nodes = self._cluster.nodes
        down = {view.name: view.load for view in nodes.live()}
        found = set()
        for thing, node in nodes.owners().items():
            slot = bind_of(thing)
            if slot is not None and node != self._cluster.node and not down.get(node, {}).get(f"{_DOWN}{slot[0]}"):
                found.add(slot[0])
        self._elsewhere = frozenset(found)

    def _sends(self, connector: str) -> bool:
        queue = self._dispatcher.queue(connector)
        return queue is not None and queue.able

    def _look_down(self, connector: str, part: _Part, now: float) -> None:
        """Others get what waits here, where nothing can be sent for a while and they can."""
        queue = self._dispatcher.queue(connector)
        if queue is None or queue.able:
            part.down_since = None
            return
        if part.down_since is None:
            part.down_since = now
        waits = len(queue) > 0 and connector in self._elsewhere
        if waits and now - part.down_since >= _DOWN_S and not part.busy and not self._dispatcher.busy(connector):
            part.busy = True
            Deferred.fromCoroutine(self._hand_back(connector, part)).addErrback(_unexpected)

    async def _hand_back(self, connector: str, part: _Part) -> None:
        queue = self._dispatcher.queue(connector)
        assert queue is not None
        queue.present(False)
        released = False
        try:
            released = await self._released(connector)
        finally:
            part.busy = False
        if part.count and released:
            queue.present(True)
        elif part.count:  # it begins anew
            part.count = 0
        self._settle(connector)

    async def _tidy(self) -> None:
        """Release what is claimed by nodes that are no more, and what this one claims no more."""
        try:
            live = {view.name for view in self._cluster.nodes.live()}
            for connector, node in await self._claims.holders():
                if node == self._cluster.node:
                    part = self._parts.get(connector)
                    if part is None or not (part.busy or part.count or part.slots or self._dispatcher.busy(connector)):
                        await self._claims.release(connector)
                elif node not in live:
                    await self._claims.release_of(connector, node)
        finally:
            self._tidying = False


def connectors_of_nodes(core: Core, dispatcher: Divided, reactor: Any) -> ClusterConnectors | None:
    """This node's part of the connectors; None where it has all."""
    claims = core.cluster.claims
    return None if claims is None else ClusterConnectors(core.cluster, claims, dispatcher, core.clock, reactor)


def _slot(thing: str) -> tuple[str, int]:
    slot = bind_of(thing)
    assert slot is not None
    return slot


def _later(failure: Failure) -> None:
    """The store could not be asked; what is left over is found at the next look."""
    if not isinstance(failure.value, StoreUnavailable):
        _unexpected(failure)


def _unexpected(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
