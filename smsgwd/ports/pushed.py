"""What one tenant was pushed, or is owed: for the tenant itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from smsgwd.ports.looking import PushView
from smsgwd.ports.sent import SentReads

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class PushFilter(msgspec.Struct, frozen=True):
    """What `tenant_pushes` selects."""

    status: str = ""  #: `PushView.status`; '' = any


class PushPage(msgspec.Struct, frozen=True, gc=False):
    """Some of them, newest first. `before`: go on with those below this id; None = that were all."""

    views: tuple[PushView, ...]
    before: int | None


class PushReads(SentReads, Protocol):
    """This part of `ports.Store`."""

    def tenant_pushes(self, tenant: str, where: PushFilter, before: int | None, limit: int) -> Deferred[PushPage]:
        """A tenant's pushes by id, newest first, ids below `before`, `limit` at most. No index is by tenant: a call
        looks at a bounded number of rows of all tenants, so a page may be empty and still say where to go on."""
        ...
