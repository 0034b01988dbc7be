"""What one may send under, and what was asked for."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "senders"
_PAGE: Final = 100
#: What the form asks about a sender, under the names that the operator reads.
_DETAILS: Final = ("company", "registration", "website", "purpose", "countries", "remarks")


async def show(visit: TenantVisit) -> HttpResponse:
    """What may be used, and how the requests stand."""
    found = await visit.v1("GET", "/senders", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/senders", found["next_cursor"])
    exact = [sender for sender in found["allowed"] if not sender.endswith("*")]
    begin = [sender[:-1] for sender in found["allowed"] if sender.endswith("*") and sender != "*"]
    return visit.show(
        "tenants/senders.html",
        anything="*" in found["allowed"],
        exact=exact,
        begin=begin,
        default=found["default"],
        senders=found["senders"],
        newer=newer,
        older=older,
    )


async def form(visit: TenantVisit) -> HttpResponse:
    """The form to ask for one."""
    return visit.show("tenants/sender_ask.html", fields={name: visit.form.get(name) for name in ("name", *_DETAILS)})


async def ask(visit: TenantVisit) -> HttpResponse:
    """Ask the operator for a sender."""
    details = {name: value for name in _DETAILS if (value := visit.form.get(name))}
    await visit.v1("POST", "/senders", body={"name": visit.form.get("name"), "details": details})
    return visit.back("/senders", visit._("Your request is with the operator. This page shows what comes of it."))


async def take_back(visit: TenantVisit) -> HttpResponse:
    """Take a request back, or forget one that was refused."""
    await visit.v1("DELETE", f"/senders/{segment(visit.form.get('name'))}")
    return visit.back("/senders", visit._("The request is taken back."))


PAGES: Final = (
    Page("GET", "/senders", show, scope=_SCOPE),
    Page("GET", "/senders/ask", form, scope=_SCOPE),
    Page("POST", "/senders/ask", ask, scope=_SCOPE, again=form),
    Page("POST", "/senders/take-back", take_back, scope=_SCOPE, again=show),
)
