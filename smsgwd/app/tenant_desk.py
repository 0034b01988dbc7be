"""Tenants and credentials as operators change them: `ports.tenants.TenantDesk`.

Options are checked as the tenants file is; secrets are made here, hashed off the reactor, and told once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from smsgwd.accounts.directory import MOST_SECRETS, TOKEN
from smsgwd.accounts.hashing import token_digest
from smsgwd.accounts.usage import expired
from smsgwd.app.bootstrap import (
    hashed_secret,
    new_secret,
    new_webhook_secret,
    stored_credential,
    stored_tenant,
    with_settings,
)
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.config.given import checked_tenant
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.tenants import OPERATORS, Check, NewSecret, anything
from smsgwd.telemetry import get_logger

T = TypeVar("T")

_FIXED: Final = {
    "id": "a tenant keeps its id",
    "currency": "a tenant keeps its currency: its ledger is in it",
    "credentials": "credentials are changed by the credential commands",
}
_SHORTEST: Final = 6  # characters of a token's digest that may stand for it
_SECRETS: Final = ("password", "token", "smpp")
_log = get_logger("tenants")


class TenantDesk:
    """See `ports.tenants.TenantDesk`."""

    def __init__(self, tenancy: Tenancy, vault: Vault, clock: Clock) -> None:
        self._tenancy = tenancy
        self._vault = vault
        self._clock = clock

    def create(self, options: Mapping[str, Any]) -> Deferred[tuple[Tenant, list[NewSecret]]]:
        """See the port."""
        return Deferred.fromCoroutine(self._create(options))

    def change(self, tenant: str, options: Mapping[str, Any], *, by: str = OPERATORS) -> Deferred[Tenant]:
        """See the port."""
        return Deferred.fromCoroutine(self._change(tenant, options, by))

    def new_webhook_secret(self, tenant: str, *, by: str = OPERATORS) -> Deferred[str]:
        """See the port."""
        secret = new_webhook_secret()
        return self.change(tenant, {"webhook": {"secret": secret}}, by=by).addCallback(lambda _: secret)

    def add_credential(
        self, tenant: str, options: Mapping[str, Any], *, check: Check = anything, by: str = OPERATORS
    ) -> Deferred[NewSecret]:
        """See the port."""
        return Deferred.fromCoroutine(self._add(tenant, options, check, by))

    def rotate(
        self, tenant: str, kind: str, name: str, grace_ms: int, *, check: Check = anything, by: str = OPERATORS
    ) -> Deferred[NewSecret]:
        """See the port."""
        return Deferred.fromCoroutine(self._rotate(tenant, kind, name, grace_ms, check, by))

    def expire(
        self, tenant: str, kind: str, name: str, serial: int | None, at: int | None
    ) -> Deferred[list[Credential]]:
        """See the port."""

        def ended(credential: Credential) -> Credential:
            return msgspec.structs.replace(credential, expires_at=at)

        return Deferred.fromCoroutine(self._replaced("expire", tenant, (kind, name, serial), ended))

    def remove(
        self,
        tenant: str,
        kind: str,
        name: str,
        serial: int | None,
        *,
        check: Check = anything,
        by: str = OPERATORS,
    ) -> Deferred[list[Credential]]:
        """See the port."""
        gone = self._replaced("remove", tenant, (kind, name, serial), lambda _: None, check, by)
        return Deferred.fromCoroutine(gone)

    # ------------------------------------------------------------------ tenants
    async def _create(self, options: Mapping[str, Any]) -> tuple[Tenant, list[NewSecret]]:
        declared, made = _declared(_with_secrets(options))
        now = self._clock.now_ms()
        stored = await deferToThread(stored_tenant, declared, self._vault, now)

        def new(there: Tenant | None) -> Tenant:
            if there is not None:
                raise Refused(Refusal.EXISTS, f"there is a tenant {there.id} already")
            return stored

        tenant = await self._tenancy.change(stored.id, new, now)
        assert tenant is not None
        self._told("create", tenant.id, OPERATORS, options=sorted(declared.model_fields_set))
        secrets = zip(tenant.credentials, declared.credentials, strict=True)
        return tenant, [
            NewSecret(credential, each.secret.get_secret_value())
            for place, (credential, each) in enumerate(secrets)
            if place in made
        ]

    async def _change(self, tenant_id: str, options: Mapping[str, Any], by: str) -> Tenant:
        for name, why in _FIXED.items():
            if name in options:
                raise Refused(Refusal.INVALID, why)
        if options.get("credit") is not None:
            raise Refused(Refusal.INVALID, "credit is what a tenant begins with: book money with `ledger topup`")
        if not options:
            raise Refused(Refusal.INVALID, "no option is given")
        declared, _ = _declared(({**options, "id": tenant_id}, frozenset()))

        def changed(there: Tenant | None) -> Tenant:
            tenant = with_settings(_known(tenant_id, there), declared, options, self._vault)
            return msgspec.structs.replace(tenant, credit=None) if "credit" in options else tenant

        tenant = await self._tenancy.change(tenant_id, changed, self._clock.now_ms())
        assert tenant is not None
        self._told("set", tenant_id, by, options=sorted(options))
        return tenant

    # ------------------------------------------------------------------ credentials
    async def _add(self, tenant_id: str, options: Mapping[str, Any], check: Check, by: str) -> NewSecret:
        _known(tenant_id, self._tenancy.directory.tenant(tenant_id))
        declared, _ = _declared(_with_secrets({"id": tenant_id, "credentials": (dict(options),)}), "credentials[0].")
        [given] = declared.credentials
        now = self._clock.now_ms()
        if given.kind == TOKEN:
            older = (token_digest(given.secret.get_secret_value(), key) for key in self._vault.token_keys[1:])
            if any(self._tenancy.directory.claimed(TOKEN, digest) for digest in older):
                raise Refused(Refusal.EXISTS, "there is this token already")
        fresh = await deferToThread(stored_credential, given, self._vault, now)

        def added(there: Tenant | None) -> Tenant:
            tenant = _known(tenant_id, there)
            same = [each for each in tenant.credentials if (each.kind, each.name) == (fresh.kind, fresh.name)]
            if same and fresh.kind == TOKEN:
                raise Refused(Refusal.EXISTS, "the tenant has this token already")
            numbered = _numbered(fresh, same)
            made = _with(_without(tenant, [each for each in same if expired(each, now)]), numbered)
            check(tenant, made, [numbered])
            return made

        tenant = await self._tenancy.change(tenant_id, added, now)
        return self._new("add", tenant, given.secret.get_secret_value(), by)

    async def _rotate(self, tenant_id: str, kind: str, name: str, grace_ms: int, check: Check, by: str) -> NewSecret:
        now = self._clock.now_ms()
        _found(_known(tenant_id, self._tenancy.directory.tenant(tenant_id)), kind, name, None, now)
        secret = new_secret(kind)
        digest = token_digest(secret, self._vault.token_key) if kind == TOKEN else ""
        hashed = "" if kind == TOKEN else await deferToThread(hashed_secret, secret)
        end = now + grace_ms

        def rotated(there: Tenant | None) -> Tenant:
            tenant = _known(tenant_id, there)
            old = _found(tenant, kind, name, None, now)
            live = [each for each in old if not expired(each, now)]
            newest = max(live or old, key=lambda each: each.serial)
            fresh = msgspec.structs.replace(
                newest,
                name=digest or newest.name,
                secret_hash=hashed,
                serial=0 if digest else newest.serial,
                created_at=now,
                key=self._vault.key_id if digest else "",
                expires_at=newest.expires_at if newest in live else None,
            )
            ending = [
                msgspec.structs.replace(each, expires_at=end if each.expires_at is None else min(each.expires_at, end))
                for each in live
            ]
            kept = sorted((each for each in ending if not expired(each, now)), key=lambda each: each.serial)
            kept = kept[-(MOST_SECRETS - 1) :]  # an oldest one ends at once, for the newest to have a place
            made = _with(_without(tenant, old), *kept, fresh if digest else _numbered(fresh, old))
            check(tenant, made, [*old, fresh])  # of one that has ended the new secret has no end
            return made

        tenant = await self._tenancy.change(tenant_id, rotated, now)
        return self._new("rotate", tenant, secret, by)

    async def _replaced(
        self,
        what: str,
        tenant_id: str,
        which: tuple[str, str, int | None],
        make: Callable[[Credential], Credential | None],
        check: Check = anything,
        by: str = OPERATORS,
    ) -> list[Credential]:
        """Put what `make` gives (None = nothing) in the place of credentials (kind, name, serial); fires with those,
        else with the old."""
        done: list[Credential] = []
        now = self._clock.now_ms()

        def replaced(there: Tenant | None) -> Tenant:
            tenant = _known(tenant_id, there)
            old = _found(tenant, *which, now)
            new = [made for each in old if (made := make(each)) is not None]
            done[:] = new or old
            after = _with(_without(tenant, old), *new)
            check(tenant, after, old)
            return after

        await self._tenancy.change(tenant_id, replaced, now)
        self._told(f"credential {what}", tenant_id, by, kind=which[0], count=len(done))
        return done

    def _new(self, what: str, tenant: Tenant | None, secret: str, by: str) -> NewSecret:
        assert tenant is not None
        fresh = tenant.credentials[-1]
        self._told(f"credential {what}", tenant.id, by, kind=fresh.kind, count=1)
        return NewSecret(fresh, secret)

    @staticmethod
    def _told(what: str, tenant: str, by: str, **details: Any) -> None:
        _log.info("tenant.changed", tenant=tenant, change=what, by=by, **details)


def _declared(
    given: tuple[Mapping[str, Any], frozenset[int]], prefix: str = ""
) -> tuple[DeclaredTenant, frozenset[int]]:
    """Checked options, and the places of the credentials whose secrets were made. Raises Refused(INVALID)."""
    options, made = given
    try:
        return checked_tenant(options), made
    except ValueError as error:
        raise Refused(Refusal.INVALID, str(error).replace(prefix, "") if prefix else str(error)) from None


def _with_secrets(options: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[int]]:
    """Options with a fresh secret in each credential that has none, and the places of those."""
    credentials = options.get("credentials")
    if not isinstance(credentials, tuple):
        return options, frozenset()
    filled: list[Any] = []
    made: set[int] = set()
    for place, each in enumerate(credentials):
        if isinstance(each, dict) and each.get("kind") in _SECRETS and each.get("secret") is None:
            made.add(place)
            filled.append({**each, "secret": new_secret(each["kind"])})
        else:
            filled.append(each)
    return {**options, "credentials": tuple(filled)}, frozenset(made)


def _known(tenant_id: str, there: Tenant | None) -> Tenant:
    if there is None:
        raise Refused(Refusal.NO_SUCH, f"there is no tenant {tenant_id}")
    return there


def _found(tenant: Tenant, kind: str, name: str, serial: int | None, now: int) -> list[Credential]:
    """A tenant's credentials of a name, or the one of `serial`; of a token the label or the beginning of its digest is
    its name, and what has expired counts only where nothing else fits. Raises Refused(NO_SUCH, INVALID)."""
    some = [each for each in tenant.credentials if each.kind == kind]
    if kind == TOKEN:
        found = [each for each in some if name == each.label or (len(name) >= _SHORTEST and each.name.startswith(name))]
        found = [each for each in found if not expired(each, now)] or found
        if len(found) > 1:
            raise Refused(Refusal.INVALID, f"several tokens are called {name}: name one by its digest")
    else:
        found = [each for each in some if each.name == name]
    if serial is not None:
        found = [each for each in found if each.serial == serial]
    if not found:
        raise Refused(Refusal.NO_SUCH, f"tenant {tenant.id} has no such {kind} credential")
    return found


def _without(tenant: Tenant, gone: list[Credential]) -> Tenant:
    return msgspec.structs.replace(tenant, credentials=tuple(each for each in tenant.credentials if each not in gone))


def _with(tenant: Tenant, *more: Credential) -> Tenant:
    return msgspec.structs.replace(tenant, credentials=(*tenant.credentials, *more))


def _numbered(fresh: Credential, same: list[Credential]) -> Credential:
    """A credential with a serial behind those of its name."""
    return msgspec.structs.replace(fresh, serial=1 + max((each.serial for each in same), default=-1))
