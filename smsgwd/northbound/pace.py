"""How fast tenants and their SMPP accounts may send: parts a second, over all binds.

Two token buckets: the tenant's (`throughput`), which all its accounts and HTTP share, and the account's own. A burst is
what a second allows, and ten parts at least. A request over the rate takes its parts at once, into debt, and goes when
the debt is paid; with more to wait than `most_wait_s` it is refused and nothing is taken.
"""

from __future__ import annotations

from typing import Final

from smsgwd.accounts.directory import Account
from smsgwd.delivery.bucket import TokenBucket
from smsgwd.gsm import GsmError, plan
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock

LEAST_BURST: Final = 10.0  # parts
REFUSED: Final = -1.0


class Meter:
    """One rate, with its bucket; a rate that changes begins with a full bucket."""

    __slots__ = ("bucket", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.bucket = TokenBucket(rate, max(LEAST_BURST, rate), now)

    def set_rate(self, rate: float, now: float) -> None:
        """Go on with this rate, parts a second; 0 = no limit."""
        if rate != self.rate:
            self.rate = rate
            self.bucket = TokenBucket(rate, max(LEAST_BURST, rate), now)


class Pace:
    """The buckets of all tenants and accounts, kept as long as the process: unbinding gives nobody a new burst."""

    def __init__(self, clock: Clock, most_wait_s: float) -> None:
        self._clock = clock
        self._most_wait = most_wait_s
        self._tenants: dict[str, Meter] = {}
        self._accounts: dict[str, Meter] = {}

    def limited(self, owner: Account) -> bool:
        """True when there is any limit for this account now: nobody else need count parts."""
        return owner.tenant.throughput > 0 or owner.credential.esme.throughput > 0

    def reserve(self, owner: Account, parts: int) -> float:
        """Seconds until `parts` of this account may go (0 = now), reserved; REFUSED when that is too long."""
        now = self._clock.monotonic()
        tenant, own = self._meters(owner, now)
        wait = max(tenant.bucket.reserve(parts, now), own.bucket.reserve(parts, now))
        if wait > self._most_wait:
            tenant.bucket.give_back(parts)
            own.bucket.give_back(parts)
            return REFUSED
        return wait

    def give_back(self, owner: Account, parts: int) -> None:
        """What was reserved will not go."""
        for meter in self._meters(owner, self._clock.monotonic()):
            meter.bucket.give_back(parts)

    def in_use(self, owner: Account) -> float:
        """How much of the bursts is used up: 0 idle, 1 and above over the rate."""
        now = self._clock.monotonic()
        return max(meter.bucket.in_use(now) for meter in self._meters(owner, now))

    def take(self, tenant: Tenant, parts: int) -> float:
        """For edges that hold nothing back (HTTP): 0, and the parts are taken, or the seconds to stay away."""
        if tenant.throughput <= 0:
            return 0.0
        now = self._clock.monotonic()
        bucket = self._meter(self._tenants, tenant.id, tenant.throughput, now).bucket
        return 0.0 if bucket.take(parts, now) else bucket.wait(parts, now)

    def _meters(self, owner: Account, now: float) -> tuple[Meter, Meter]:
        tenant, credential = owner.tenant, owner.credential
        return (
            self._meter(self._tenants, tenant.id, tenant.throughput, now),
            self._meter(self._accounts, credential.name, credential.esme.throughput, now),
        )

    def _meter(self, meters: dict[str, Meter], name: str, rate: float, now: float) -> Meter:
        meter = meters.get(name)
        if meter is None:
            meter = meters[name] = Meter(rate, now)
        else:
            meter.set_rate(rate, now)
        return meter


def parts_of(item: Item) -> int:
    """How many parts an item will be, as far as that can be told before it is admitted."""
    if item.wire is not None and item.wire.raw:
        return 1
    content: str | bytes = item.text if item.data is None else item.data
    try:
        return plan(content, "binary" if item.data is not None else item.coding, flash=item.flash).parts
    except GsmError:
        return 1  # it will be refused
