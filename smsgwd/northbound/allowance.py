"""How often a tenant may ask for what is costly or telling: a few times a minute, each tenant by itself."""

from __future__ import annotations

from smsgwd.delivery.bucket import TokenBucket
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock


class Allowance:
    """`a_minute` times a minute, and as many at once; one entry a tenant that ever asked."""

    def __init__(self, clock: Clock, a_minute: int) -> None:
        self._clock = clock
        self._a_minute = a_minute
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, tenant: str) -> None:
        """Once more. Raises Refused(OVER_RATE)."""
        now = self._clock.monotonic()
        bucket = self._buckets.get(tenant)
        if bucket is None:
            bucket = self._buckets[tenant] = TokenBucket(self._a_minute / 60, self._a_minute, now)
        if not bucket.take(1, now):
            raise Refused(Refusal.OVER_RATE, f"this may be asked {self._a_minute} times a minute")
