"""The gateway's event loop: Twisted's epoll reactor with less work a readiness event, and an end of each turn.

What it leaves out is Twisted's log context around each event (3 to 4 µs an event, 7 µs a message at 5,000/s over SMPP),
which only Twisted's own log would show. What it adds is `at_turn_end`: a timer for that costs 3 µs. Its timers go by
the monotonic clock. Nothing else differs; where there is no epoll, Twisted's own choice of a reactor serves as well.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.main import installReactor
from twisted.python import log

_MOST_EVENTS: Final = 512  # of one look: what is ready beyond them is ready at the next one

if sys.platform == "linux":
    from twisted.internet.epollreactor import EPollReactor

    class GatewayReactor(EPollReactor):
        """See above. `install` makes it the reactor of the process."""

        #: Of timers. Twisted's go by the wall clock: set back by hours, it would stop every timer for as long.
        seconds = staticmethod(time.monotonic)

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]  # Twisted's is not annotated
            self._at_end: list[Callable[[], None]] = []

        def at_turn_end(self, call: Callable[[], None]) -> None:
            """Call this when the events and timers of this turn have been handled, before what is ready is looked for.

            In the order of these calls; what is added by one of them has its turn after the next look, which does not
            wait then.
            """
            self._at_end.append(call)

        def stop(self) -> None:
            """See IReactorCore. What the end of a turn stops would otherwise wait for an event first."""
            super().stop()
            self.wakeUp()

        def doPoll(self, timeout: float | None) -> None:
            """End the turn, then wait for events, `timeout` seconds at most (None: for ever), and handle them."""
            if self._at_end:
                self._end_turn()
                # It may have set timers.
                timeout = 0 if self._at_end or not self.running else self.timeout()
            events = self._poller.poll(-1 if timeout is None else timeout, _MOST_EVENTS)
            selectable_of: Callable[[int], Any] = self._selectables.get
            handle: Callable[[Any, int, int], None] = self._doReadOrWrite
            for fd, event in events:
                selectable = selectable_of(fd)
                if selectable is not None:  # else an event before this one has ended it
                    try:
                        handle(selectable, fd, event)
                    except Exception:  # of a connectionLost: what a protocol's reads raise is handled in there
                        log.err()  # type: ignore[no-untyped-call]  # Twisted's is not annotated

        doIteration = doPoll

        def _end_turn(self) -> None:
            calls, self._at_end = self._at_end, []
            for call in calls:
                try:
                    call()
                except Exception:
                    log.err()  # type: ignore[no-untyped-call]  # Twisted's is not annotated


def install() -> None:
    """Make it the reactor of this process; call this before anything imports `twisted.internet.reactor`.

    Raises ReactorAlreadyInstalledError when something has.
    """
    if sys.platform == "linux":
        installReactor(GatewayReactor())  # type: ignore[no-untyped-call]  # Twisted's is not annotated
    else:
        keep_time()


def keep_time(reactor: Any = None) -> None:
    """Make the timers of another reactor, none of which is set yet, go by the monotonic clock."""
    if reactor is None:
        from twisted.internet import reactor
    reactor.seconds = time.monotonic
