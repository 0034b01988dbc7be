"""Bills: a tenant's ledger by calendar months of its time zone.

A month that is over does not change any more, so its sums are remembered (a bounded number of them): the ledger of a
month may be long.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smsgwd.model.ledger import EntryKind, LedgerSums
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.money_types import Bill, BillList
from smsgwd.ports.store import LedgerFilter
from smsgwd.timespec.rfc3339 import format_epoch_ms, to_epoch_ms

if TYPE_CHECKING:
    from smsgwd.ports.store import Store

_MONTH = re.compile(r"([1-9][0-9]{3})-(0[1-9]|1[0-2])\Z", re.ASCII)
_SETTLED_MS: Final = 3_600_000  # after its end: entries of the last moments may still be on their way to the disk
_MOST_REMEMBERED: Final = 10_000

Month = int  #: months since year 0: neighbours differ by one
_Sums = tuple[LedgerSums, ...]


class Bills:
    """Makes bills from the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun: dict[tuple[str, str], Month] = {}
        self._over: dict[tuple[str, str, Month], _Sums] = {}

    async def count(self, tenant: Tenant, now: int) -> int:
        """How many bills there are, the running month's included."""
        first = self._begun.get((tenant.id, tenant.time_zone))
        if first is None:
            first = await self._first(tenant)
            if first is None:
                return 0
            if len(self._begun) >= _MOST_REMEMBERED:
                del self._begun[next(iter(self._begun))]
            self._begun[tenant.id, tenant.time_zone] = first
        return _month_at(now, _zone(tenant)) - first + 1

    async def page(self, tenant: Tenant, before: str | None, limit: int, now: int) -> BillList:
        """Bills newest first, those of months before `before`. Raises Refused(INVALID) for what is no month."""
        first = await self._first(tenant)
        last = _month_at(now, _zone(tenant))
        if first is None:
            return BillList([], 0, None)
        top = last if before is None else min(last, month_of(before) - 1)
        wanted = range(top, max(first, top - limit + 1) - 1, -1)
        bills = [await self._bill(tenant, month, now) for month in wanted]
        more = bool(bills) and wanted[-1] > first
        return BillList(bills, last - first + 1, bills[-1].month if more else None)

    async def one(self, tenant: Tenant, written: str, now: int) -> Bill:
        """The bill of a month. Raises Refused(NO_SUCH) where there is none."""
        try:
            month = month_of(written)
        except Refused:
            raise Refused(Refusal.NO_SUCH, f"{written[:40]!r} is no month such as 2026-11") from None
        first = await self._first(tenant)
        if first is None or not first <= month <= _month_at(now, _zone(tenant)):
            raise Refused(Refusal.NO_SUCH, f"there is no bill of {written}")
        return await self._bill(tenant, month, now)

    async def _first(self, tenant: Tenant) -> Month | None:
        """The month of a tenant's first entry."""
        entries = await self._store.ledger(tenant.id, LedgerFilter(), 0, 1)
        return _month_at(entries[0].at, _zone(tenant)) if entries else None

    async def _bill(self, tenant: Tenant, month: Month, now: int) -> Bill:
        zone = _zone(tenant)
        begin, end = _begin(month, zone), _begin(month + 1, zone)
        sums = {each.kind: each for each in await self._sums(tenant, month, begin, end, now)}
        opening = await self._balance_before(tenant, begin)
        nothing = LedgerSums(EntryKind.CHARGE, 0, 0, 0, 0, 0)
        topups, corrections, reserves, charges, refunds = (
            sums.get(kind, nothing)
            for kind in (EntryKind.TOPUP, EntryKind.CORRECTION, EntryKind.RESERVE, EntryKind.CHARGE, EntryKind.REFUND)
        )
        # Of what is charged the balance paid a message's part when it was reserved, a lookup's when it was charged; a
        # refund gives back what was reserved, or (of a lookup) what was charged.
        charged = -(charges.amount + charges.reserved + refunds.amount + refunds.reserved)
        reserved = reserves.reserved + charges.reserved + refunds.reserved
        return Bill(
            _written(month),
            now < end,
            format_epoch_ms(begin),
            format_epoch_ms(end),
            tenant.currency,
            format_money(opening),
            format_money(topups.amount),
            format_money(corrections.amount),
            format_money(charged),
            format_money(refunds.amount),
            format_money(reserved),
            format_money(opening + sum(each.amount for each in sums.values())),
            charges.messages,
            charges.parts,
        )

    async def _sums(self, tenant: Tenant, month: Month, begin: int, end: int, now: int) -> _Sums:
        key = (tenant.id, tenant.time_zone, month)
        known = self._over.get(key)
        if known is not None:
            return known
        sums = tuple(await self._store.ledger_sums(tenant.id, begin, end))
        if now >= end + _SETTLED_MS:
            if len(self._over) >= _MOST_REMEMBERED:
                del self._over[next(iter(self._over))]
            self._over[key] = sums
        return sums

    async def _balance_before(self, tenant: Tenant, at: int) -> int:
        last = await self._store.ledger(tenant.id, LedgerFilter(to_ms=at, newest_first=True), 0, 1)
        return last[0].balance if last else 0


def month_of(written: str) -> Month:
    """The month of '2026-11'. Raises Refused(INVALID)."""
    match = _MONTH.match(written)
    if match is None:
        raise Refused(Refusal.INVALID, "cursor: `next_cursor` of a page is expected, a month such as 2026-11")
    return int(match[1]) * 12 + int(match[2]) - 1


def _written(month: Month) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _zone(tenant: Tenant) -> ZoneInfo:
    """The tenant's zone; UTC for one that the system has no rules of (any more)."""
    try:
        return ZoneInfo(tenant.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _month_at(ms: int, zone: ZoneInfo) -> Month:
    moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)
    return moment.year * 12 + moment.month - 1


def _begin(month: Month, zone: ZoneInfo) -> int:
    """The first moment of a month: ms since 1970, UTC."""
    return to_epoch_ms(datetime(month // 12, month % 12 + 1, 1, tzinfo=zone))
