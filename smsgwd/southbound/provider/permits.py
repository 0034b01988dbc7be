"""How many HTTP requests an account's provider gets: never more than so many in any second."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.telemetry import get_logger

_SECOND: Final = 1.0
_log = get_logger("southbound")


class Permits:
    """Of one account; connectors that share it share this. Requests get their turn in the order they ask.

    A provider counts a request when it arrives, somewhere between its start and its answer. So a place is taken from
    the start and until a second after the end: whatever the network does, no second sees more than `rate` arrive.
    """

    def __init__(self, reactor: IReactorTime, rate: float) -> None:
        """`rate`: requests in any second, 0 = no limit; below 1 it is one in 1/`rate` seconds."""
        self._reactor = reactor
        self._whole = rate
        self._part = (0, 1)  # the how-manieth of how many nodes this one is
        self._rate = rate  # of this node
        self._taken = 0  # under way
        self._free_at: list[float] = []  # when places of ended requests are free again, ascending
        self._waiting: deque[tuple[object, Callable[[], None]]] = deque()
        self._timer: IDelayedCall | None = None
        self._granting = False
        self.most_waiting = 0  #: since the start
        self.granted = 0  #: since the start

    @property
    def rate(self) -> float:
        """Requests in any second, of this node; 0 = no limit."""
        return self._rate

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """Requests that were granted and have not ended."""
        return self._taken

    def seconds(self) -> float:
        """The time that places are counted by."""
        return self._reactor.seconds()

    def follow(self, rate: float) -> None:
        """Another rate from now on; what has left counts for as long as it did."""
        self._whole = rate
        self._rate = part_of(rate, *self._part)
        self._go_on()

    def divide(self, place: int, nodes: int) -> None:
        """So many nodes run connectors of the account, of which this is the one at `place`, from 0: it has its part."""
        if (place, nodes) != self._part:
            self._part = (place, nodes)
            self.follow(self._whole)

    def ask(self, key: object, granted: Callable[[], None]) -> None:
        """Call `granted` when a request may leave, now if it may; `ended` must follow. `key` is for `forget`."""
        self._waiting.append((key, granted))
        self._go_on()
        self.most_waiting = max(self.most_waiting, len(self._waiting))

    def forget(self, key: object) -> None:
        """Who asked under this key is gone: what waits of it gets no turn."""
        if self._waiting:
            self._waiting = deque(each for each in self._waiting if each[0] != key)
            if not self._waiting:
                self._sleep_on()

    def ended(self) -> None:
        """A request that was granted has its answer, or has none and is given up."""
        if self._taken <= 0:
            raise ValueError("more requests have ended than were granted")
        self._taken -= 1
        insort(self._free_at, self._reactor.seconds() + self._span)  # after `follow` a span may be shorter
        self._go_on()

    @property
    def _span(self) -> float:
        return _SECOND if self._rate >= 1 or not self._rate else 1 / self._rate

    @property
    def _places(self) -> float:
        return float("inf") if not self._rate else max(1, int(self._rate))

    def _go_on(self) -> None:
        if self._granting:  # who is granted asks and ends in turn: the loop below goes on with that
            return
        now = self._reactor.seconds()
        free = 0
        while free < len(self._free_at) and self._free_at[free] <= now:
            free += 1
        del self._free_at[:free]
        self._granting = True
        try:
            while self._waiting and self._taken + len(self._free_at) < self._places:
                self._taken += 1
                self.granted += 1
                granted = self._waiting.popleft()[1]
                try:
                    granted()
                except Exception:  # one connector's fault, which must not keep the others of its account waiting
                    _log.error("daemon.unhandled_error", exc_info=True)
        finally:
            self._granting = False
        if self._waiting and self._free_at:
            self._wake_at(self._free_at[0])
        else:
            self._sleep_on()

    def _sleep_on(self) -> None:
        """Nobody waits for a moment: it is no reason to wake up."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _wake_at(self, when: float) -> None:
        timer = self._timer
        if timer is not None and timer.active():
            if timer.getTime() <= when:
                return
            timer.cancel()
        self._timer = self._reactor.callLater(max(0.001, when - self._reactor.seconds()), self._go_on)


def part_of(rate: float, place: int, nodes: int) -> float:
    """What one of so many nodes may have of a rate. The parts add up to the whole requests of it; where there are fewer
    than nodes, each has one in more seconds, so that one second may see more than the rate, many seconds may not."""
    if nodes <= 1 or rate == 0:
        return rate
    whole = int(rate)
    if whole >= nodes:
        return float(whole // nodes + (place < whole % nodes))
    return (whole or rate) / nodes
