"""The rates of tenants and accounts where several nodes take their messages: each node goes by its share of each.

Shares follow what is wanted of late, refused parts too: while anything is, the node tells every quarter of a second how
much, and hears its share. All shares together are the rate, never more. A node that nobody has sent to of late goes by
a tenth of an equal share, which the others leave to it. Bursts are divided evenly. Without an answer the last share
holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smsgwd.accounts.directory import Account
from smsgwd.delivery.bucket import TokenBucket
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.pace import LEAST_BURST, Meter, Pace
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

_EVERY_S: Final = 0.25
_FIRST_S: Final = 0.01  # what is wanted after a pause is told so soon
_DUE_S: Final = 0.2  # what was told longer ago is told with what is new
_QUIET: Final = 8  # times that nothing was wanted: then no share is asked for any more
_OLD: Final = 0.5  # how much what was wanted before counts
_LEAST: Final = 1e-6  # parts a second: 0 would be no limit
_IDLE: Final = 0.1  # of an equal share

#: Asks for shares: (name of a rate, the rate, what this node wants of it; parts a second), and how many nodes live;
#: fires with a share each. Fails with StoreUnavailable.
Ask = Callable[[Sequence[tuple[str, float, float]], int], "Deferred[list[float]]"]
_log = get_logger("daemon")


class SharedMeter(Meter):
    """A rate, with the bucket of this node's share."""

    __slots__ = ("name", "quiet", "since", "want", "wanted")

    def __init__(self, name: str, rate: float, now: float) -> None:
        self.name = name
        self.rate = rate
        self.bucket = TokenBucket(rate, max(LEAST_BURST, rate), now)
        self.since: float | None = None  # told last; None = it was not
        self.want = 0.0  # parts a second, of late
        self.wanted = 0  # parts since it was told last
        self.quiet = 0  # times that nothing was

    def go_by(self, share: float, nodes: int, now: float) -> None:
        """This is the node's share, parts a second."""
        self.bucket.set_rate(max(_LEAST, share), max(LEAST_BURST, self.rate) / nodes, now)

    def told(self, now: float) -> float:
        """What is wanted, parts a second; counted anew from now on. More counts at once, less little by little."""
        since = now if self.since is None else self.since
        recent = self.wanted / max(_EVERY_S, now - since)
        self.want = max(recent, 0.0 if self.since is None else _OLD * self.want + (1 - _OLD) * recent)
        self.quiet = 0 if self.wanted else self.quiet + 1
        self.wanted, self.since = 0, now
        return self.want


class SharedPace(Pace):
    """See Pace. `nodes` tells how many nodes live."""

    def __init__(self, clock: Clock, most_wait_s: float, reactor: Any, ask: Ask, nodes: Callable[[], int]) -> None:
        super().__init__(clock, most_wait_s)
        self._reactor = reactor
        self._ask = ask
        self._nodes = nodes
        self._active: dict[str, SharedMeter] = {}  # rates that anything is wanted of
        self._timer: IDelayedCall | None = None
        self._asking = False

    def reserve(self, owner: Account, parts: int) -> float:
        """See Pace."""
        now = self._clock.monotonic()
        for meter in self._meters(owner, now):
            self._want(meter, parts, now)
        return super().reserve(owner, parts)

    def take(self, tenant: Tenant, parts: int) -> float:
        """See Pace."""
        if tenant.throughput > 0:
            now = self._clock.monotonic()
            self._want(self._meter(self._tenants, tenant.id, tenant.throughput, now), parts, now)
        return super().take(tenant, parts)

    def _meter(self, meters: dict[str, Meter], name: str, rate: float, now: float) -> Meter:
        meter = meters.get(name)
        if meter is None or meter.rate != rate:
            kind = "t" if meters is self._tenants else "a"
            meter = meters[name] = SharedMeter(f"{kind}:{name}", rate, now)
        return meter

    def _want(self, meter: Meter, parts: int, now: float) -> None:
        if not meter.rate or not isinstance(meter, SharedMeter):
            return
        if self._active.get(meter.name) is not meter:
            self._active[meter.name] = meter
            self._idle(meter, now)  # there may be more nodes than when this was asked last
            self._soon(_FIRST_S)
        meter.wanted += parts

    def _idle(self, meter: SharedMeter, now: float) -> None:
        """What a node may send that has told nobody that it wants to."""
        nodes = max(1, self._nodes())
        meter.since, meter.quiet = None, 0
        meter.go_by(meter.rate * (_IDLE / nodes if nodes > 1 else 1.0), nodes, now)

    # -- shares --------------------------------------------------------------------------------------------------------

    def _soon(self, wait: float) -> None:
        timer = self._timer
        if timer is not None and timer.active():
            if timer.getTime() <= self._reactor.seconds() + wait:
                return
            timer.cancel()
        self._timer = self._reactor.callLater(wait, self._tell)

    def _tell(self) -> None:
        if not self._active:
            return
        self._soon(_EVERY_S)
        if self._asking:
            return
        now = self._clock.monotonic()
        due = [each for each in self._active.values() if each.since is None or now - each.since >= _DUE_S]
        asked = [(meter.name, meter.rate, meter.told(now)) for meter in due]
        for meter in due:
            if meter.quiet > _QUIET:
                del self._active[meter.name]
                self._idle(meter, now)
        if asked:
            nodes = max(1, self._nodes())
            self._asking = True
            self._ask(asked, nodes).addCallbacks(self._learn, self._failed, callbackArgs=(due, nodes))

    def _learn(self, shares: list[float], asked: list[SharedMeter], nodes: int) -> None:
        self._asking = False
        now = self._clock.monotonic()
        for meter, share in zip(asked, shares, strict=True):
            if self._active.get(meter.name) is meter:
                meter.go_by(share, nodes, now)

    def _failed(self, failure: Failure) -> None:
        self._asking = False
        if not isinstance(failure.value, StoreUnavailable):  # which the store has said
            _log.error("daemon.unhandled_error", reason="shares of rates", exc_info=failure.value)
