"""Tenants and their credentials as operators change them while the gateway runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from smsgwd.model.tenant import Credential, Tenant

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from smsgwd.ports.submit import Proven


#: Asked within a change of credentials: the tenant as it is and as it would be, and the credentials that are added,
#: replaced or removed. Raises Refused, and nothing is changed.
Check = Callable[[Tenant, Tenant, Sequence[Credential]], None]
OPERATORS: Final = "admin socket"  #: who changes tenants, where nobody else is named


def anything(_before: Tenant, _after: Tenant, _touched: Sequence[Credential]) -> None:
    """The `Check` of operators: they may do it all."""


class NewSecret(msgspec.Struct, frozen=True, gc=False):
    """A secret at the only moment it can be told: it is kept as a hash."""

    credential: Credential
    secret: str


class TenantDesk(Protocol):
    """Changes count for the next request and the next message once their Deferred fires; who is bound over SMPP and may
    not be any more is unbound.

    All fail with Refused (INVALID, EXISTS, NO_SUCH) telling the operator what is wrong, and with
    `ports.store.StoreUnavailable`; then nothing is changed. `by` is who the log says did it.
    """

    def create(self, options: Mapping[str, Any]) -> Deferred[tuple[Tenant, list[NewSecret]]]:
        """A new tenant of options in the shape of the tenants file (`config.given`); a credential there without a
        secret gets one made, and those are told."""
        ...

    def change(self, tenant: str, options: Mapping[str, Any], *, by: str = OPERATORS) -> Deferred[Tenant]:
        """Give a tenant other settings: those of `options`, the others stay."""
        ...

    def new_webhook_secret(self, tenant: str, *, by: str = OPERATORS) -> Deferred[str]:
        """Another signing secret, which is told this once; pushes are signed with it from now on."""
        ...

    def add_credential(
        self, tenant: str, options: Mapping[str, Any], *, check: Check = anything, by: str = OPERATORS
    ) -> Deferred[NewSecret]:
        """One credential more, in the shape of the tenants file; a name that the tenant has gets one more secret."""
        ...

    def rotate(
        self, tenant: str, kind: str, name: str, grace_ms: int, *, check: Check = anything, by: str = OPERATORS
    ) -> Deferred[NewSecret]:
        """A new secret in the place of all of a name, which work for `grace_ms` milliseconds still."""
        ...

    def expire(
        self, tenant: str, kind: str, name: str, serial: int | None, at: int | None
    ) -> Deferred[list[Credential]]:
        """Let the secrets of a name (or the one of `serial`) end at `at`, milliseconds since 1970; None = never. Fires
        with them."""
        ...

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
        """Remove the secrets of a name (or the one of `serial`); fires with them."""
        ...


class OwnChanges(Protocol):
    """Written down: what tenants change of their own account."""

    def told(self, who: Proven, address: str, command: str, params: Mapping[str, str]) -> Deferred[None]:
        """It is done; `command` as the operators' one is called, `params` without secrets. Never fails: what cannot be
        kept is in the log."""
        ...
