"""What whoever submits needs of a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from smsgwd.model.changes import Change, Result

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Commits(Protocol):
    """What makes changes durable, as far as whoever submits needs it."""

    @property
    def healthy(self) -> bool:
        """False from a failed commit until one works again: intake is refused meanwhile."""
        ...

    def commit(self, changes: Sequence[Change]) -> Deferred[list[Result]]:
        """Make the changes, all in one durable batch (more batches may share one fsync)."""
        ...
