"""Numbers that nothing is sent to: the gateway's blacklist, and the opt-outs of a tenant."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SHOWN: Final = 100
_HIGHEST: Final = "9" * 16  # more digits than a number has


async def show(visit: OperatorVisit) -> HttpResponse:
    """A list: everybody's, or a tenant's where one is named; those that begin with some digits."""
    tenant, wanted = visit.query.get("tenant", ""), _digits(visit.query.get("number", ""))
    after = visit.query.get("after", "") or before(wanted)
    if tenant:
        found, why = await visit.tried("optout", "list", tenant=tenant, limit=_SHOWN + 1, after=after)
    else:
        found, why = await visit.tried("blacklist", "list", limit=_SHOWN + 1, after=after)
    visit.alert = visit.alert or why
    rows = [row for row in found or () if row["number"].startswith(wanted)]
    return visit.show(
        "operators/blocked.html",
        rows=rows[:_SHOWN],
        tenant=tenant,
        number=wanted,
        after=visit.query.get("after", ""),
        last=rows[_SHOWN - 1]["number"] if len(rows) > _SHOWN else "",
    )


def before(wanted: str) -> str:
    """Where a list begins that shall begin with some digits: what stands before them, in the order of texts."""
    if not wanted:
        return ""
    head, last = wanted[:-1], wanted[-1]
    return head if last == "0" else head + str(int(last) - 1) + _HIGHEST


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isascii() and each.isdigit())[:20]


async def add(visit: OperatorVisit) -> HttpResponse:
    """Put numbers on a list."""
    tenant, number = visit.form.get("tenant"), visit.form.get("number")
    if tenant:
        told = await visit.command("optout", "add", tenant=tenant, number=number)
        count = int(told["changed"])
    else:
        count = (await visit.command("blacklist", "add", number=number))["changed"]
    said = visit._("Numbers that are on the list now and were not before: %(count)s.", count=count)
    return visit.back("/blocked", said, tenant=tenant)


async def remove(visit: OperatorVisit) -> HttpResponse:
    """Take a number off a list."""
    tenant, number = visit.form.get("tenant"), visit.form.get("number")
    if tenant:
        await visit.command("optout", "remove", tenant=tenant, number=number)
    else:
        await visit.command("blacklist", "remove", number=number)
    return visit.back("/blocked", visit._("%(number)s may be sent to again.", number=number), tenant=tenant)


async def again(visit: OperatorVisit) -> HttpResponse:
    """The list that a form was sent from."""
    visit.query = {"tenant": visit.form.get("tenant")}
    return await show(visit)


PAGES: Final = (
    Page("GET", "/blocked", show, role="operate"),
    Page("POST", "/blocked/add", add, role="operate", again=again),
    Page("POST", "/blocked/remove", remove, role="admin", again=again),
)
