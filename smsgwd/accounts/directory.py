"""The tenants, found by the names of their credentials."""

from collections.abc import Iterable

import msgspec

from smsgwd.model.tenant import Credential, Tenant

PASSWORD = "password"  # noqa: S105 -- a kind of credential
TOKEN = "token"  # noqa: S105 -- a kind of credential
SMPP = "smpp"


class Account(msgspec.Struct, frozen=True, gc=False):
    """A tenant, with the credential it was found by."""

    tenant: Tenant
    credential: Credential


class Directory:
    """Enabled tenants by password name, token digest, system_id; replaced whole: no look-up sees half a change."""

    def __init__(self, tenants: Iterable[Tenant] = ()) -> None:
        self._tenants: dict[str, Tenant] = {}
        self._accounts: dict[tuple[str, str], Account] = {}
        self.replace(tenants)

    def replace(self, tenants: Iterable[Tenant]) -> None:
        """Take these tenants instead of those known so far.

        Raises ValueError, changing nothing, when two tenants have one id or two credentials of a kind have one name.
        """
        by_id: dict[str, Tenant] = {}
        accounts: dict[tuple[str, str], Account] = {}
        for tenant in tenants:
            if tenant.id in by_id:
                raise ValueError(f"two tenants are called {tenant.id!r}")
            by_id[tenant.id] = tenant
            for credential in tenant.credentials:
                key = (credential.kind, credential.name)
                taken = accounts.get(key)
                if taken is not None:
                    shown = "" if credential.kind == TOKEN else f" {credential.name!r}"
                    raise ValueError(
                        f"tenants {taken.tenant.id!r} and {tenant.id!r} share the {credential.kind} credential{shown}"
                    )
                accounts[key] = Account(tenant, credential)
        # Disabled tenants are checked for clashes too, so that enabling one can never fail.
        self._accounts = {key: account for key, account in accounts.items() if account.tenant.enabled}
        self._tenants = by_id

    def tenant(self, tenant_id: str) -> Tenant | None:
        """A tenant by its id, disabled or not."""
        return self._tenants.get(tenant_id)

    def tenants(self) -> list[Tenant]:
        """All tenants, disabled ones too."""
        return list(self._tenants.values())

    def password(self, name: str) -> Account | None:
        """The account of a user name."""
        return self._accounts.get((PASSWORD, name))

    def token(self, digest: str) -> Account | None:
        """The account of a token, by `hashing.token_digest`."""
        return self._accounts.get((TOKEN, digest))

    def system_id(self, name: str) -> Account | None:
        """The account of an SMPP system_id."""
        return self._accounts.get((SMPP, name))

    def __len__(self) -> int:
        return len(self._tenants)
