"""How many message parts a second may leave: a token bucket that is asked for whole messages."""

from __future__ import annotations

_ROUNDING = 1e-6  # tokens: a timer set for `wait` must find what it waited for


class TokenBucket:
    """`rate` parts a second, `burst` parts at once after a pause; a rate of 0 lets everything through.

    A message is taken whole, so that its parts go back to back: a message larger than the burst goes when the bucket is
    full and leaves it in debt, which the following messages wait for. Times are monotonic seconds, passed in.
    """

    def __init__(self, rate: float, burst: float | None, now: float) -> None:
        if rate < 0:
            raise ValueError(f"a rate is at least 0 parts/s, not {rate}")
        self._rate = rate
        self._burst = max(1.0, rate if burst is None else burst)
        self._tokens = self._burst
        self._at = now

    def set_rate(self, rate: float, burst: float, now: float) -> None:
        """Another rate from now on; what is there of tokens stays, up to the new burst."""
        self._refill(now)
        self._rate = rate
        self._burst = max(1.0, burst)
        self._tokens = min(self._tokens, self._burst)

    def empty(self, now: float) -> None:
        """Nothing may leave before it has filled again."""
        self._tokens = min(self._tokens, 0.0)
        self._at = now

    @property
    def unlimited(self) -> bool:
        """True when nothing ever waits."""
        return self._rate == 0

    def take(self, parts: int, now: float) -> bool:
        """Reserve `parts` now; False, and nothing reserved, when it is too early."""
        if self._rate == 0:
            return True
        self._refill(now)
        if self._tokens + _ROUNDING < min(parts, self._burst):
            return False
        self._tokens -= parts
        return True

    def give_back(self, parts: int) -> None:
        """Return what was reserved and not used."""
        if self._rate:
            self._tokens = min(self._burst, self._tokens + parts)

    def wait(self, parts: int, now: float) -> float:
        """Seconds until `take(parts)` works; 0 when it does now."""
        if self._rate == 0:
            return 0.0
        self._refill(now)
        return max(0.0, (min(parts, self._burst) - self._tokens) / self._rate)

    def reserve(self, parts: int, now: float) -> float:
        """Take `parts` whatever there is, and return the seconds after which they may go; `give_back` undoes it."""
        if self._rate == 0:
            return 0.0
        self._refill(now)
        self._tokens -= parts
        return max(0.0, -self._tokens / self._rate)

    def in_use(self, now: float) -> float:
        """How much of the burst is used up: 0 after a pause, 1 when the next part must wait, more when in debt."""
        if self._rate == 0:
            return 0.0
        self._refill(now)
        return 1.0 - self._tokens / self._burst

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
