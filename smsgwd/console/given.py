"""What the console is given: the admin commands, `/v1`, who may log in, and sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from smsgwd.model.operators import Caller, Role
from smsgwd.model.sessions import Session

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from smsgwd.accounts.directory import Account
    from smsgwd.net.http_message import HttpRequest, HttpResponse


class Told(Exception):  # noqa: N818 -- named for what it says, as Refused is
    """Something was refused, in words for whoever asked. `status` is HTTP's, `code` the API's or ''."""

    def __init__(self, text: str, status: int = 422, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Person(msgspec.Struct, frozen=True):
    """Somebody whose name and password are right."""

    tenant: str  #: '' for an operator
    who: str
    fingerprint: str  #: of the credential: a session ends when it changes
    totp: bool = False  #: a code is wanted, too


class Commands(Protocol):
    """The admin commands, as on the socket."""

    def run(self, noun: str, verb: str, params: Mapping[str, str], caller: Caller) -> Awaitable[Any]:
        """Carry a command out. Raises Told for what the registry refuses: 403 where the role is not enough."""
        ...

    def needs(self, noun: str, verb: str) -> Role:
        """The least role that may run a command; admin for one that is not there."""
        ...


class V1(Protocol):
    """The tenants' API."""

    def ask(self, account: Account, request: HttpRequest) -> Awaitable[HttpResponse]:
        """The API's answer to a request of an account, which needs no header to say who asks."""
        ...


class Logins(Protocol):
    """Who may log in at a face. All fail with model.refusals.Refused: UNAUTHENTICATED, TOO_MANY_FAILURES, OVERLOADED,
    ADDRESS_NOT_ALLOWED, and StoreUnavailable."""

    def password(self, name: str, secret: str, address: str) -> Awaitable[Person]:
        """Whose name and password these are."""
        ...

    def code(self, person: Person, code: str, address: str) -> Awaitable[None]:
        """See that a TOTP code is this person's, and was not used before."""
        ...


class Sessions(Protocol):
    """Who is logged in. `face` is operators or tenants."""

    def begin(
        self, face: str, tenant: str, who: str, fingerprint: str, address: str, agent: str
    ) -> Deferred[tuple[str, Session]]:
        """Somebody logged in: the cookie's value and the session. Fails with StoreUnavailable."""
        ...

    def find(self, cookie: str, *, touch: bool = True) -> Deferred[Session | None]:
        """The session of a cookie, or None where it is over; without `touch` it is idle all the same. Fails with
        StoreUnavailable where that cannot be told."""
        ...

    def end(self, cookie: str) -> Deferred[None]:
        """Log out."""
        ...

    def caller_of(self, session: Session) -> Caller:
        """The operator of a session, with the role that he has now."""
        ...

    def account_of(self, session: Session) -> Account | None:
        """The account of a tenant's session, or None where it is no more."""
        ...


#: Makes a text that only this installation can have made, and opens one (raises ValueError).
Seal = Callable[[str], str]
