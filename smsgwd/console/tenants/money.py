"""Money: what is left, what happened to it, what came in, and the bill of each month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import day, moment, segment, url
from smsgwd.console.tenants.lists import span, turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "money"
_PAGE: Final = 50
#: As the API calls them.
KINDS: Final = ("topup", "reserve", "charge", "refund", "correction")


async def show(visit: TenantVisit) -> HttpResponse:
    """What is left, and the statement of a span of days."""
    balance, _ = await visit.tried("GET", "/balance")
    days, where = _filters(visit)
    found = await visit.v1("GET", "/statements", {**where, "cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/money", found["next_cursor"], **days, kind=where["kind"] or None)
    return visit.show(
        "tenants/money.html",
        balance=balance,
        statement=found,
        kinds=KINDS,
        chosen=where["kind"],
        days=days,
        csv=url("/money/statement.csv", **days, kind=where["kind"] or None),
        newer=newer,
        older=older,
    )


async def statement(visit: TenantVisit) -> HttpResponse:
    """The statement of the same span as a file."""
    _, where = _filters(visit)
    answer = await visit.v1_raw("GET", "/statements", {**where, "format": "csv"})
    return visit.file("statement.csv", "text/csv; charset=utf-8", answer.body)


async def orders(visit: TenantVisit) -> HttpResponse:
    """What came in."""
    found = await visit.v1("GET", "/orders", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/money/topups", found["next_cursor"])
    return visit.show("tenants/money_topups.html", orders=found, newer=newer, older=older)


async def bills(visit: TenantVisit) -> HttpResponse:
    """A bill for each month."""
    found = await visit.v1("GET", "/bills", {"cursor": visit.query.get("cursor")})
    newer, older = turned(visit, "/money/bills", found["next_cursor"])
    return visit.show("tenants/money_bills.html", bills=found, newer=newer, older=older)


async def bill(visit: TenantVisit) -> HttpResponse:
    """The bill of one month."""
    found = await visit.v1("GET", f"/bills/{segment(visit.slots['month'])}")
    end = moment(found["to_date"])
    last = "" if end is None else day((end - timedelta(milliseconds=1)).isoformat(), visit.zone)
    return visit.show("tenants/money_bill.html", bill=found, last=last)


def _filters(visit: TenantVisit) -> tuple[dict[str, str], dict[str, Any]]:
    """The days as they were chosen, and all that was chosen as the API wants it. Raises Told."""
    begin, end = span(visit)
    kinds = [kind for kind in visit.several("kind") if kind in KINDS]
    days = {name: visit.query.get(name, "") for name in ("from", "to")}
    return days, {"from_date": begin, "to_date": end, "kind": kinds}


PAGES: Final = (
    Page("GET", "/money", show, scope=_SCOPE),
    Page("GET", "/money/statement.csv", statement, scope=_SCOPE),
    Page("GET", "/money/topups", orders, scope=_SCOPE),
    Page("GET", "/money/bills", bills, scope=_SCOPE),
    Page("GET", "/money/bills/{month}", bill, scope=_SCOPE),
)
