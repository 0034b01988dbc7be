"""Who may log in at the console: operators by their own passwords, tenants by a credential of kind password; then a
code from a phone where that is switched on.

Failures are limited by `northbound.auth`, which has the threads for hashes, too. All fail with StoreUnavailable and
Refused: UNAUTHENTICATED, TOO_MANY_FAILURES, OVERLOADED; of tenants ADDRESS_NOT_ALLOWED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred

from smsgwd.app.console_sessions import fingerprint
from smsgwd.app.operator_desk import OperatorDesk
from smsgwd.northbound.auth import PasswordAuthenticator

if TYPE_CHECKING:
    from smsgwd.console.given import Person


class TenantCodes(Protocol):
    """Codes from a phone beside tenants' passwords. Fails with StoreUnavailable."""

    def state(self, tenant: str, name: str) -> Deferred[bool | None]:
        """Whether they are asked for; None or False = they are not."""
        ...

    def check(self, tenant: str, name: str, code: str) -> Deferred[bool]:
        """Whether this is one that was not used before, or none is asked for."""
        ...


class OperatorLogins:
    """Implements console.given.Logins for the operators of a desk."""

    def __init__(self, desk: OperatorDesk, authenticator: PasswordAuthenticator) -> None:
        self._desk = desk
        self._authenticator = authenticator

    def password(self, name: str, secret: str, address: str) -> Deferred[Person]:
        """Whose name and password these are. One who is not there or disabled fails alike, and as late."""
        return Deferred.fromCoroutine(self._password(name, secret, address))

    def code(self, person: Person, code: str, address: str) -> Deferred[None]:
        """See that a code is this operator's, and was not used before. `address` counts for nothing: see
        `PasswordAuthenticator.code`."""
        name = person.who
        return Deferred.fromCoroutine(
            self._authenticator.code(_operator(name), lambda: self._desk.good_code(name, code))
        )

    async def _password(self, name: str, secret: str, address: str) -> Person:
        operator = await self._desk.find(name)
        hashes = () if operator is None or operator.disabled else (operator.secret_hash,)
        await self._authenticator.people(_operator(name), secret, hashes, address)
        assert operator is not None, "without a hash nothing is right"
        return _person("", operator.name, operator.secret_hash, bool(operator.totp))


class TenantLogins:
    """Implements console.given.Logins for tenants."""

    def __init__(self, authenticator: PasswordAuthenticator, codes: TenantCodes) -> None:
        self._authenticator = authenticator
        self._codes = codes

    def password(self, name: str, secret: str, address: str) -> Deferred[Person]:
        """Whose user name and password these are."""
        return Deferred.fromCoroutine(self._password(name, secret, address))

    def code(self, person: Person, code: str, address: str) -> Deferred[None]:
        """See that a code goes with this user name, and was not used before; `address` counts for nothing."""
        return Deferred.fromCoroutine(
            self._authenticator.code(f"tenant {person.who}", lambda: self._codes.check(person.tenant, person.who, code))
        )

    async def _password(self, name: str, secret: str, address: str) -> Person:
        account = await self._authenticator.login(name, secret, address)
        totp = await self._codes.state(account.tenant.id, name) is True
        return _person(account.tenant.id, name, account.credential.secret_hash, totp)


def _operator(name: str) -> str:
    """The name that failures are counted under: no user name of a tenant has a blank."""
    return f"operator {name}"


def _person(tenant: str, who: str, secret_hash: str, totp: bool) -> Person:
    from smsgwd.console.given import Person  # nothing of the console is imported before somebody comes

    return Person(tenant, who, fingerprint(secret_hash), totp)
