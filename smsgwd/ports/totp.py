"""Codes from a phone beside a tenant's passwords: switched on by the tenant, asked for by the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class NewTotp(msgspec.Struct, frozen=True, gc=False):
    """A secret at the only moment it can be told: it is kept sealed."""

    secret: str  #: base32, to be typed
    uri: str  #: otpauth://, for a QR code


class TenantTotp(Protocol):
    """By tenant and user name: all secrets of a name share it. All fail with `ports.store.StoreUnavailable`."""

    def names(self, tenant: str) -> Deferred[frozenset[str]]:
        """The user names for which a code is asked for."""
        ...

    def state(self, tenant: str, name: str) -> Deferred[bool | None]:
        """True: a code is asked for; False: it was begun and not confirmed; None: neither."""
        ...

    def begin(self, tenant: str, name: str) -> Deferred[NewTotp]:
        """Make a secret; nothing is asked for before it is confirmed. Fails with Refused(EXISTS) where it is."""
        ...

    def confirm(self, tenant: str, name: str, code: str) -> Deferred[None]:
        """Ask for codes from now on. Fails with Refused: NO_SUCH where nothing was begun, INVALID for a wrong code."""
        ...

    def check(self, tenant: str, name: str, code: str) -> Deferred[bool]:
        """Whether somebody who gave the password may go on: True where no code is asked for, too. A code works once.
        Who asks limits how often."""
        ...

    def remove(self, tenant: str, name: str) -> Deferred[bool]:
        """Ask for no codes any more; False where none were."""
        ...
