"""How many messages there were, what became of them and what they cost: over time, by country, sender or state."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import url
from smsgwd.console.tenants.figures import COLOURS, bar, line_plot, share_of, states_in, states_plot, step_of
from smsgwd.console.tenants.lists import days_ago, span
from smsgwd.console.visit import TenantVisit
from smsgwd.model.spreadsheet import guarded
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "read"
_BY: Final = ("day", "hour", "country", "sender", "state")
_DAYS: Final = 30


async def show(visit: TenantVisit) -> HttpResponse:
    """The page."""
    wanted = _wanted(visit)
    found = None if visit.alert else await _asked(visit, wanted)
    rows, over_time = found["rows"] if found else [], wanted["by"] in ("day", "hour")
    told = [row for row in reversed(rows) if row["messages"]] if over_time else rows
    most = max((row["messages"] for row in rows), default=0)
    return visit.show(
        "tenants/statistics.html",
        found=found,
        wanted=wanted,
        rows=[_shown(visit, wanted["by"], row, most) for row in told],
        states=states_in(rows),
        share=share_of(found["total"]["states"]) if found else None,
        plots=_plots(visit, rows, found["currency"]) if found and over_time and len(rows) > 1 else {},
        bars=not over_time,
        ranges=_ranges(visit, wanted["by"]),
        export=url("/statistics/export", **wanted),
    )


async def export(visit: TenantVisit) -> HttpResponse:
    """The same figures as a file."""
    wanted = _wanted(visit)
    found = await _asked(visit, wanted)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow((wanted["by"], "messages", "parts", "cost", "currency", *COLOURS))
    for row in found["rows"]:
        states = [row["states"].get(name, 0) for name in COLOURS]
        key = "" if row["key"] is None else guarded(row["key"])
        writer.writerow((key, row["messages"], row["parts"], row["cost"], found["currency"], *states))
    return visit.file("statistics.csv", "text/csv; charset=utf-8", out.getvalue().encode())


async def _asked(visit: TenantVisit, wanted: Mapping[str, str]) -> Any:
    begin, end = span(visit, wanted["first"], wanted["last"])
    # Without an end the API counts in whole steps, which it remembers.
    end = "" if wanted["last"] == days_ago(visit, 0) else end
    return await visit.v1("GET", "/statistics", {"by": wanted["by"], "from_date": begin, "to_date": end})


def _wanted(visit: TenantVisit) -> dict[str, str]:
    """Which days, and what a row stands for."""
    by = visit.query.get("by", "")
    by = by if by in _BY else "day"
    first = visit.query.get("first", "") or days_ago(visit, 1 if by == "hour" else _DAYS - 1)
    return {"by": by, "first": first, "last": visit.query.get("last", "") or days_ago(visit, 0)}


def _ranges(visit: TenantVisit, by: str) -> list[tuple[str, str]]:
    """Spans that are wanted often: what each is called, and its address."""
    spans = [
        (visit._("Today"), 0, "hour" if by == "day" else by),
        (visit._("7 days"), 6, by),
        (visit._("30 days"), 29, "day" if by == "hour" else by),
        (visit._("90 days"), 89, "day" if by == "hour" else by),
    ]
    last = days_ago(visit, 0)
    return [(text, url("/statistics", by=of, first=days_ago(visit, days), last=last)) for text, days, of in spans]


def _shown(visit: TenantVisit, by: str, row: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A row of the table, with what it is called, a bar, and the address of its messages ('' for none)."""
    key, link = row["key"], ""
    if key is None:
        name = visit._("all others")
    elif by in ("day", "hour"):
        name = step_of(key)
        link = url("/messages", first=key[:10], last=key[:10])
    elif by == "state":
        name, link = key, url("/messages", state=key)
    else:
        name = key or visit._("none")
    return {**row, "name": name, "link": link, "share": share_of(row["states"]), "bar": bar(row["states"], most)}


def _plots(visit: TenantVisit, rows: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    return {
        "states": states_plot(visit, rows),
        "parts": line_plot(visit._("Parts"), rows, "parts", "3"),
        "cost": line_plot(visit._("Cost"), rows, "cost", "2", f" {currency}"),
    }


PAGES: Final = (
    Page("GET", "/statistics", show, scope=_SCOPE, again=show),
    Page("GET", "/statistics/export", export, scope=_SCOPE),
)
