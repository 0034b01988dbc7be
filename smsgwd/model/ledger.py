"""The ledger: what happened to a tenant's money, append-only. Money is integer micro-units.

Two sums are kept of every tenant, and each entry says by how much it moves them: the balance (what is left to spend)
and what is reserved for messages that are not final. The sum of the entries' `amount` is the balance, the sum of their
`reserved` is what is reserved, always: `ledger check` and the tests hold that.

    top-up      +a   0      money came in
    reserve     -p  +p      messages were taken
    charge       0  -p      messages ended and are paid for (a lookup: -p 0)
    refund      +p  -p      messages ended and cost nothing
    correction  +-a  0      an operator's, or the opening balance of a store that had no ledger (reserved may move, too)

What one transaction of the store does to one tenant in one kind is one entry: `messages` and `parts` say of how many.
"""

from enum import IntEnum

import msgspec


class EntryKind(IntEnum):
    """What an entry is about; the number is what the store keeps."""

    TOPUP = 1
    RESERVE = 2
    CHARGE = 3
    REFUND = 4
    CORRECTION = 5

    @property
    def public(self) -> str:
        """The name in statements: topup, reserve, charge, refund, correction."""
        return self.name.lower()


class LedgerEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry as stored. Times are milliseconds since 1970, UTC."""

    id: int  #: ascending in the order of booking, over all tenants
    tenant: str
    at: int
    kind: EntryKind
    amount: int  #: what it does to the balance
    reserved: int  #: what it does to what is reserved
    balance: int  #: of the tenant after it
    messages: int = 0
    parts: int = 0
    message_id: int | None = None  #: where it is about exactly one
    reference: str | None = None  #: unique in a tenant: of a top-up the payment's, of a lookup its id
    note: str = ""


class Funds(msgspec.Struct, frozen=True, gc=False):
    """A tenant's money now."""

    balance: int
    reserved: int
    floor: int | None  #: the balance may not fall below this; None = no limit

    @property
    def available(self) -> int | None:
        """What can be spent still; None = without limit."""
        return None if self.floor is None else self.balance - self.floor


class LedgerSums(msgspec.Struct, frozen=True, gc=False):
    """What entries of one kind add up to in a span of time."""

    kind: EntryKind
    entries: int
    amount: int
    reserved: int
    messages: int
    parts: int


def pack_payers(payers: tuple[tuple[str, int], ...]) -> str | None:
    """What `Message.payers` holds: the ancestors that pay too, with what each pays for the whole message."""
    return ",".join(f"{tenant}={price}" for tenant, price in payers) or None


def unpack_payers(packed: str | None) -> tuple[tuple[str, int], ...]:
    """What `pack_payers` was given."""
    if not packed:
        return ()
    pairs = (each.rpartition("=") for each in packed.split(","))
    return tuple((tenant, int(price)) for tenant, _, price in pairs)
