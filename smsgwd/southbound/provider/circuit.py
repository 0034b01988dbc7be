"""A provider that does not answer is left alone, and tried now and then (`delivery.breaker`)."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.delivery.breaker import Breaker
from smsgwd.ports.clock import Clock
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")


class Circuit:
    """Of one connector. Times are monotonic seconds."""

    def __init__(self, connector: str, clock: Clock, random: Callable[[], float]) -> None:
        self.opened = 0  #: times, since the start
        self.why = ""  #: it opened the last time
        self._connector = connector
        self._clock = clock
        self._random = random
        self._breaker = Breaker()

    @property
    def is_open(self) -> bool:
        """True from failures in a row until a probe has worked."""
        return self._breaker.is_open

    @property
    def allows(self) -> bool:
        """True when a call may begin: it is closed, or the time for a probe has come and none is under way."""
        return not self._breaker.is_open or self._breaker.may_probe(self._clock.monotonic())

    @property
    def passable(self) -> bool:
        """True when what comes now would be sent: closed, or waiting for something to try it with."""
        return self.allows or self._breaker.probing

    @property
    def open_for(self) -> float:
        """Seconds since it opened; 0 = it is closed."""
        since = self._breaker.opened_at
        return 0.0 if since is None else self._clock.monotonic() - since

    @property
    def wait(self) -> float:
        """Seconds until it may be tried."""
        return max(0.0, self._breaker.probe_at - self._clock.monotonic()) if self._breaker.is_open else 0.0

    def begin(self) -> bool:
        """A call begins; True when it is a probe: that is what `ended` wants to know."""
        probe = self._breaker.is_open
        if probe:
            self._breaker.probing = True
        return probe

    def ended(self, *, probe: bool, good: bool | None, reason: str = "") -> None:
        """A call ended: the provider worked, did not, or the call told nothing of that (None)."""
        if good is None:
            self._breaker.abandoned(probe=probe)
        elif good:
            if self._breaker.succeeded():
                _log.info("provider.circuit_closed", connector=self._connector)
        elif self._breaker.failed(self._clock.monotonic(), probe=probe, random=self._random):
            self.opened += 1
            self.why = reason
            _log.error("provider.circuit_open", connector=self._connector, reason=reason)

    def reset(self) -> None:
        """An operator wants it tried at once."""
        self._breaker = Breaker()
