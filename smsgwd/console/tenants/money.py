"""Money: what is left, what happened to it, what came in, and the bill of each month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import day, moment, segment, url
from smsgwd.console.tenants.lists import days_ago, span, turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "money"
_PAGE: Final = 50
_DAYS: Final = 30  # that a statement is of where nobody chose
#: As the API calls them.
KINDS: Final = ("topup", "reserve", "charge", "refund", "correction")


async def show(visit: TenantVisit) -> HttpResponse:
    """What is left, and the statement of a span of days."""
    balance, _ = await visit.tried("GET", "/balance")
    # The sums are of every entry of the span, so it is not all of them unless somebody empties the field.
    days, kinds = _filters(visit, "" if "cursor" in visit.query else days_ago(visit, _DAYS))
    found: dict[str, Any] = {"entries": [], "next_cursor": None}
    if not visit.alert:
        where = {**_where(visit, days, kinds), "cursor": visit.query.get("cursor"), "limit": _PAGE}
        found = await visit.v1("GET", "/statements", where)
    newer, older = turned(visit, "/money", found["next_cursor"], **days, kind=kinds or None)
    if newer and not days["from"]:
        newer += ("&" if "?" in newer else "?") + "from="
    return visit.show(
        "tenants/money.html",
        balance=balance,
        statement=found,
        kinds=KINDS,
        chosen=kinds,
        days=days,
        csv=url("/money/statement.csv", **days, kind=kinds or None),
        newer=newer,
        older=older,
    )


async def statement(visit: TenantVisit) -> HttpResponse:
    """The statement of the same span as a file."""
    answer = await visit.v1_raw("GET", "/statements", {**_where(visit, *_filters(visit, "")), "format": "csv"})
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


def _filters(visit: TenantVisit, since: str) -> tuple[dict[str, str], list[str]]:
    """The days as they were chosen (from `since` on where nobody chose), and the kinds."""
    days = {"from": visit.query.get("from", since), "to": visit.query.get("to", "")}
    return days, [kind for kind in visit.several("kind") if kind in KINDS]


def _where(visit: TenantVisit, days: dict[str, str], kinds: list[str]) -> dict[str, Any]:
    """The same as the API wants it. Raises Told for what is no day."""
    begin, end = span(visit, days["from"], days["to"])
    return {"from_date": begin, "to_date": end, "kind": kinds}


PAGES: Final = (
    Page("GET", "/money", show, scope=_SCOPE, again=show),
    Page("GET", "/money/statement.csv", statement, scope=_SCOPE),
    Page("GET", "/money/topups", orders, scope=_SCOPE),
    Page("GET", "/money/bills", bills, scope=_SCOPE),
    Page("GET", "/money/bills/{month}", bill, scope=_SCOPE),
)
