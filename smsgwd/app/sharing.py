"""What is known and limited by all nodes together, wired: rates, floods, and what others change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from smsgwd.admission.duplicates import RecentTexts
from smsgwd.admission.flood import FloodGuard
from smsgwd.app.cluster import Cluster, SharedCluster
from smsgwd.app.guards import Guards, SharedGuards
from smsgwd.northbound.pace import Pace
from smsgwd.northbound.shared_pace import SharedPace
from smsgwd.ports.clock import Clock
from smsgwd.store.embedded.store import EmbeddedStore

if TYPE_CHECKING:
    from smsgwd.app.business import Business
    from smsgwd.app.core import Core

_COUNT_S: Final = 0.5


def count_of(cluster: Cluster, clock: Clock) -> Callable[[], int]:
    """Tells how many nodes live, this one too: cheap enough to be asked for each message."""
    counted, at = 1, -_COUNT_S

    def count() -> int:
        nonlocal counted, at
        now = clock.monotonic()
        if now - at >= _COUNT_S:
            counted, at = max(1, len(cluster.nodes.live())), now
        return counted

    return count


def pace_of(core: Core, reactor: Any, most_wait_s: float) -> Pace:
    """How fast tenants may send, over all nodes."""
    if isinstance(core.store, EmbeddedStore):
        return Pace(core.clock, most_wait_s)
    return SharedPace(core.clock, most_wait_s, reactor, core.store.shares, count_of(core.cluster, core.clock))


def guards_of(cluster: Cluster, clock: Clock, alarm: Callable[[str, str], None]) -> Guards:
    """What is remembered of messages."""
    if cluster.alone:
        return Guards(RecentTexts(), FloodGuard(), alarm)
    return SharedGuards(FloodGuard(), alarm, count_of(cluster, clock))


def follow_others(core: Core, business: Business) -> None:
    """What other nodes change counts here from now on."""
    if not isinstance(core.cluster, SharedCluster) or isinstance(core.store, EmbeddedStore):
        return
    # What it needs costs memory that gateways with the embedded store do not spend.
    from smsgwd.app.following import Following

    changed = core.cluster.changed
    changed.follow = Following(core.tenancy, core.store.tenants_named, business.changed).follow
    core.tenancy.catch_up = changed.look
    changed.start()
