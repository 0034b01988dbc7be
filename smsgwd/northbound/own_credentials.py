"""The handlers of a tenant's own credentials: listed, made, renewed, removed, and codes from a phone beside them.

A credential can give no more than it is good for itself (`accounts.granting`), which is decided within the change, so
that nothing can be slipped in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import PASSWORD, SMPP, TOKEN, Directory
from smsgwd.accounts.granting import beyond, in_charge
from smsgwd.accounts.usage import expired
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound.allowance import Allowance
from smsgwd.northbound.book_types import Removed
from smsgwd.northbound.credential_routes import (
    CredentialAnswer,
    CredentialList,
    NewCredential,
    NewCredentialAnswer,
    RotateRequest,
    TotpAnswer,
    TotpRequest,
    TotpState,
)
from smsgwd.northbound.requests import decoded
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import OwnOperation
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.submit import Proven
    from smsgwd.ports.tenants import Check, NewSecret, OwnChanges, TenantDesk
    from smsgwd.ports.totp import TenantTotp

MOST: Final = 100  #: credentials that a tenant may make for itself
_A_MINUTE: Final = 10  # changes: each costs a hash, and a name that is taken tells something
_TOKEN_SHOWN: Final = 12  # characters of a token's digest: enough to name it, of no use to log in
_NAMES: Final = {PASSWORD: "username", SMPP: "system_id"}
_new = msgspec.json.Decoder(NewCredential)
_rotate = msgspec.json.Decoder(RotateRequest)
_totp = msgspec.json.Decoder(TotpRequest)
_encode = msgspec.json.Encoder().encode

Query = dict[str, list[str]]
Slots = tuple[str, ...]


class OwnCredentials:
    """The handlers. What was changed is told to `changes`, with who did it."""

    def __init__(
        self, directory: Directory, desk: TenantDesk, totp: TenantTotp, changes: OwnChanges, clock: Clock
    ) -> None:
        self._directory = directory
        self._desk = desk
        self._totp = totp
        self._changes = changes
        self._clock = clock
        self._allowed = Allowance(clock, _A_MINUTE)

    def handlers(self) -> Mapping[str, OwnOperation]:
        """By operation of `CREDENTIAL_ROUTES`."""
        return {
            "list_credentials": lambda who, _request, _slots, _query: _later(self.list(who)),
            "add_credential": lambda who, request, _slots, _query: _later(self.add(who, request)),
            "rotate_credential": lambda who, request, slots, _query: _later(self.rotate(who, request, slots)),
            "remove_credential": lambda who, request, slots, query: _later(self.remove(who, request, slots, query)),
            "get_totp": lambda who, _request, slots, _query: _later(self.get_totp(who, slots)),
            "set_totp": lambda who, request, slots, _query: _later(self.set_totp(who, request, slots)),
            "remove_totp": lambda who, request, slots, _query: _later(self.remove_totp(who, request, slots)),
        }

    # -- credentials

    async def list(self, who: Proven) -> HttpResponse:
        """All of the tenant's."""
        names = await self._totp.names(who.tenant.id)
        shown = [CredentialAnswer(**self._members(who, each, names)) for each in self._tenant(who).credentials]
        return json_response(200, _encode(CredentialList(shown)))

    async def add(self, who: Proven, request: HttpRequest) -> HttpResponse:
        """Make one."""
        wanted = decoded(_new, request.body)
        if (wanted.name is None) is not (wanted.kind == TOKEN):
            why = "a token has none: give it a label" if wanted.kind == TOKEN else "it is needed: what it logs in with"
            raise Refused(Refusal.INVALID, f"name: {why}")
        self._allowed.take(who.tenant.id)
        options: dict[str, Any] = {
            "kind": wanted.kind,
            "label": wanted.label,
            "scopes": tuple(wanted.scopes),
            "allow": tuple(wanted.allow),
        }
        if wanted.name is not None:
            options[_NAMES[wanted.kind]] = wanted.name
            self._free(self._tenant(who), wanted.kind, wanted.name)  # before a hash is made for nothing
        if wanted.expires_at is not None:
            options["expires_at"] = wanted.expires_at
        try:
            new = await self._desk.add_credential(who.tenant.id, options, check=self._check(who), by=_by(who))
        except Refused as refused:
            raise _worded(refused) from None
        return await self._made(201, "credential add", who, request, new)

    async def rotate(self, who: Proven, request: HttpRequest, slots: Slots) -> HttpResponse:
        """A new secret."""
        kind, name = slots
        grace_ms = int(decoded(_rotate, request.body or b"{}").grace_s) * 1000
        self._allowed.take(who.tenant.id)
        check = self._check(who)
        new = await self._desk.rotate(who.tenant.id, _kind(kind), name, grace_ms, check=check, by=_by(who))
        return await self._made(200, "credential rotate", who, request, new)

    async def remove(self, who: Proven, request: HttpRequest, slots: Slots, query: Query) -> HttpResponse:
        """Remove one, or all of a name; codes from a phone go with the last of its passwords."""
        kind, name = slots
        serial = _serial(query)
        check = self._check(who)
        gone = await self._desk.remove(who.tenant.id, _kind(kind), name, serial, check=check, by=_by(who))
        if kind == PASSWORD and not self._directory.claimed(kind, name):
            await self._totp.remove(who.tenant.id, name)
        for each in gone:
            await self._changes.told(who, request.address, "credential remove", _named(each))
        return json_response(200, _encode(Removed(len(gone))))

    # -- codes from a phone

    async def get_totp(self, who: Proven, slots: Slots) -> HttpResponse:
        """Whether codes are asked for."""
        name = self._passwords(who, slots)[0].name
        state = await self._totp.state(who.tenant.id, name)
        return json_response(200, _encode(TotpState(state is True, state is False)))

    async def set_totp(self, who: Proven, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Begin, or confirm."""
        code = decoded(_totp, request.body or b"{}").code
        name = self._mine(who, slots)
        self._allowed.take(who.tenant.id)
        if code is None:
            new = await self._totp.begin(who.tenant.id, name)
            return json_response(200, _encode(TotpAnswer(enabled=False, begun=True, secret=new.secret, uri=new.uri)))
        await self._totp.confirm(who.tenant.id, name, code)
        await self._changes.told(who, request.address, "credential totp-on", {"kind": PASSWORD, "name": name})
        return json_response(200, _encode(TotpAnswer(enabled=True, begun=False)))

    async def remove_totp(self, who: Proven, request: HttpRequest, slots: Slots) -> HttpResponse:
        """Ask for no codes any more."""
        name = self._mine(who, slots)
        gone = await self._totp.remove(who.tenant.id, name)
        if gone:
            await self._changes.told(who, request.address, "credential totp-off", {"kind": PASSWORD, "name": name})
        return json_response(200, _encode(Removed(int(gone))))

    # -- shared

    def _tenant(self, who: Proven) -> Tenant:
        """As it is now."""
        return self._directory.tenant(who.tenant.id) or who.tenant

    def _check(self, who: Proven) -> Check:
        now = self._clock.now_ms()

        def check(before: Tenant, after: Tenant, touched: Sequence[Credential]) -> None:
            if len(after.credentials) > max(MOST, len(before.credentials)):
                raise Refused(Refusal.INVALID, f"an account has {MOST} credentials at most: remove some first")
            for each in touched:
                more = beyond(who.credential, each)
                if more is not None:
                    raise Refused(Refusal.OUT_OF_SCOPE, more)
                if each.kind != TOKEN:
                    self._free(before, each.kind, each.name)
            live = [each for each in before.credentials if not expired(each, now)]
            if in_charge(live) and not in_charge(each for each in after.credentials if not expired(each, now)):
                raise Refused(
                    Refusal.LAST_CREDENTIAL,
                    "it is the last one without scopes and without an end: make another one first",
                )

        return check

    def _free(self, tenant: Tenant, kind: str, name: str) -> None:
        """Raises Refused(EXISTS) for a name that is another tenant's, and does not say whose."""
        own = any((each.kind, each.name) == (kind, name) for each in tenant.credentials)
        if not own and self._directory.claimed(kind, name):
            raise _taken()

    def _passwords(self, who: Proven, slots: Slots) -> Sequence[Credential]:
        """The tenant's passwords of a name. Raises Refused(NO_SUCH)."""
        kind, name = slots
        found = [each for each in self._tenant(who).credentials if (each.kind, each.name) == (PASSWORD, name)]
        if kind != PASSWORD or not found:
            raise Refused(Refusal.NO_SUCH, "there is no such password: codes go with the user name of one")
        return found

    def _mine(self, who: Proven, slots: Slots) -> str:
        """The name of passwords that are good for no more than the credential that asks."""
        found = self._passwords(who, slots)
        for each in found:
            more = beyond(who.credential, each)
            if more is not None:
                raise Refused(Refusal.OUT_OF_SCOPE, more)
        return found[0].name

    async def _made(self, status: int, what: str, who: Proven, request: HttpRequest, new: NewSecret) -> HttpResponse:
        made = new.credential
        await self._changes.told(who, request.address, what, _named(made))
        names = await self._totp.names(who.tenant.id)
        shown = NewCredentialAnswer(**self._members(who, made, names), secret=new.secret)
        return json_response(status, _encode(shown))

    def _members(self, who: Proven, each: Credential, totp: frozenset[str]) -> dict[str, Any]:
        asks = who.credential
        return {
            "kind": each.kind,
            "name": _shown(each),
            "serial": each.serial,
            "label": each.label,
            "scopes": list(each.scopes),
            "allow": list(each.allow),
            "created_at": format_epoch_ms(each.created_at) if each.created_at else None,
            "expires_at": None if each.expires_at is None else format_epoch_ms(each.expires_at),
            "live": not expired(each, self._clock.now_ms()),
            "this": (each.kind, each.name, each.serial) == (asks.kind, asks.name, asks.serial),
            "totp": each.kind == PASSWORD and each.name in totp,
        }


def _shown(credential: Credential) -> str:
    return credential.name[:_TOKEN_SHOWN] if credential.kind == TOKEN else credential.name


def _named(credential: Credential) -> dict[str, str]:
    """A credential as the audit names it."""
    limits = {"label": credential.label, "scopes": ",".join(credential.scopes), "allow": ",".join(credential.allow)}
    return {"kind": credential.kind, "name": _shown(credential)} | {name: each for name, each in limits.items() if each}


def _by(who: Proven) -> str:
    """Who the log says did it."""
    return f"tenant {who.tenant.id}, {who.credential.kind} {_shown(who.credential)}"


def _kind(written: str) -> str:
    if written not in (PASSWORD, TOKEN, SMPP):
        raise Refused(Refusal.NO_SUCH, "there is no such kind of credential: password, token and smpp are")
    return written


def _serial(query: Query) -> int | None:
    if "serial" not in query:
        return None
    written = query["serial"][0]
    if not (written.isascii() and written.isdigit() and len(written) <= 9):
        raise Refused(Refusal.INVALID, "serial: a whole number is expected")
    return int(written)


def _taken() -> Refused:
    return Refused(Refusal.EXISTS, "name: it cannot be had: choose another one")


def _worded(refused: Refused) -> Refused:
    """A refusal of the desk in the words of this API, which tells nothing of other tenants."""
    if refused.refusal is Refusal.EXISTS:
        return _taken()
    if refused.refusal is Refusal.INVALID:
        return Refused(Refusal.INVALID, refused.detail.replace("username:", "name:").replace("system_id:", "name:"))
    return refused


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)
