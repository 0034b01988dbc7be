"""Which activities are whose, of several nodes that share a store: the roles, and what begins and ends with each.

What is not here each node does for itself: its connectors, its listeners and binds, what it compiles from records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall

from smsgwd.app.cluster import ROLES, Cluster
from smsgwd.app.observe import Strays
from smsgwd.app.outbox_shares import ABSENT
from smsgwd.app.roles import ARCHIVE, CDR, LOOKUPS, RETENTION, STRAYS, SUBSCRIBERS, SWEEPS, TEST_NUMBERS, Roles
from smsgwd.delivery.allotment import bind_name
from smsgwd.model.ids import node_of

if TYPE_CHECKING:
    from smsgwd.app.build import Services

_LEFT_EVERY_S = 30.0  # what nodes that died have left undone
_DUE = "s"  # topic: a message is due at ... (ms)


class Duties:
    """Made before the cluster starts."""

    def __init__(self, cluster: Cluster, reactor: Any, services: Services, strays: Strays) -> None:
        sweeps, retention, subscribers = services.sweeps, services.retention, services.desk
        cdr, business = services.operations.cdr, services.business
        self._cluster = cluster
        self._strays = strays
        self._archiving = services.operations.archiving
        self._roles = roles = Roles(cluster)
        roles.add(SWEEPS, sweeps.lead, sweeps.leave)
        roles.add(SUBSCRIBERS, subscribers.start, subscribers.stop)
        roles.add(RETENTION, retention.start, retention.stop)
        roles.add(STRAYS, strays.start, strays.stop)
        roles.add(CDR, cdr.start, cdr.leave, late=True)
        if not cluster.alone:  # else the start has seen to what was left
            roles.add_duty(ABSENT)
            if self._archiving is not None:
                roles.add_duty(ARCHIVE)
            for name, work in ((LOOKUPS, business.lookups.go_on), (TEST_NUMBERS, business.test_numbers.start)):
                again = _Again(reactor, work)
                roles.add(name, again.start, again.stop)
            cluster.listen(_DUE, lambda at: sweeps.wake_at(int(at)) if at.isdecimal() else None)
            cluster.listen(ROLES, lambda name: strays.look_soon() if name == STRAYS else None)

    def begin(self) -> None:
        """Those that are ours begin when the cluster starts."""
        self._roles.begin()
        if self._archiving is not None:
            self._archiving.start()

    def end(self) -> None:
        """Those that can be another node's at once are; all have stopped."""
        self._roles.end()

    def stranded(self) -> None:
        """A message came for a connector that there is not: whoever looks for such is to look now."""
        self._strays.look_soon()
        if not self._cluster.owns(ROLES, STRAYS):
            self._cluster.tell(f"{ROLES}:{STRAYS}")


def tell_due(cluster: Cluster) -> Callable[[int], None]:
    """Tells the node that sweeps of a message that is due before it looks again."""
    return lambda due_ms: cluster.tell(f"{_DUE}:{due_ms}")


def made_elsewhere(cluster: Cluster) -> Callable[[int], bool]:
    """Tells of an id whether another node that lives has made it."""
    return lambda any_id: any(
        each.number == node_of(any_id) for each in cluster.nodes.live() if each.name != cluster.node
    )


def runs_here(cluster: Cluster) -> Callable[[str], bool]:
    """Tells of a connector of kind provider whether this node is the one that runs it."""
    return lambda connector: cluster.alone or cluster.owns(*bind_name(connector, 0).split(":", 1))


class _Again:
    """Work that is done when its role comes and now and then from then on."""

    def __init__(self, reactor: Any, work: Callable[[], object]) -> None:
        self._reactor = reactor
        self._work = work
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        self.stop()
        self._call = self._reactor.callLater(_LEFT_EVERY_S, self.start)
        self._work()

    def stop(self) -> None:
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
