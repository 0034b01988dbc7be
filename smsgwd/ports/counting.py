"""A tenant's messages of a span of time, counted by groups: for statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smsgwd.model.counting import SpanPage

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class CountingReads(Protocol):
    """This part of `ports.Store`."""

    def counted(self, tenant: str, between: tuple[int, int], by: str, after: int) -> Deferred[SpanPage]:
        """A tenant's messages that were submitted between two times (ms since 1970, the second exclusive), those with
        ids behind `after` (0 = all), by state, class of time, and what they are grouped `by` (NOTHING, SENDER, RANGE).

        A call looks at a bounded number of messages, so a page may be empty and still say where to go on.
        """
        ...
