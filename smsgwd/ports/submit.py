"""What northbound edges ask of the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from smsgwd.model.message import MessageView
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.model.tenant import Credential, Tenant

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

A = TypeVar("A")
Taken = Callable[[Outcome | BaseException, A], None]
"""Told what became of a submission, with the argument given beside it."""


class Submitter(Protocol):
    """The one submit pipeline: admit, route, commit."""

    def submit(self, submission: Submission) -> Deferred[Outcome]:
        """Fires after the accepted items are durable. Refused items have `error` set and no id.

        Fails with Refused (model.refusals) when nothing can be taken at all: idempotency mismatch or still running,
        store unavailable, shutting down, overloaded.
        """
        ...

    def take(self, submission: Submission, then: Taken[A], arg: A) -> None:
        """The same without a Deferred, for the hot path: `then(outcome, arg)` is called once, maybe at once.

        Where `submit` would fail `then` gets the exception instead of an Outcome; only a bug raises, with nothing taken
        and nobody told. What is taken in one reactor turn becomes durable in one batch.
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


class Esmes(Protocol):
    """What SMPP asks of unsent messages beyond `Messages`; both act for the tenant that asks."""

    def cancel_by_address(self, tenant: str, source: str, dest: str, service_type: str) -> Deferred[int]:
        """Cancel what has not left from `source` to `dest` (cancel_sm without an id); how many. Fails as cancel."""
        ...

    def replace(self, item: Item, tenant: str, message_id: int) -> Deferred[Entry]:
        """Put an item in the place of an unsent message, under its id (replace_sm, SMPP 3.4 s4.10).

        Fails with Refused: NOT_FOUND, TOO_LATE, or as admission and the store refuse it.
        """
        ...

    def replace_pending(self, item: Item, tenant: str) -> Deferred[Entry | None]:
        """The same for the newest unsent message with the item's source, recipient and service_type
        (replace_if_present_flag, s5.2.18); fires with None when there is none, and the item is to be submitted."""
        ...


class Proven(Protocol):
    """Somebody who proved who it is, and by what."""

    @property
    def tenant(self) -> Tenant:
        """Whose credential it is."""
        ...

    @property
    def credential(self) -> Credential:
        """What it asks with; its limits are this request's, too."""
        ...


class Authenticator(Protocol):
    """Who is asking."""

    def known(self, authorization: str, address: str, scope: str = "") -> Tenant | None:
        """The tenant of an Authorization header's value, when that can be told at once and is good now, from this
        address and for this scope (one of `model.tenant.SCOPES`; '' = any).

        None is no refusal: ask `password` or `token`, which limit and count failures.
        """
        ...

    def password(self, name: str, secret: str, address: str, scope: str = "") -> Deferred[Tenant]:
        """The tenant of a password credential. Fails with Refused (UNAUTHENTICATED, TOO_MANY_FAILURES; for a good
        secret ADDRESS_NOT_ALLOWED, OUT_OF_SCOPE).

        `address` is the peer's IP address: failures are limited by address and name.
        """
        ...

    def knows(self, name: str) -> bool:
        """True when somebody has a password credential of this user name."""
        ...

    def token(self, secret: str, address: str, scope: str = "") -> Deferred[Tenant]:
        """The tenant of a token; fails in the same way."""
        ...

    def proven(self, name: str | None, secret: str, address: str, scope: str = "") -> Deferred[Proven]:
        """The tenant and its credential: of a password, or where `name` is None of a token; fails in the same way."""
        ...
