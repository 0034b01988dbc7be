"""Money that is about no message: top-ups, corrections, lookups; how an account begins, and how far it may fall."""

from __future__ import annotations

from typing import Final

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import Ignored
from smsgwd.model.ledger import EntryKind
from smsgwd.model.money import MOST
from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Tenant
from smsgwd.store.books import floor_of, refunds_of
from smsgwd.store.work import Work

FIRST: Final = "initial credit"
_BOOKED: Final = frozenset((EntryKind.TOPUP, EntryKind.CORRECTION, EntryKind.CHARGE, EntryKind.REFUND))


def book(work: Work, change: Book) -> Booked | Ignored:
    """Enter an amount, and those of its ancestors, all or none. Raises ValueError for a kind that only messages have.

    A reference is the tenant's own; the entries of its ancestors name it in their note. An ancestor the store does not
    know is passed over.
    """
    if change.kind not in _BOOKED:
        raise ValueError(f"{change.kind!r} is not booked by hand")
    books = work.books
    account = books.account(change.tenant)
    if account is None:
        return Ignored("no_tenant")
    if change.reference is not None and books.known(change.tenant, change.reference):
        return Ignored("repeated")
    others = [(other, amount) for name, amount in change.ancestors if (other := books.account(name)) is not None]
    if change.checked and any(each.short(-amount) for each, amount in [(account, change.amount), *others]):
        return Ignored(Refusal.NO_CREDIT.code)
    if any(each.beyond(amount, MOST) for each, amount in [(account, change.amount), *others]):
        return Ignored("too_large")
    number = books.enter(account, change.kind, change.amount, change.at, change.reference, change.note)
    booked = books.booked(account, number)
    note = " ".join(filter(None, (change.tenant, change.reference, change.note)))
    for other, amount in others:
        books.enter(other, change.kind, amount, change.at, None, note)
    return booked


def open_account(work: Work, tenant: Tenant, at: int) -> None:
    """Begin the account of a tenant whose row was just inserted: its floor, and its first credit as a top-up.

    Messages that were taken for it before the store knew it, and have not ended, are reserved: they will be settled.
    """
    set_floor(work, tenant)
    account = work.books.account(tenant.id)
    assert account is not None
    if tenant.credit:
        work.books.enter(account, EntryKind.TOPUP, tenant.credit, at, None, FIRST)
    price, messages, parts = work.unsettled(tenant.id)
    if price:
        work.books.open(account, price, messages, parts, at)


def set_floor(work: Work, tenant: Tenant) -> None:
    """How far a tenant's balance may fall, and what it is refunded, are as its settings say now."""
    work.set_terms(tenant.id, floor_of(tenant), refunds_of(tenant.refunds))
