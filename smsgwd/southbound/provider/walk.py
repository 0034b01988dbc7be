"""Going through all that a connector has sent, a page at a time, so that nobody else waits for the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.ports.sent import SentPage, SentReads, SentRow
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

_PAGE: Final = 1000
_PAUSE_S: Final = 0.05  # between pages: the store looks at 10,000 rows of all connectors a page
_TROUBLE_S: Final = 5.0
_log = get_logger("southbound")


class SentWalk:
    """Of one connector. `each` gets the rows of a page and says (in time) how many it took, from the first on: where it
    is not all of them the walk waits behind those until `resume`. `over` is called at its end."""

    def __init__(
        self,
        reactor: IReactorTime,
        store: SentReads,
        connector: str,
        each: Callable[[Sequence[SentRow]], Awaitable[int]],
        over: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._store = store
        self._connector = connector
        self._each = each
        self._over = over
        self._after: tuple[int, int] | None = None
        self._before = 0
        self._begun = False  # and not at its end
        self._going = False  # and not halted
        self._reading = False
        self._timer: IDelayedCall | None = None

    @property
    def begun(self) -> bool:
        """True from `begin` until the walk is over, also while it is halted."""
        return self._begun

    def begin(self, after: tuple[int, int] | None, before: int) -> None:
        """Go from behind the key `after` to what ends before `before` (ms); see SentReads.sent."""
        self._after, self._before = after, before
        self._begun = True
        self.resume()

    def halt(self) -> None:
        """Stay here until `resume`."""
        self._going = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def resume(self) -> None:
        """Go on, where it is begun and was halted."""
        if self._begun and not self._going:
            self._going = True
            if not self._reading:
                self._wait(0.0)

    def _wait(self, seconds: float) -> None:
        self._timer = self._reactor.callLater(seconds, self._read)

    def _read(self) -> None:
        self._timer = None
        self._reading = True
        Deferred.fromCoroutine(self._page()).addCallbacks(self._done, self._failed).addErrback(_unexpected)

    async def _page(self) -> tuple[SentPage, int]:
        page = await self._store.sent(self._connector, self._after, self._before, _PAGE)
        return page, await self._each(page.rows) if page.rows else 0

    def _done(self, found: tuple[SentPage, int]) -> None:
        page, count = found
        self._reading = False
        on = count == len(page.rows)
        if on:
            self._after = page.after
            self._begun = page.after is not None
        elif count:
            last = page.rows[count - 1]
            self._after = (last.deadline, last.id)
        if not on or not self._begun:
            self._going = False
        elif self._going:
            self._wait(_PAUSE_S)
        if not self._begun:
            self._over()

    def _failed(self, failure: Failure) -> None:
        self._reading = False
        if not isinstance(failure.value, StoreUnavailable):
            _log.error("connector.error", connector=self._connector, reason=repr(failure.value))
        if self._going:
            self._wait(_TROUBLE_S)


def _unexpected(failure: Failure) -> None:
    _log.error("connector.error", reason=repr(failure.value))
