"""What of one connector was sent and has no final state: for those who ask a provider about it, or close it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from smsgwd.model.message import MessageView

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class SentRow(msgspec.Struct, frozen=True, gc=False):
    """A message that is SENT. Times are milliseconds since 1970, UTC."""

    id: int
    sent_at: int
    deadline: int


class SentPage(msgspec.Struct, frozen=True, gc=False):
    """Some of them by (deadline, id). `after`: go on behind this key; None = that were all."""

    rows: tuple[SentRow, ...]
    after: tuple[int, int] | None


class SentReads(Protocol):
    """This part of `ports.Store`."""

    def sent(self, connector: str, after: tuple[int, int] | None, before: int, limit: int) -> Deferred[SentPage]:
        """SENT messages of a connector by (deadline, id): those behind the key `after` whose validity ends before
        `before` (ms). No index is by connector: a call looks at a bounded number of rows of all connectors, so a page
        may be empty and still say where to go on."""
        ...

    def still_sent(self, connector: str, ids: Sequence[int]) -> Deferred[list[MessageView]]:
        """Those of `ids` (1,000 at most) that are SENT by a connector now, in any order, without events and parts."""
        ...
