"""Networks that lookups at other nodes found: a message at this one is routed by them, too.

Who keeps what a lookup found calls `net:<node>:<number>`; the others read that number's newest lookup. A call may be
missed: when calls can be heard again, everything is read anew.
"""

from __future__ import annotations

from typing import Final

from twisted.python.failure import Failure

from smsgwd.app.cluster import Cluster
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.model.lookups import Lookup
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger

_TOPIC: Final = "net"
_log = get_logger("lookups")


class NetworkNews:
    """Between the desk of this node and the others'."""

    def __init__(self, cluster: Cluster, store: Store, desk: LookupDesk) -> None:
        self._cluster = cluster
        self._store = store
        self._desk = desk
        desk.learned = self._tell
        cluster.listen(_TOPIC, self._heard)

    def _tell(self, msisdn: str) -> None:
        self._cluster.tell(f"{_TOPIC}:{self._cluster.node}:{msisdn}")

    def _heard(self, rest: str) -> None:
        node, _, msisdn = rest.partition(":")
        if not msisdn:
            self._desk.learn_again()
        elif node != self._cluster.node:
            self._store.latest_lookup(msisdn).addCallback(self._found).addErrback(_unread)

    def _found(self, lookup: Lookup | None) -> None:
        if lookup is not None:
            self._desk.learn(lookup)


def _unread(failure: Failure) -> None:
    """While the store is away: when it is back, calls may have been missed, and everything is read."""
    if not isinstance(failure.value, StoreUnavailable):
        _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
