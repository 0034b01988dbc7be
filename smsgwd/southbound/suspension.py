"""A connector that sends nothing for a while, because its SMSC said something that asks for it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall

from smsgwd.southbound.runtime import Runtime
from smsgwd.telemetry import get_logger

_log = get_logger("southbound")


class Suspension:
    """Of one connector. `changed` is called with True when it begins and with False when it is over."""

    def __init__(self, connector: str, seconds: float, runtime: Runtime, changed: Callable[[bool], None]) -> None:
        self._connector = connector
        self._seconds = seconds
        self._runtime = runtime
        self._changed = changed
        self._since = 0.0
        self._timer: IDelayedCall | None = None

    def begin(self, status: str) -> None:
        """Send nothing from now on; what is answered in the meantime does not make it longer."""
        if self._timer is not None:
            return
        self._since = self._runtime.clock.monotonic()
        self._timer = self._runtime.reactor.callLater(self._seconds, self._over)
        _log.error("connector.suspended", connector=self._connector, status=status, seconds=self._seconds)
        self._changed(True)

    def cancel(self) -> None:
        """The connector stops: there is nothing to resume."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def lasts(self, now: float) -> float:
        """Seconds since it began; 0 when there is none. `now` is monotonic."""
        return 0.0 if self._timer is None else now - self._since

    def left(self, now: float) -> float:
        """Seconds until it is over; 0 when there is none. `now` is monotonic."""
        return 0.0 if self._timer is None else max(0.0, self._since + self._seconds - now)

    def _over(self) -> None:
        self._timer = None
        _log.info("connector.resumed", connector=self._connector)
        self._changed(False)
