"""The history: a tenant's messages, newest first, with filters, and as a file."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import url
from smsgwd.console.tenants.figures import COLOURS
from smsgwd.console.tenants.lists import span, turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "read"
_PAGE: Final = 50
_PERIOD_S: Final = 3.0


async def show(visit: TenantVisit) -> HttpResponse:
    """The list."""
    wanted = _wanted(visit)
    found: dict[str, Any] = {"messages": [], "next_cursor": None}
    if not visit.alert:
        found = await visit.v1("GET", "/messages", {**_filters(visit, wanted), "limit": _PAGE})
    cursor = visit.query.get("cursor", "")
    newer, older = turned(visit, "/messages", found["next_cursor"], **wanted)
    seen = _seen(found["messages"])
    return visit.show(
        "tenants/messages.html",
        messages=found["messages"],
        wanted=wanted,
        filtered=any(wanted.values()),
        states=list(COLOURS),
        newer=newer,
        older=older,
        export=url("/messages/export", **wanted),
        again=url("/messages", **wanted),
        live=url("/live/messages", **wanted, cursor=cursor, seen=seen),
    )


async def live(visit: TenantVisit) -> HttpResponse:
    """The states of the messages on a page, and whether the list has become another one."""
    wanted, cursor = _wanted(visit), visit.query.get("cursor", "")
    seen = visit.query.get("seen", "")
    filters = _filters(visit, wanted)

    async def produce() -> Mapping[str, str]:
        found = await visit.v1("GET", "/messages", {**filters, "limit": _PAGE})
        events = {
            f"state-{message['id']}": visit.render("tenants/message_state.html", message=message)
            for message in found["messages"]
        }
        changed = _seen(found["messages"]) != seen
        events["list"] = visit.render(
            "tenants/messages_changed.html", changed=changed, again=url("/messages", **wanted)
        )
        return events

    key = ("messages", *(tuple(each) if isinstance(each, list) else each for each in wanted.values()), cursor, seen)
    return visit.live.follow(visit, key, _PERIOD_S, produce)


async def export(visit: TenantVisit) -> HttpResponse:
    """What the filters say, as a file: as many as the API gives at once."""
    answer = await visit.v1_raw("GET", "/messages", {**_filters(visit, _wanted(visit)), "format": "csv"})
    return visit.file("messages.csv", "text/csv; charset=utf-8", answer.body)


def _wanted(visit: TenantVisit) -> dict[str, Any]:
    """The filters as the page's address has them."""
    states = [state for state in dict.fromkeys(visit.several("state")) if state in COLOURS]
    return {"state": states, **{name: visit.query.get(name, "") for name in ("to", "first", "last")}}


def _filters(visit: TenantVisit, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The filters as the API wants them. Raises Told for what is no day."""
    begin, end = span(visit, wanted["first"], wanted["last"])
    cursor = visit.query.get("cursor")
    return {"state": wanted["state"], "to": wanted["to"], "from_date": begin, "to_date": end, "cursor": cursor}


def _seen(messages: Sequence[Mapping[str, Any]]) -> str:
    """What tells one list from another."""
    return f"{zlib.crc32(','.join(message['id'] for message in messages).encode()):08x}"


PAGES: Final = (
    Page("GET", "/messages", show, scope=_SCOPE, again=show),
    Page("GET", "/live/messages", live, scope=_SCOPE),
    Page("GET", "/messages/export", export, scope=_SCOPE),
)
