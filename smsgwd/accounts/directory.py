"""The tenants, found by the names of their credentials."""

from collections.abc import Iterable, Mapping

import msgspec

from smsgwd.accounts.usage import expired, limited
from smsgwd.model.tenant import Credential, Tenant

PASSWORD = "password"  # noqa: S105 -- a kind of credential
TOKEN = "token"  # noqa: S105 -- a kind of credential
SMPP = "smpp"
MOST_SECRETS = 5  #: that one name may have at a time: each is a hash to compute when a wrong one is tried


class Account(msgspec.Struct, frozen=True, gc=False):
    """A tenant, with the credential it was found by; `limited` when `accounts.usage` has something to say about it."""

    tenant: Tenant
    credential: Credential
    limited: bool = False


_Found = dict[tuple[str, str], tuple[Account, ...]]


class Directory:
    """Enabled tenants by password name, token digest, system_id; replaced whole: no look-up sees half a change.

    A tenant is enabled when it and all its ancestors are. One name may have several secrets (rotation): accounts of one
    name are of one tenant, the newest first.
    """

    def __init__(self, tenants: Iterable[Tenant] = ()) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._enabled: frozenset[str] = frozenset()
        self._claimed: _Found = {}  # of disabled tenants too
        self._accounts: _Found = {}
        self.replace(tenants)

    def replace(self, tenants: Iterable[Tenant]) -> None:
        """Take these tenants instead of those known so far.

        Raises ValueError, changing nothing, when two tenants have one id, two tenants a credential of one name, a name
        too many secrets, or a tenant a parent that is not there or is below it.
        """
        by_id: dict[str, Tenant] = {}
        for tenant in tenants:
            if tenant.id in by_id:
                raise ValueError(f"two tenants are called {tenant.id!r}")
            by_id[tenant.id] = tenant
        enabled = frozenset(tenant.id for tenant in by_id.values() if _enabled(tenant, by_id))
        # Disabled tenants are checked for clashes too, so that enabling one can never fail.
        claimed = _accounts(by_id.values())
        self._tenants, self._enabled, self._claimed = by_id, enabled, claimed
        self._accounts = {key: found for key, found in claimed.items() if found[0].tenant.id in enabled}

    def become(self, other: "Directory") -> None:
        """Know what another directory knows, from now on."""
        self._tenants, self._enabled = other._tenants, other._enabled
        self._claimed, self._accounts = other._claimed, other._accounts

    def having(self, tenant: Tenant) -> "Directory":
        """Another directory, of the same tenants with this one among them, in the place of the one with its id.

        Raises ValueError as `replace` does. Where nobody else is concerned, only this one is looked at.
        """
        old = self._tenants.get(tenant.id)
        by_id = self._tenants.copy()
        by_id.pop(tenant.id, None)
        by_id[tenant.id] = tenant
        if old is not None and (old.enabled, old.parent) != (tenant.enabled, tenant.parent):
            return Directory(by_id.values())
        enabled = _enabled(tenant, by_id)
        claimed, accounts = self._claimed.copy(), self._accounts.copy()
        for credential in () if old is None else old.credentials:
            claimed.pop((credential.kind, credential.name), None)
            accounts.pop((credential.kind, credential.name), None)
        mine = _accounts((tenant,), claimed)
        claimed.update(mine)
        if enabled:
            accounts.update(mine)
        found = Directory()
        found._tenants, found._claimed, found._accounts = by_id, claimed, accounts
        found._enabled = self._enabled | {tenant.id} if enabled else self._enabled
        return found

    def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant by its id, disabled or not."""
        return self._tenants.get(tenant_id)

    def tenants(self) -> list[Tenant]:
        """All tenants, disabled ones too."""
        return list(self._tenants.values())

    def enabled(self, tenant_id: str) -> bool:
        """True for a tenant that is there and enabled, as all its ancestors are."""
        return tenant_id in self._enabled

    def children(self, tenant_id: str) -> list[Tenant]:
        """The tenants right below one."""
        return [tenant for tenant in self._tenants.values() if tenant.parent == tenant_id]

    def named(self, kind: str, name: str) -> tuple[Account, ...]:
        """The accounts of a name, one for each of its secrets, expired ones too; empty for an unknown name."""
        return self._accounts.get((kind, name), ())

    def claimed(self, kind: str, name: str) -> bool:
        """True for a name that a tenant has, be it a disabled one."""
        return (kind, name) in self._claimed

    def live(self, kind: str, name: str, now_ms: int) -> tuple[Account, ...]:
        """The same without what has expired at `now_ms` (milliseconds since 1970)."""
        found = self._accounts.get((kind, name), ())
        if not any(account.limited for account in found):
            return found
        return tuple(account for account in found if not expired(account.credential, now_ms))

    def next_expiry(self, after_ms: int) -> int | None:
        """When the next credential expires after a moment, in milliseconds since 1970; None = none will."""
        times = (
            account.credential.expires_at
            for found in self._accounts.values()
            for account in found
            if account.limited and account.credential.expires_at is not None
        )
        return min((each for each in times if each > after_ms), default=None)

    def password(self, name: str) -> Account | None:
        """The account of a user name, with its newest secret."""
        return next(iter(self._accounts.get((PASSWORD, name), ())), None)

    def token(self, digest: str) -> Account | None:
        """The account of a token, by `hashing.token_digest`."""
        return next(iter(self._accounts.get((TOKEN, digest), ())), None)

    def system_id(self, name: str) -> Account | None:
        """The account of an SMPP system_id, with its newest secret."""
        return next(iter(self._accounts.get((SMPP, name), ())), None)

    def __len__(self) -> int:
        return len(self._tenants)


def _enabled(tenant: Tenant, by_id: Mapping[str, Tenant]) -> bool:
    """Whether a tenant and all above it are. Raises ValueError for a parent that is not there, and for a circle."""
    enabled, seen, at = tenant.enabled, {tenant.id}, tenant
    while at.parent is not None:
        above = by_id.get(at.parent)
        if above is None:
            raise ValueError(f"the parent of tenant {at.id!r} is not there: {at.parent!r}")
        if above.id in seen:
            raise ValueError(f"tenant {tenant.id!r} would be its own ancestor")
        seen.add(above.id)
        enabled = enabled and above.enabled
        at = above
    return enabled


def _accounts(tenants: Iterable[Tenant], claimed: Mapping[tuple[str, str], tuple[Account, ...]] = {}) -> _Found:
    """The accounts of these tenants, by their names. Raises ValueError where a name is another's, or is `claimed`."""
    found: dict[tuple[str, str], list[Account]] = {}
    for tenant in tenants:
        for credential in tenant.credentials:
            key = (credential.kind, credential.name)
            there = found.setdefault(key, [])
            shown = "" if credential.kind == TOKEN else f" {credential.name!r}"
            for other in (*claimed.get(key, ()), *there):
                if other.tenant.id != tenant.id:
                    raise ValueError(
                        f"tenants {other.tenant.id!r} and {tenant.id!r} share the {credential.kind} credential{shown}"
                    )
                if other.credential.serial == credential.serial:
                    raise ValueError(f"tenant {tenant.id!r} has the {credential.kind} credential{shown} twice")
            if len(there) >= MOST_SECRETS:
                raise ValueError(
                    f"the {credential.kind} credential{shown} has {MOST_SECRETS} secrets already: remove one of them"
                )
            there.append(Account(tenant, credential, limited(credential)))
    return {
        key: tuple(sorted(each, key=lambda account: account.credential.serial, reverse=True))
        for key, each in found.items()
    }
