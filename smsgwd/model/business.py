"""Changes of what makes a business: tenants, money, records, links, lookups, and when messages leave.

Part of `model.changes`, which says what all changes have in common.
"""

import msgspec

from smsgwd.model.ledger import EntryKind
from smsgwd.model.lookups import Lookup
from smsgwd.model.records import Record
from smsgwd.model.tenant import Tenant


class PutTenant(msgspec.Struct, frozen=True, gc=False):
    """Create a tenant with its credentials and book its first credit as a top-up.

    With `replace` it takes the place of the one of its id: settings and all credentials; its money stays as it is
    (`credit` says only whether it is prepaid). Result: True when created or replaced; False when it was there (without
    `replace`) or not there (with). Fails with CredentialTaken where another tenant has a credential of a
    kind and name. A store that several processes share replaces, where `was` is given, only what is exactly that, and
    answers False else; in others nobody else changes a tenant.
    """

    tenant: Tenant
    replace: bool = False
    at: int = 0
    was: Tenant | None = None


class CredentialTaken(ValueError):  # noqa: N818 -- named after what is the case
    """A credential of a PutTenant is another tenant's: nothing of its batch was changed."""

    def __init__(self, tenant: str, kind: str, name: str, owner: str) -> None:
        shown = "" if kind == "token" else f" {name}"  # a token's name is its digest
        super().__init__(f"tenant {tenant}: its {kind} credential{shown} belongs to tenant {owner} already")
        self.tenant = tenant
        self.kind = kind
        self.name = name
        self.owner = owner


class Book(msgspec.Struct, frozen=True, gc=False):
    """An operator's top-up or correction, or the charge of something that is no message (a lookup).

    A `reference` that the tenant's ledger has already changes nothing: the same payment is booked once. With `checked`
    it is refused where the balance would fall below the floor. `ancestors` are booked the same way beside it, all or
    none. Result: Booked, or Ignored (`no_tenant`, `repeated`, `no_credit`; `too_large`: a balance would be beyond
    `money.MOST`).
    """

    tenant: str
    kind: EntryKind  #: TOPUP, CORRECTION, CHARGE, REFUND
    amount: int  #: added to the balance
    at: int
    reference: str | None = None
    note: str = ""
    checked: bool = False
    ancestors: tuple[tuple[str, int], ...] = ()  #: (tenant, amount)


class PutRecord(msgspec.Struct, frozen=True, gc=False):
    """Keep a record. Result: True; False when `new` and there is one, or `old` and there is none."""

    record: Record
    new: bool = False
    old: bool = False


class DropRecord(msgspec.Struct, frozen=True, gc=False):
    """Remove a record, with `beginning` all whose key begins with `key`. Result: how many (int)."""

    kind: str
    tenant: str
    key: str
    beginning: bool = False


class Reschedule(msgspec.Struct, frozen=True, gc=False):
    """Another time for a message that is SCHEDULED (and not held); its validity is counted from there anew where
    `deadline` is given. `due_at` 0 = at once. Result: Moved, or Ignored (as Cancel)."""

    tenant: str
    message_id: int
    due_at: int
    at: int
    deadline: int | None = None


class Unhold(msgspec.Struct, frozen=True, gc=False):
    """Up to `limit` held messages of a tenant ('' = of all) to numbers that begin with `prefix` are due at `at`, or at
    their own time where that is later; with `reject` they end REJECTED and are refunded. Result: Swept."""

    tenant: str
    prefix: str
    at: int
    reject: bool = False
    limit: int = 1000
    connector: str = ""  #: only those for this one


class Click(msgspec.Struct, frozen=True, gc=False):
    """A link was opened; only openings by people have a time. Result: True when there is such a link."""

    code: str
    at: int
    bot: bool


class Push(msgspec.Struct, frozen=True, gc=False):
    """Owe a tenant's webhook an event that is about no message of ours on its way: `payload` is the JSON of its `data`
    (docs/contract.md, other events). Result: Owed."""

    tenant: str
    url: str
    type: str  #: link.clicked, call, ...
    at: int
    payload: bytes


class PutLookups(msgspec.Struct, frozen=True, gc=False):
    """Keep lookups, new or in the place of those of their ids. Result: None."""

    lookups: tuple[Lookup, ...]


class Booked(msgspec.Struct, frozen=True, gc=False):
    """An entry is in the ledger; `balance` is the tenant's after it."""

    entry: int
    balance: int
