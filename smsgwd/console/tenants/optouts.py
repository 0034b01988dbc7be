"""Who wants no messages."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "contacts"
_PAGE: Final = 100


async def show(visit: TenantVisit) -> HttpResponse:
    """The list, and a form for one more number."""
    found = await visit.v1("GET", "/optouts", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/optouts", found["next_cursor"])
    return visit.show("tenants/optouts.html", optouts=found["optouts"], newer=newer, older=older)


async def add(visit: TenantVisit) -> HttpResponse:
    """Send nothing to a number any more."""
    number = visit.form.get("number")
    answer = await visit.v1("POST", "/optouts", body={"number": number})
    if answer["changed"]:
        return visit.back("/optouts", visit._("No messages go to %(number)s any more.", number=number))
    return visit.back("/optouts", visit._("%(number)s was on the list already.", number=number))


async def allow(visit: TenantVisit) -> HttpResponse:
    """Allow messages to a number again."""
    number = visit.form.get("number")
    await visit.v1("DELETE", f"/optouts/{segment(number)}")
    return visit.back("/optouts", visit._("Messages to %(number)s are allowed again.", number=number))


PAGES: Final = (
    Page("GET", "/optouts", show, scope=_SCOPE),
    Page("POST", "/optouts", add, scope=_SCOPE, again=show),
    Page("POST", "/optouts/allow", allow, scope=_SCOPE, again=show),
)
