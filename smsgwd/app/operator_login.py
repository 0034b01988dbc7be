"""Operators log in: name and password, then a code from a phone where that is switched on."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from smsgwd.app.operator_desk import OperatorDesk
from smsgwd.model.operators import Operator
from smsgwd.northbound.auth import PasswordAuthenticator


class OperatorLogins:
    """Hashes and limits of `northbound.auth`, for the operators of a desk. All fail with Refused (UNAUTHENTICATED,
    TOO_MANY_FAILURES, OVERLOADED) and StoreUnavailable."""

    def __init__(self, desk: OperatorDesk, authenticator: PasswordAuthenticator) -> None:
        self._desk = desk
        self._authenticator = authenticator

    def password(self, name: str, secret: str, address: str) -> Deferred[Operator]:
        """Whose name and password these are. One who is not there or disabled fails alike, and as late."""
        return Deferred.fromCoroutine(self._password(name, secret, address))

    def code(self, name: str, code: str, address: str) -> Deferred[None]:
        """See that a code is this operator's, and was not used before. `address` counts for nothing: see
        `PasswordAuthenticator.code`."""
        return Deferred.fromCoroutine(
            self._authenticator.code(_counted(name), lambda: self._desk.good_code(name, code))
        )

    async def _password(self, name: str, secret: str, address: str) -> Operator:
        operator = await self._desk.find(name)
        hashes = () if operator is None or operator.disabled else (operator.secret_hash,)
        await self._authenticator.people(_counted(name), secret, hashes, address)
        assert operator is not None, "without a hash nothing is right"
        return operator


def _counted(name: str) -> str:
    """The name that failures are counted under: no user name of a tenant has a blank."""
    return f"operator {name}"
