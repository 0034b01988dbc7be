"""Messages that are held until an operator decides: by flood protection, or by `queue hold`."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators.places import places
from smsgwd.console.page import Page
from smsgwd.console.render import url
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SHOWN: Final = 50


async def show(visit: OperatorVisit) -> HttpResponse:
    """The list."""
    tenant, after = visit.query.get("tenant", ""), visit.query.get("after", "")
    rows = await visit.command("held", "list", tenant=tenant, after=after, limit=_SHOWN)
    more = len(rows) == _SHOWN
    return visit.show(
        "operators/held.html",
        rows=rows,
        tenant=tenant,
        places=places(visit),
        newer=url("/held", tenant=tenant) if after else "",
        older=url("/held", tenant=tenant, after=rows[-1]["id"]) if more else "",
    )


async def release(visit: OperatorVisit) -> HttpResponse:
    """Send them."""
    done = await visit.command("held", "release", prefix=visit.form.get("prefix"), tenant=visit.form.get("tenant"))
    return visit.back("/held", visit._("Released: %(released)s.", released=done["released"]))


async def ask_reject(visit: OperatorVisit) -> HttpResponse:
    """What a rejection would do, to be confirmed."""
    return visit.show(
        "operators/held_reject.html",
        tenant=visit.form.get("tenant", visit.query.get("tenant", "")),
        prefix=visit.form.get("prefix", visit.query.get("prefix", "")),
    )


async def reject(visit: OperatorVisit) -> HttpResponse:
    """End them."""
    done = await visit.command("held", "reject", prefix=visit.form.get("prefix"), tenant=visit.form.get("tenant"))
    return visit.back(
        "/held", visit._("Rejected: %(rejected)s. Tenants get their money back.", rejected=done["rejected"])
    )


PAGES: Final = (
    Page("GET", "/held", show, role="operate"),
    Page("POST", "/held/release", release, role="operate", again=show),
    Page("GET", "/held/reject", ask_reject, role="admin"),
    Page("POST", "/held/reject", reject, role="admin", again=ask_reject),
)
