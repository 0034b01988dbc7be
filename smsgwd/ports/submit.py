"""What northbound edges ask of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smsgwd.model.message import MessageView
from smsgwd.model.submission import Outcome, Submission
from smsgwd.model.tenant import Tenant

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class Submitter(Protocol):
    """The one submit pipeline: admit, route, commit."""

    def submit(self, submission: Submission) -> Deferred[Outcome]:
        """Fires after the accepted items are durable. Refused items have `error` set and no id.

        Fails with Refused (model.refusals) when nothing can be taken at all: idempotency mismatch or still running,
        store unavailable, shutting down, overloaded.
        """
        ...


class Messages(Protocol):
    """Queries and cancellation, for the tenant that asks."""

    def get(self, tenant: str, any_id: int) -> Deferred[MessageView | list[MessageView] | None]:
        """A message, or the messages of a submission, or None."""
        ...

    def cancel(self, tenant: str, any_id: int) -> Deferred[MessageView | list[MessageView]]:
        """Cancel what has not left, of a message or a submission; fires with what they are now.

        Fails with Refused: NOT_FOUND, or TOO_LATE when nothing of it could be cancelled.
        """
        ...


class Authenticator(Protocol):
    """Who is asking."""

    def password(self, name: str, secret: str, address: str) -> Deferred[Tenant]:
        """The tenant of a password credential. Fails with Refused (UNAUTHENTICATED, TOO_MANY_FAILURES).

        `address` is the peer's IP address: failures are limited by address and name.
        """
        ...

    def token(self, secret: str, address: str) -> Deferred[Tenant]:
        """The tenant of a token; fails in the same way."""
        ...
