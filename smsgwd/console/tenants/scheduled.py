"""Messages that wait for their time."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "read"
_PAGE: Final = 50


async def show(visit: TenantVisit) -> HttpResponse:
    """The list; other times and cancelling are of `message.py`."""
    found = await visit.v1("GET", "/scheduled", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/scheduled", found["next_cursor"])
    return visit.show("tenants/scheduled.html", messages=found["messages"], newer=newer, older=older)


PAGES: Final = (Page("GET", "/scheduled", show, scope=_SCOPE),)
