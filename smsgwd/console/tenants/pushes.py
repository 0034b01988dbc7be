"""What the account was pushed and is owed, and pushing it again."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.tenants.lists import turned
from smsgwd.console.tenants.times import chosen
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "callbacks"
_PAGE: Final = 50
_STATES: Final = ("pending", "failed", "done")


async def show(visit: TenantVisit) -> HttpResponse:
    """The list, newest first. The filters stay when something of it is pushed again."""
    asked = visit.form if visit.request.method == "POST" else visit.query
    state, message = asked.get("state", ""), asked.get("message", "")
    state = state if state in _STATES else ""
    query = {"state": state, "message": message, "cursor": visit.query.get("cursor"), "limit": _PAGE}
    found, why = await visit.tried("GET", "/pushes", query)
    newer, older = turned(visit, "/pushes", found["next_cursor"] if found else None, state=state, message=message)
    return visit.show(
        "tenants/pushes.html",
        pushes=found["pushes"] if found else [],
        why=why,
        state=state,
        states=_STATES,
        message=message,
        newer=newer,
        older=older,
    )


async def again(visit: TenantVisit) -> HttpResponse:
    """Push again what was ticked, or one."""
    ids = visit.form.all("one") or visit.form.all("ids")
    if not ids:
        raise Told(visit._("Nothing is ticked."))
    return await _pushed(visit, {"ids": ids})


async def span(visit: TenantVisit) -> HttpResponse:
    """Push again all of a span of time."""
    begin = chosen(visit, "from")
    if begin is None:
        raise Told(visit._("Say from when on."))
    end = chosen(visit, "to")
    return await _pushed(visit, {"from": begin} if end is None else {"from": begin, "to": end})


async def _pushed(visit: TenantVisit, which: dict[str, Any]) -> HttpResponse:
    count = (await visit.v1("POST", "/pushes/repush", body=which))["pushed"]
    said = (
        visit._("Due again: %(count)s.", count=count)
        if count
        else visit._("None of these is pushed again: what is pending is pushed anyway.")
    )
    form = visit.form
    return visit.back(
        "/pushes",
        said,
        kind="ok" if count else "alert",
        state=form.get("state"),
        message=form.get("message"),
    )


PAGES: Final = (
    Page("GET", "/pushes", show, scope=_SCOPE),
    Page("POST", "/pushes/again", again, scope=_SCOPE, again=show),
    Page("POST", "/pushes/span", span, scope=_SCOPE, again=show),
)
