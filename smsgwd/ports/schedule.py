"""Messages that wait for their time: who gives them another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smsgwd.model.message import MessageView

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from smsgwd.model.tenant import Tenant


class Rescheduling(Protocol):
    """Another time for what is scheduled."""

    def reschedule(
        self, tenant: Tenant, any_id: int, at: int | None, validity_s: int | None
    ) -> Deferred[MessageView | list[MessageView]]:
        """Send a message, or all of a submission, at `at` (ms since 1970, UTC; None = now); fires with what they are
        then. The validity is counted from there: `validity_s`, else as long as it was.

        Fails with Refused: NOT_FOUND, TOO_LATE when nothing of it is scheduled (any more), INVALID_SCHEDULE,
        INVALID_VALIDITY, STORE_UNAVAILABLE; QUIET_HOURS where nobody may be written to then.
        """
        ...
