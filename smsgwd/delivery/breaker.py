"""A circuit breaker: after failures in a row a target is only probed, at growing intervals, until it answers again."""

from collections.abc import Callable

THRESHOLD = 5
"""Failures in a row that open it."""
FIRST_S = 5.0
LONGEST_S = 300.0


class Breaker:
    """Times are monotonic seconds. Closed: `is_open` False. Open: one probe at `probe_at`, and nothing else."""

    __slots__ = ("_interval", "failures", "opened_at", "probe_at", "probing")

    def __init__(self) -> None:
        self.failures = 0  #: in a row
        self.opened_at: float | None = None
        self.probe_at = 0.0
        self.probing = False
        self._interval = FIRST_S

    @property
    def is_open(self) -> bool:
        """True while the target is only probed."""
        return self.opened_at is not None

    def may_probe(self, now: float) -> bool:
        """True when the breaker is open, the time for a probe has come and none is under way."""
        return self.opened_at is not None and not self.probing and now >= self.probe_at

    def succeeded(self) -> bool:
        """The target answered well. True when that closes the breaker."""
        was_open = self.opened_at is not None
        self.failures = 0
        self.opened_at = None
        self.probing = False
        self._interval = FIRST_S
        return was_open

    def failed(self, now: float, *, probe: bool, random: Callable[[], float]) -> bool:
        """A push failed. True when that opens the breaker.

        While it is open only the failure of a probe counts: those that were under way when it opened say nothing new.
        """
        self.failures += 1
        if self.opened_at is None:
            if self.failures < THRESHOLD:
                return False
            self.opened_at = now
            self._interval = FIRST_S
        elif probe:
            self._interval = min(LONGEST_S, self._interval * 2)
        else:
            return False
        self.probing = False
        self.probe_at = now + self._interval * (0.8 + 0.4 * random())
        return not probe

    def abandoned(self, *, probe: bool) -> None:
        """A push ended without telling anything about the target."""
        if probe:
            self.probing = False
