"""The handlers of money: statements, orders, bills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.ledger import EntryKind, LedgerEntry, LedgerSums
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.bills import Bills, month_of
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.money_csv import entry_lines, header_line
from smsgwd.northbound.money_types import Order, OrderList, Statement, StatementEntry, StatementSum
from smsgwd.northbound.queries import moment_of
from smsgwd.northbound.route import limit_of
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import LedgerFilter
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.store import Store

MOST_ROWS: Final = 100_000  #: of one CSV
_PAGE: Final = 1000
_ALWAYS: Final = 1 << 52  #: later than any entry, ms
_KINDS: Final = {kind.public: kind for kind in EntryKind}
_CSV: Final = "text/csv; charset=utf-8"
_encode = msgspec.json.Encoder().encode

Query = dict[str, list[str]]


class Money:
    """Answers what a tenant asks about its money."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._bills = Bills(store)

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `money_routes.MONEY_ROUTES`."""
        return {
            "statements": lambda tenant, _request, _slots, query: _later(self.statements(tenant, query)),
            "orders": lambda tenant, _request, _slots, query: _later(self.orders(tenant, query)),
            "bills": lambda tenant, _request, _slots, query: _later(self.bills(tenant, query)),
            "bill": lambda tenant, _request, slots, _query: _later(self.bill(tenant, slots[0])),
        }

    async def statements(self, tenant: Tenant, query: Query) -> HttpResponse:
        """Entries with the sums of the span, as JSON or all of them as CSV."""
        where = _where(query)
        form = query.get("format", ["json"])[0]
        if form == "csv":
            if "cursor" in query or "limit" in query:
                raise Refused(Refusal.INVALID, "format=csv gives the whole span: cursor and limit are for JSON")
            return await self._csv(tenant, where)
        if form != "json":
            raise Refused(Refusal.INVALID, "format: json or csv is expected")
        limit = limit_of(query)
        entries, cursor = await self._page(tenant, where, query, limit)
        sums = await self._sums(tenant, where)
        shown = [_entry(entry) for entry in entries]
        return _answer(Statement(shown, [_sum(each) for each in sums], tenant.currency, cursor))

    async def orders(self, tenant: Tenant, query: Query) -> HttpResponse:
        """Top-ups, counted and listed."""
        where = msgspec.structs.replace(_where(query), kinds=(EntryKind.TOPUP,))
        limit = limit_of(query)
        entries, cursor = await self._page(tenant, where, query, limit)
        sums = await self._sums(tenant, where)
        count, total = (sums[0].entries, sums[0].amount) if sums else (0, 0)
        orders = [
            Order(
                str(each.id),
                format_epoch_ms(each.at),
                format_money(each.amount),
                format_money(each.balance),
                each.reference,
                each.note,
            )
            for each in entries
        ]
        return _answer(OrderList(orders, count, format_money(total), tenant.currency, cursor))

    async def bills(self, tenant: Tenant, query: Query) -> HttpResponse:
        """Months, counted and listed."""
        before = query["cursor"][0] if "cursor" in query else None
        limit = limit_of(query, 12, 60)
        if before is not None:
            month_of(before)
        return _answer(await self._bills.page(tenant, before, limit, self._clock.now_ms()))

    async def bill(self, tenant: Tenant, month: str) -> HttpResponse:
        """One month."""
        return _answer(await self._bills.one(tenant, month, self._clock.now_ms()))

    async def _page(
        self, tenant: Tenant, where: LedgerFilter, query: Query, limit: int
    ) -> tuple[list[LedgerEntry], str | None]:
        """A page, newest first, and the cursor of the next."""
        before = decode_cursor(query["cursor"][0]) if "cursor" in query else 0
        newest = msgspec.structs.replace(where, newest_first=True)
        # One more than asked for tells whether there is a next page.
        found = await self._store.ledger(tenant.id, newest, before, limit + 1)
        return found[:limit], encode_cursor(found[limit - 1].id) if len(found) > limit else None

    async def _sums(self, tenant: Tenant, where: LedgerFilter) -> list[LedgerSums]:
        sums = await self._store.ledger_sums(
            tenant.id, where.from_ms or 0, _ALWAYS if where.to_ms is None else where.to_ms
        )
        return [each for each in sums if not where.kinds or each.kind in where.kinds]

    async def _csv(self, tenant: Tenant, where: LedgerFilter) -> HttpResponse:
        """The whole span, oldest first. Raises Refused(INVALID) for more rows than one answer holds."""
        if sum(each.entries for each in await self._sums(tenant, where)) > MOST_ROWS:
            raise Refused(Refusal.INVALID, f"there are more than {MOST_ROWS} entries: narrow from_date and to_date")
        lines = [header_line()]
        after = 0
        for _ in range(MOST_ROWS // _PAGE + 1):
            found = await self._store.ledger(tenant.id, where, after, _PAGE)
            if not found:
                break
            lines.append(entry_lines(found, tenant.currency))
            after = found[-1].id
        headers = (
            ("Content-Type", _CSV),
            ("Content-Disposition", 'attachment; filename="statement.csv"'),
            ("X-Content-Type-Options", "nosniff"),
        )
        return HttpResponse(200, headers, "".join(lines).encode("utf-8"))


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)


def _answer(what: msgspec.Struct) -> HttpResponse:
    return json_response(200, _encode(what))


def _where(query: Query) -> LedgerFilter:
    """What a query selects. Raises Refused(INVALID)."""
    kinds = []
    for name in query.get("kind", ()):
        kind = _KINDS.get(name)
        if kind is None:
            raise Refused(Refusal.INVALID, f"kind: there is no kind {name[:40]!r}")
        kinds.append(kind)
    return LedgerFilter(moment_of(query, "from_date"), moment_of(query, "to_date"), tuple(dict.fromkeys(kinds)))


def _entry(entry: LedgerEntry) -> StatementEntry:
    return StatementEntry(
        str(entry.id),
        format_epoch_ms(entry.at),
        entry.kind.public,
        format_money(entry.amount),
        format_money(entry.reserved),
        format_money(entry.balance),
        entry.messages,
        entry.parts,
        None if entry.message_id is None else str(entry.message_id),
        entry.reference,
        entry.note,
    )


def _sum(sums: LedgerSums) -> StatementSum:
    return StatementSum(
        sums.kind.public,
        sums.entries,
        format_money(sums.amount),
        format_money(sums.reserved),
        sums.messages,
        sums.parts,
    )
