"""Codes from a phone beside a tenant's passwords, kept as records: `ports.totp.TenantTotp`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import msgspec
from twisted.internet.defer import Deferred, DeferredLock

from smsgwd.accounts import totp
from smsgwd.accounts.directory import PASSWORD
from smsgwd.app.secrets import Vault
from smsgwd.model.records import LONGEST_KEY, TOTP, Record, Totp, totp_key
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.ports.totp import NewTotp

_ISSUER: Final = "smsgwd"
_MOST_NAMES: Final = 1000
_PREFIX: Final = totp_key(PASSWORD, "")


class TenantTotp:
    """See the port. One change at a time, so that a code works once on this node."""

    def __init__(self, records: Records, vault: Vault, clock: Clock) -> None:
        self._records = records
        self._vault = vault
        self._clock = clock
        self._lock = DeferredLock()

    def names(self, tenant: str) -> Deferred[frozenset[str]]:
        """See the port."""
        return Deferred.fromCoroutine(self._names(tenant))

    def state(self, tenant: str, name: str) -> Deferred[bool | None]:
        """See the port."""
        return Deferred.fromCoroutine(self._state(tenant, name))

    def begin(self, tenant: str, name: str) -> Deferred[NewTotp]:
        """See the port."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._begin(tenant, name)))

    def confirm(self, tenant: str, name: str, code: str) -> Deferred[None]:
        """See the port."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._confirm(tenant, name, code)))

    def check(self, tenant: str, name: str, code: str) -> Deferred[bool]:
        """See the port."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._check(tenant, name, code)))

    def remove(self, tenant: str, name: str) -> Deferred[bool]:
        """See the port."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._remove(tenant, name)))

    async def sealed(self) -> list[str]:
        """All secrets there are, as the vault has sealed them. Fails with StoreUnavailable."""
        return [_kept(each.value).secret for each in await self._all()]

    async def seal_anew(self, anew: Callable[[str], str]) -> None:
        """Put what `anew` gives in the place of each sealed secret. Fails with StoreUnavailable."""
        for each in await self._all():
            sealed = _kept(each.value).secret
            if anew(sealed) != sealed:
                await self._lock.run(lambda record: Deferred.fromCoroutine(self._sealed_anew(record, anew)), each)

    async def _sealed_anew(self, record: Record, anew: Callable[[str], str]) -> None:
        there = await self._records.get(TOTP, record.tenant, record.key)  # it may have been used meanwhile
        if there is not None:
            kept = _kept(there.value)
            value = msgspec.json.encode(msgspec.structs.replace(kept, secret=anew(kept.secret)))
            await self._records.put(TOTP, record.tenant, record.key, value, old=True)

    async def _all(self) -> list[Record]:
        """All of all tenants."""
        found: list[Record] = []
        after = ""
        while True:
            page = await self._records.page(TOTP, None, after, _MOST_NAMES)
            found += page
            if len(page) < _MOST_NAMES:
                return found
            after = f"{page[-1].tenant}\0{page[-1].key}"

    async def _names(self, tenant: str) -> frozenset[str]:
        found = await self._records.page(TOTP, tenant, "", _MOST_NAMES, beginning=_PREFIX)
        return frozenset(each.key.removeprefix(_PREFIX) for each in found if _kept(each.value).confirmed)

    async def _state(self, tenant: str, name: str) -> bool | None:
        found = await self._find(tenant, name)
        return None if found is None else found.confirmed

    async def _begin(self, tenant: str, name: str) -> NewTotp:
        there = await self._find(tenant, name)
        if there is not None and there.confirmed:
            raise Refused(Refusal.EXISTS, f"codes are asked for with {name!r} already: remove that first")
        secret = totp.new_secret()
        sealed = self._vault.seal(base64.b64encode(secret).decode())
        await self._put(tenant, name, Totp(sealed, at=self._clock.now_ms()))
        return NewTotp(totp.shown(secret), totp.uri(secret, name, _ISSUER))

    async def _confirm(self, tenant: str, name: str, code: str) -> None:
        there = await self._find(tenant, name)
        if there is None:
            raise Refused(Refusal.NO_SUCH, f"nothing was begun with {name!r}: ask without a code first")
        if there.confirmed:
            raise Refused(Refusal.EXISTS, f"codes are asked for with {name!r} already")
        step = self._fits(there, code)
        if step is None:
            raise Refused(Refusal.INVALID, "code: it is not the code of this moment; is the clock of the phone right?")
        await self._put(tenant, name, msgspec.structs.replace(there, confirmed=True, step=step), old=True)

    async def _check(self, tenant: str, name: str, code: str) -> bool:
        there = await self._find(tenant, name)
        if there is None or not there.confirmed:
            return True
        step = self._fits(there, code)
        if step is None:
            return False
        await self._put(tenant, name, msgspec.structs.replace(there, step=step), old=True)
        return True

    async def _remove(self, tenant: str, name: str) -> bool:
        return await self._records.drop(TOTP, tenant, totp_key(PASSWORD, name)) > 0

    def _fits(self, there: Totp, code: str) -> int | None:
        secret = base64.b64decode(self._vault.open(there.secret))
        return totp.verify(secret, code, self._clock.now_ms(), there.step)

    async def _find(self, tenant: str, name: str) -> Totp | None:
        key = totp_key(PASSWORD, name)
        found = await self._records.get(TOTP, tenant, key) if len(key) <= LONGEST_KEY else None
        return None if found is None else _kept(found.value)

    async def _put(self, tenant: str, name: str, kept: Totp, *, old: bool = False) -> None:
        """`old`: not where it was removed meanwhile."""
        await self._records.put(TOTP, tenant, totp_key(PASSWORD, name), msgspec.json.encode(kept), old=old)


def _kept(value: bytes) -> Totp:
    return msgspec.json.decode(value, type=Totp)
