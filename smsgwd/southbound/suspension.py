"""A connector that sends nothing for a while, because its SMSC said something that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall

from smsgwd.southbound.runtime import Runtime
from smsgwd.telemetry import get_logger

FOR_GOOD: Final = 10 * 365 * 86_400.0
"""Seconds of a suspension that nothing ends but an operator, a reload or a restart."""
_log = get_logger("southbound")


class Suspension:
    """Of one connector. `changed` is called with True when it begins and with False when it is over."""

    def __init__(self, connector: str, seconds: float, runtime: Runtime, changed: Callable[[bool], None]) -> None:
        self._connector = connector
        self._seconds = seconds
        self._runtime = runtime
        self._changed = changed
        self._since = self._until = 0.0
        self._timer: IDelayedCall | None = None
        self.why = ""  #: what the last one was for
        self.for_good = False  #: it only ends when somebody ends it

    def begin(self, status: str, seconds: float | None = None) -> None:
        """Send nothing from now on; what is answered in the meantime does not make it longer. `seconds` other than the
        configured ones; FOR_GOOD = until somebody ends it."""
        if self._timer is not None:
            return
        seconds = self._seconds if seconds is None else seconds
        self.why = status
        self.for_good = seconds >= FOR_GOOD
        self._since = self._runtime.clock.monotonic()
        self._until = self._since + seconds
        self._timer = self._runtime.reactor.callLater(seconds, self._over)
        _log.error(
            "connector.suspended", connector=self._connector, status=status, seconds=None if self.for_good else seconds
        )
        self._changed(True)

    def adopt(self, seconds: float) -> None:
        """The next one lasts so long."""
        self._seconds = seconds

    def end(self) -> None:
        """An operator ends it, or the connector stops; nothing where there is none."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._changed(False)

    def lasts(self, now: float) -> float:
        """Seconds since it began; 0 when there is none. `now` is monotonic."""
        return 0.0 if self._timer is None else now - self._since

    def left(self, now: float) -> float:
        """Seconds until it is over; 0 when there is none. `now` is monotonic."""
        return 0.0 if self._timer is None else max(0.0, self._until - now)

    def _over(self) -> None:
        self._timer = None
        _log.info("connector.resumed", connector=self._connector)
        self._changed(False)
