"""`ledger topup`, `correct`, `statement`, `export`, `check`: tenants' money."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import Ignored
from smsgwd.model.ledger import EntryKind, LedgerEntry
from smsgwd.model.money import MOST, format_money
from smsgwd.model.spreadsheet import guarded
from smsgwd.model.tenant import Tenant
from smsgwd.ops.params import amount, carried_out, flag, moment, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import LedgerFilter, Store
from smsgwd.telemetry import get_logger
from smsgwd.timespec import format_epoch_ms

_PAGE: Final = 1000
_MOST_EXPORTED: Final = 1_000_000
_LONGEST: Final = 200  # characters of a reference or note
_END: Final = (1 << 63) - 1
_TENANT = Parameter("tenant", "Whose", required=True, values="tenant")
_FROM = Parameter("from", "Entries from this time on (RFC 3339)")
_TO = Parameter("to", "Entries before this time (RFC 3339)")
_KINDS = Parameter("kinds", "Only these, with commas: topup, reserve, charge, refund, correction")
_AFTER = Parameter("after", "Those behind this entry")
_REFERENCE = Parameter("reference", "The payment's: one that is in the ledger already books nothing")
_NOTE = Parameter("note", "What for")
_COLUMNS: Final = (
    "id",
    "at",
    "kind",
    "amount",
    "reserved",
    "balance",
    "messages",
    "parts",
    "message",
    "reference",
    "note",
)
_log = get_logger("ledger")


class Ledger:
    """Commands about money. `tenants` gives a tenant by its id."""

    def __init__(self, store: Store, clock: Clock, tenants: Callable[[str], Tenant | None]) -> None:
        self._store = store
        self._clock = clock
        self._tenants = tenants

    def commands(self) -> list[Command]:
        """The commands of this family."""
        add = Parameter("amount", "Such as 100.00", required=True)
        by = Parameter("amount", "Such as -12.50: what the balance changes by", required=True)
        below = Parameter(
            "below_limit", "yes = also where the balance falls below what the tenant may owe", values="yes"
        )
        limit = Parameter("limit", "How many entries, 1000 at most; 50 if not given")
        most = Parameter("limit", f"How many entries, {_MOST_EXPORTED} at most and if not given")
        return [
            Command(
                "ledger",
                "topup",
                "Book a payment",
                self.topup,
                (_TENANT, add, _REFERENCE, _NOTE),
                changes=True,
                look=self._funds,
                examples=("ledger topup shop 100.00 reference=INV-17",),
            ),
            Command(
                "ledger",
                "correct",
                "Correct a balance",
                self._correct,
                (_TENANT, by, _REFERENCE, _NOTE, below),
                changes=True,
                look=self._funds,
                examples=('ledger correct shop -12.50 note="sent twice on 21 November"',),
            ),
            Command(
                "ledger",
                "statement",
                "A tenant's money now, its sums of a span of time, and the newest entries of that",
                self._statement,
                (_TENANT, _FROM, _TO, _KINDS, limit),
                examples=("ledger statement shop from=2026-11-01",),
            ),
            Command(
                "ledger",
                "export",
                "A tenant's entries as CSV, oldest first",
                self._export,
                (_TENANT, _FROM, _TO, _KINDS, most, _AFTER),
                long=True,
                examples=("ledger export shop from=2026-11-01 to=2026-12-01",),
            ),
            Command(
                "ledger",
                "check",
                "Compare all balances with the ledger and with the messages that are on their way",
                self._check,
                long=True,
                examples=("ledger check",),
            ),
        ]

    def _tenant(self, params: Params) -> Tenant:
        tenant = self._tenants(params["tenant"])
        if tenant is None:
            raise CommandError(f"there is no tenant {params['tenant']}")
        return tenant

    def _funds(self, params: Params) -> Deferred[dict[str, Any]]:
        """A tenant's money, as the audit has it."""
        return carried_out(self._now(self._tenant(params)))

    async def _now(self, tenant: Tenant) -> dict[str, Any]:
        funds = await self._store.funds(tenant.id)
        return {"balance": None if funds is None else format_money(funds.balance), "currency": tenant.currency}

    # ------------------------------------------------------------------ booking
    def topup(self, params: Params) -> Deferred[dict[str, Any]]:
        """Book a payment (the parameters of `ledger topup`)."""
        booked = amount(params, "amount")
        if booked <= 0:
            raise CommandError("amount: a top-up is more than nothing (`ledger correct` takes away)")
        return self._book(params, EntryKind.TOPUP, booked, checked=False)

    def _correct(self, params: Params) -> Deferred[dict[str, Any]]:
        booked = amount(params, "amount")
        if booked == 0:
            raise CommandError("amount: a correction is not of nothing")
        return self._book(params, EntryKind.CORRECTION, booked, checked=booked < 0 and not flag(params, "below_limit"))

    def _book(self, params: Params, kind: EntryKind, booked: int, *, checked: bool) -> Deferred[dict[str, Any]]:
        tenant = self._tenant(params)
        for name in ("reference", "note"):
            if len(params.get(name, "")) > _LONGEST:
                raise CommandError(f"{name} is longer than {_LONGEST} characters")
        reference, note = params.get("reference") or None, params.get("note", "")
        change = Book(tenant.id, kind, booked, self._clock.now_ms(), reference, note, checked)
        return carried_out(self._booked(change, tenant.currency))

    async def _booked(self, change: Book, currency: str) -> dict[str, Any]:
        [result] = await self._store.commit([change])
        if isinstance(result, Ignored):
            raise CommandError(_why(change, result.reason))
        assert isinstance(result, Booked)
        _log.info(
            "ledger.booked",
            tenant=change.tenant,
            kind=change.kind.public,
            amount=format_money(change.amount),
            balance=format_money(result.balance),
            reference=change.reference,
            by="admin socket",
        )
        return {
            "tenant": change.tenant,
            "entry": result.entry,
            "kind": change.kind.public,
            "amount": format_money(change.amount),
            "balance": format_money(result.balance),
            "currency": currency,
        }

    # ------------------------------------------------------------------ looking
    def _statement(self, params: Params) -> Deferred[dict[str, Any]]:
        tenant, where = self._tenant(params), _filter(params, newest_first=True)
        return carried_out(self._stated(tenant, where, whole_number(params, "limit", 50, 1000)))

    async def _stated(self, tenant: Tenant, where: LedgerFilter, limit: int) -> dict[str, Any]:
        funds = await self._store.funds(tenant.id)
        if funds is None:
            raise CommandError(f"the store does not know tenant {tenant.id}")
        sums = await self._store.ledger_sums(
            tenant.id, where.from_ms or 0, _END if where.to_ms is None else where.to_ms
        )
        entries = await self._store.ledger(tenant.id, where, 0, limit)
        available = funds.available
        return {
            "tenant": tenant.id,
            "currency": tenant.currency,
            "balance": format_money(funds.balance),
            "reserved": format_money(funds.reserved),
            "available": "without limit" if available is None else format_money(available),
            "sums": [
                {
                    "kind": each.kind.public,
                    "entries": each.entries,
                    "amount": format_money(each.amount),
                    "reserved": format_money(each.reserved),
                    "messages": each.messages,
                    "parts": each.parts,
                }
                for each in sums
                if not where.kinds or each.kind in where.kinds
            ],
            "entries": [dict(zip(_COLUMNS, _cells(entry), strict=True)) for entry in entries],
        }

    def _export(self, params: Params) -> Deferred[str]:
        where, after = _filter(params), whole_number(params, "after", 0)
        limit = whole_number(params, "limit", _MOST_EXPORTED, _MOST_EXPORTED)
        return carried_out(self._exported(self._tenant(params).id, where, after, limit))

    async def _exported(self, tenant: str, where: LedgerFilter, after: int, limit: int) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        while limit > 0 and (page := await self._store.ledger(tenant, where, after, min(limit, _PAGE))):
            writer.writerows(_cells(entry) for entry in page)
            after = page[-1].id
            limit -= len(page)
        return text.getvalue().rstrip("\n")

    def _check(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._checked())

    async def _checked(self) -> dict[str, Any]:
        try:
            report = await self._store.ledger_check()
        except ValueError as error:  # one is running
            raise CommandError(str(error)) from None
        return {
            "problems": list(report.problems),
            "tenants": report.tenants,
            "entries": report.entries,
            "seconds": round(report.seconds, 3),
        }


def _filter(params: Params, *, newest_first: bool = False) -> LedgerFilter:
    kinds = {kind.public: kind for kind in EntryKind}
    names = [each.strip() for each in params.get("kinds", "").split(",") if each.strip()]
    for name in names:
        if name not in kinds:
            raise CommandError(f"kinds: '{name[:40]}' is none of {', '.join(kinds)}")
    return LedgerFilter(
        moment(params, "from"), moment(params, "to"), tuple(kinds[name] for name in names), newest_first
    )


def _cells(entry: LedgerEntry) -> tuple[Any, ...]:
    return (
        entry.id,
        format_epoch_ms(entry.at),
        entry.kind.public,
        format_money(entry.amount),
        format_money(entry.reserved),
        format_money(entry.balance),
        entry.messages,
        entry.parts,
        entry.message_id,
        guarded(entry.reference or ""),
        guarded(entry.note),
    )


def _why(change: Book, reason: str) -> str:
    if reason == "repeated":
        return f"the ledger of {change.tenant} has the reference {change.reference} already: nothing was booked"
    if reason == "no_credit":
        return "the balance would fall below what the tenant may owe: nothing was booked (below_limit=yes books it)"
    if reason == "no_tenant":
        return f"the store does not know tenant {change.tenant}"
    if reason == "too_large":
        return f"a balance cannot be more than {format_money(MOST)}: nothing was booked"
    return f"nothing was booked: {reason}"
