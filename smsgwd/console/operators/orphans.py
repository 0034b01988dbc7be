"""Receipts: those that no message was found for, and those that carriers owe us."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators.asked import chosen, local, span, utc
from smsgwd.console.page import Page
from smsgwd.console.render import url
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_LIMIT: Final = 100
AGES: Final = ("<10s", "<1m", "<5m", "<15m", "<1h", "<6h", "<1d", "older")


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    after = visit.query.get("after", "")
    rows, why = await visit.tried("dlr", "orphans", limit=_LIMIT, after=after)
    status, why_not = await visit.tried("dlr", "status")
    return visit.show(
        "operators/orphans.html",
        rows=rows,
        status=status,
        refused=[text for text in dict.fromkeys((why, why_not)) if text],
        ages=AGES,
        span=span,
        smsc_id=visit.form.get("smsc_id"),
        newer=url("/orphans") if after else "",
        older=url("/orphans", after=rows[-1]["id"]) if rows and len(rows) == _LIMIT else "",
    )


async def rematch(visit: OperatorVisit) -> HttpResponse:
    """Look for their messages once more."""
    done = await visit.command("dlr", "rematch", smsc_id=visit.form.get("smsc_id"))
    said = visit._("%(applied)s of %(tried)s receipts found their message.", **done)
    return visit.back("/orphans", said)


async def drop(visit: OperatorVisit) -> HttpResponse:
    """The page that says what dropping does."""
    status, why = await visit.tried("dlr", "status")
    before = local(utc(visit.form.get("before")))
    return visit.show("operators/orphans_drop.html", status=status, why=why, before=before, all=chosen(visit, "all"))


async def dropped(visit: OperatorVisit) -> HttpResponse:
    """Forget them."""
    before = "all" if chosen(visit, "all") else utc(visit.form.get("before"))
    done = await visit.command("dlr", "drop", before=before)
    return visit.back("/orphans", visit._("Forgotten: %(count)s receipts.", count=done["dropped"]))


PAGES: Final = (
    Page("GET", "/orphans", show),
    Page("POST", "/orphans/rematch", rematch, role="operate", again=show),
    Page("GET", "/orphans/drop", drop, role="operate"),
    Page("POST", "/orphans/drop", dropped, role="operate", again=drop),
)
