"""What one node does for all that share the store: sweeps, clearing up and the like. With a store that is not shared
this process has all roles.

A role is taken over when its node dies, is drained, or when the rule says so (`delivery.allotment.owner`). Two nodes
may act in one role for a moment, since what one has begun may come late: so each role is such that this does no harm
(docs/design/redis.md tells why).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred

from smsgwd.app.cluster import ROLES, Cluster

SWEEPS: Final = "sweeps"
RETENTION: Final = "retention"
STRAYS: Final = "strays"
SUBSCRIBERS: Final = "subscribers"
LOOKUPS: Final = "lookups"
TEST_NUMBERS: Final = "test_numbers"
CDR: Final = "cdr"
ARCHIVE: Final = "archive"


class _Role(NamedTuple):
    start: Callable[[], object]
    stop: Callable[[], Deferred[None] | None]
    late: bool


class Roles:
    """Implements `app.cluster.Holder` of roles. Each may be started again after it was stopped."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._roles: dict[str, _Role] = {}
        cluster.hold(ROLES, self)

    def add(
        self,
        name: str,
        start: Callable[[], object],
        stop: Callable[[], Deferred[None] | None],
        *,
        late: bool = False,
    ) -> None:
        """A role: `start` when it is ours, `stop` when it is no more; another node has it when that Deferred fires.
        `late`: it is kept by a gateway that ends."""
        self._roles[name] = _Role(start, stop, late)

    def add_duty(self, name: str) -> None:
        """A role that nothing starts: whoever acts asks whether it is ours."""
        self.add(name, lambda: None, lambda: None)

    def begin(self) -> None:
        """All of them are there."""
        self._cluster.declare(ROLES, list(self._roles))

    def end(self) -> None:
        """The gateway ends: others may have them, but for the late ones, whose owner stops them."""
        self._cluster.declare(ROLES, [name for name, role in self._roles.items() if role.late])

    # -- app.cluster.Holder ----------------------------------------------------------------------------------------

    def gained(self, thing: str, dead: str | None) -> None:
        """See Holder."""
        role = self._of(thing)
        if role is not None:
            role.start()

    def let_go(self, thing: str) -> Deferred[None] | None:
        """See Holder."""
        role = self._of(thing)
        return None if role is None else role.stop()

    def lost(self, thing: str) -> None:
        """See Holder."""
        self.let_go(thing)

    def _of(self, thing: str) -> _Role | None:
        return self._roles.get(thing.partition(":")[2])
