"""`operator list`, `show`, `add`, `set`, `password`, `totp-begin`, `totp-confirm`, `totp-off`, `remove`, `sessions`,
`logout`: who may log in at the operators' console.

An operator who is logged in there may change what is his own; for the rest it takes the role admin.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from typing import Any, Final, Protocol, cast

from twisted.internet.defer import Deferred

from smsgwd.model.operators import ROLES, Caller, Operator, Role
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.sessions import Session
from smsgwd.ops.params import carried_out, flag, word
from smsgwd.ops.registry import CALLER, Command, CommandError, NotPermittedError, Parameter, Params
from smsgwd.timespec import format_epoch_ms

_FACE: Final = "operators"
_MADE_BYTES: Final = 15  # of a password that is made: 20 characters
_SHORTEST: Final = 8  # characters that name a session
_NAME = Parameter("name", "The operator's name", required=True)
_SECRET = Parameter("secret", "The password, 8 characters at least; made if not given")
_OLD = Parameter("old", "The password now: who is logged in at the console needs it for what is his own")


class Desk(Protocol):
    """The operators there are. All fail with Refused and StoreUnavailable."""

    def find(self, name: str) -> Awaitable[Operator | None]:
        """One of them, or None."""
        ...

    def everybody(self) -> Awaitable[list[Operator]]:
        """All by name."""
        ...

    def add(self, name: str, role: Role, secret: str) -> Awaitable[Operator]:
        """A new one."""
        ...

    def change(self, name: str, *, role: Role = "", disabled: bool | None = None) -> Awaitable[Operator]:
        """Another role, or no log-in."""
        ...

    def password(self, name: str, secret: str) -> Awaitable[Operator]:
        """Another password."""
        ...

    def begin_codes(self, name: str) -> Awaitable[tuple[str, str]]:
        """A secret for a phone, and its URI."""
        ...

    def confirm_codes(self, name: str, code: str) -> Awaitable[Operator]:
        """Codes are asked for from now on."""
        ...

    def no_codes(self, name: str) -> Awaitable[Operator]:
        """Codes are asked for no more."""
        ...

    def remove(self, name: str) -> Awaitable[None]:
        """One less."""
        ...


class Sessions(Protocol):
    """Who is logged in. All fail with StoreUnavailable."""

    def of(self, face: str, tenant: str, who: str) -> Awaitable[list[tuple[str, Session]]]:
        """Somebody's, each with a name."""
        ...

    def end_all(self, face: str, tenant: str, who: str, session: str = "") -> Awaitable[int]:
        """End them, or the one of a name; how many."""
        ...


class Logins(Protocol):
    """Proves that somebody knows a password."""

    def password(self, name: str, secret: str, address: str) -> Awaitable[object]:
        """Fails with Refused."""
        ...


class Operators:
    """Commands about operators."""

    def __init__(self, desk: Desk, sessions: Sessions, logins: Logins) -> None:
        self._desk = desk
        self._sessions = sessions
        self._logins = logins

    def commands(self) -> list[Command]:
        """The commands of this family. Those of role read are for what is the caller's own."""
        return [
            Command(
                "operator",
                "list",
                "Who may log in at the console",
                self._list,
                role="admin",
                examples=("operator list",),
            ),
            Command(
                "operator",
                "show",
                "One operator, without secrets: oneself, or (admin) anybody",
                self._show,
                (_NAME,),
                examples=("operator show alice",),
            ),
            Command(
                "operator",
                "add",
                "Let somebody log in at the console; a password that is made is shown once",
                self._add,
                (
                    _NAME,
                    Parameter("role", "read, operate or admin; read if not given", values="|".join(ROLES)),
                    _SECRET,
                ),
                changes=True,
                look=self._look,
                hides=("secret",),
                examples=("operator add alice operate",),
            ),
            Command(
                "operator",
                "set",
                "Give an operator another role, or let in no more (or again)",
                self._set,
                (
                    _NAME,
                    Parameter("role", "read, operate or admin", values="|".join(ROLES)),
                    Parameter("disabled", "yes = may not log in", values="yes|no"),
                ),
                changes=True,
                look=self._look,
                examples=("operator set alice role=admin", "operator set alice disabled=yes"),
            ),
            Command(
                "operator",
                "password",
                "Another password, one's own or (admin) anybody's; who is logged in with the old one no longer is",
                self._password,
                (_NAME, _SECRET, _OLD),
                changes=True,
                role="read",
                look=self._look,
                hides=("secret", "old"),
                examples=("operator password alice",),
            ),
            Command(
                "operator",
                "totp-begin",
                "A secret for a phone that makes codes, shown once; one's own or (admin) anybody's",
                self._totp_begin,
                (_NAME, _OLD),
                changes=True,
                role="read",
                look=self._look,
                hides=("old",),
                examples=("operator totp-begin alice",),
            ),
            Command(
                "operator",
                "totp-confirm",
                "Ask for a code at each log-in from now on, as the first code is right",
                self._totp_confirm,
                (_NAME, Parameter("code", "What the phone shows", required=True)),
                changes=True,
                role="read",
                look=self._look,
                hides=("code",),
                examples=("operator totp-confirm alice 492039",),
            ),
            Command(
                "operator",
                "totp-off",
                "Ask for no codes any more: one's own, or (admin) of somebody who lost the phone",
                self._totp_off,
                (_NAME, _OLD),
                changes=True,
                role="read",
                look=self._look,
                hides=("old",),
                examples=("operator totp-off alice",),
            ),
            Command(
                "operator",
                "remove",
                "Remove an operator, who is logged out at once",
                self._remove,
                (_NAME,),
                changes=True,
                look=self._look,
                examples=("operator remove alice",),
            ),
            Command(
                "operator",
                "sessions",
                "Where an operator is logged in; one's own or (admin) anybody's",
                self._list_sessions,
                (_NAME,),
                examples=("operator sessions alice",),
            ),
            Command(
                "operator",
                "logout",
                "Log an operator out everywhere; one's own or (admin) anybody's",
                self._logout,
                (_NAME, Parameter("session", "Only this one, as `operator sessions` names it")),
                changes=True,
                role="read",
                examples=("operator logout alice",),
            ),
        ]

    # ------------------------------------------------------------------ looking
    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        return carried_out(self._listed())

    async def _listed(self) -> list[dict[str, Any]]:
        return [shown(each) for each in await self._desk.everybody()]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        _own(params)
        return carried_out(self._found(params["name"]))

    async def _found(self, name: str) -> dict[str, Any]:
        operator = await self._looked(name)
        if operator is None:
            raise CommandError(f"there is no operator {name}")
        return operator

    def _look(self, params: Params) -> Deferred[Any]:
        return carried_out(self._looked(params["name"]))

    async def _looked(self, name: str) -> dict[str, Any] | None:
        operator = await self._desk.find(name)
        return None if operator is None else shown(operator)

    def _list_sessions(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        _own(params)
        return carried_out(self._listed_sessions(params["name"]))

    async def _listed_sessions(self, name: str) -> list[dict[str, Any]]:
        return [
            {
                "session": key,
                "begun": format_epoch_ms(each.begun_at),
                "seen": format_epoch_ms(each.seen_at),
                "address": each.address,
                "agent": each.agent,
            }
            for key, each in await self._sessions.of(_FACE, "", name)
        ]

    # ------------------------------------------------------------------ changing
    def _add(self, params: Params) -> Deferred[dict[str, Any]]:
        role = _role(params, "read")
        secret = params.get("secret") or _made()
        return carried_out(self._told(self._desk.add(params["name"], role, secret), params, secret))

    def _set(self, params: Params) -> Deferred[dict[str, Any]]:
        disabled = flag(params, "disabled") if "disabled" in params else None
        if disabled is None and "role" not in params:
            raise CommandError("operator set needs role or disabled")
        return carried_out(
            self._told(self._desk.change(params["name"], role=_role(params, ""), disabled=disabled), params)
        )

    def _password(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._new_password(params, _own(params)))

    async def _new_password(self, params: Params, own: Caller | None) -> dict[str, Any]:
        await self._prove(params, own)
        secret = params.get("secret") or _made()
        return await self._told(self._desk.password(params["name"], secret), params, secret)

    def _totp_begin(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._begun(params, _own(params)))

    async def _begun(self, params: Params, own: Caller | None) -> dict[str, Any]:
        await self._prove(params, own)
        secret, uri = await self._desk.begin_codes(params["name"])
        return {"name": params["name"], "secret": secret, "uri": uri}

    def _totp_confirm(self, params: Params) -> Deferred[dict[str, Any]]:
        _own(params)
        return carried_out(self._told(self._desk.confirm_codes(params["name"], params["code"]), params))

    def _totp_off(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._no_codes(params, _own(params)))

    async def _no_codes(self, params: Params, own: Caller | None) -> dict[str, Any]:
        await self._prove(params, own)
        return await self._told(self._desk.no_codes(params["name"]), params)

    def _remove(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._removed(params["name"]))

    async def _removed(self, name: str) -> dict[str, Any]:
        await self._desk.remove(name)
        return {"removed": name, "sessions": await self._sessions.end_all(_FACE, "", name)}

    def _logout(self, params: Params) -> Deferred[dict[str, Any]]:
        _own(params)
        session = params.get("session", "")
        if "session" in params and len(session) < _SHORTEST:
            raise CommandError("session: `operator sessions` names them")
        return carried_out(self._logged_out(params["name"], session))

    async def _logged_out(self, name: str, session: str) -> dict[str, Any]:
        return {"name": name, "ended": await self._sessions.end_all(_FACE, "", name, session)}

    async def _prove(self, params: Params, own: Caller | None) -> None:
        """Whoever found a console open must not be able to lock its operator out."""
        if own is None:
            return
        if "old" not in params:
            raise CommandError("old is needed: the password now")
        try:
            await self._logins.password(own.who, params["old"], own.address)
        except Refused as refused:
            if refused.refusal is not Refusal.UNAUTHENTICATED:
                raise
            raise CommandError("old is not the password now") from None

    @staticmethod
    async def _told(changing: Awaitable[Operator], params: Params, secret: str = "") -> dict[str, Any]:
        """An operator, with the password where that was made here."""
        told = shown(await changing)
        return {**told, "secret": secret} if secret and "secret" not in params else told


def shown(operator: Operator) -> dict[str, Any]:
    """An operator for others; no secret."""
    return {
        "name": operator.name,
        "role": operator.role,
        "disabled": operator.disabled,
        "totp": "on" if operator.totp else "waits for a code" if operator.totp_next else "off",
        "created": format_epoch_ms(operator.created_at) if operator.created_at else None,
        "password_since": format_epoch_ms(operator.changed_at) if operator.changed_at else None,
    }


def _own(params: Params) -> Caller | None:
    """The caller, where this is about himself at the console; None for an admin. NotPermittedError for others."""
    caller = CALLER.get()
    if caller.via == "console" and caller.who == params["name"]:
        return caller
    if not caller.may("admin"):
        raise NotPermittedError(f"what is another operator's needs the role admin; {caller.who} has {caller.role}")
    return None


def _role(params: Params, default: str) -> Role:
    return cast(Role, word(params, "role", ROLES, default)) if default or "role" in params else ""


def _made() -> str:
    return secrets.token_urlsafe(_MADE_BYTES)
