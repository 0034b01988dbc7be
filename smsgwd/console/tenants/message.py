"""One message with all that happened to it, or those of one submission; and what can be done while they wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.draft import moment_of
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_READ: Final = "read"
_SEND: Final = "send"
_PERIOD_S: Final = 3.0
#: Where something was done from, and is gone back to.
_FROM: Final = "/scheduled"
_NOT_LEFT: Final = ("scheduled", "queued")
_SHOWN: Final = 500  #: messages of a submission on a page


async def show(visit: TenantVisit) -> HttpResponse:
    """The message, or the submission."""
    found = await visit.v1("GET", _path(visit))
    if "events" in found:
        return visit.show("tenants/message.html", message=found, **_doable(visit, [found]))
    return visit.show("tenants/submission.html", **_submission(found), **_doable(visit, found["messages"]))


async def live(visit: TenantVisit) -> HttpResponse:
    """What moves on it."""
    path = _path(visit)

    async def produce() -> Mapping[str, str]:
        found = await visit.v1("GET", path)
        if "events" in found:
            return {"message": visit.render("tenants/message_told.html", message=found)}
        return {"submission": visit.render("tenants/submission_told.html", **_submission(found))}

    return visit.live.follow(visit, ("message", path), _PERIOD_S, produce)


async def cancel(visit: TenantVisit) -> HttpResponse:
    """Call off what has not left."""
    found = await visit.v1("DELETE", _path(visit))
    cancelled = [each for each in found.get("messages", [found]) if each["state"] == "cancelled"]
    return visit.back(_to(visit), visit._("Cancelled: %(number)s.", number=len(cancelled)))


async def move(visit: TenantVisit) -> HttpResponse:
    """Give what waits another time, or send it now."""
    at = None if visit.form.get("when") == "now" else moment_of(visit)
    await visit.v1("PATCH", _path(visit), body={"schedule_at": at})
    said = visit._("It is sent now.") if at is None else visit._("It has another time.")
    return visit.back(_to(visit), said)


def _path(visit: TenantVisit) -> str:
    return f"/messages/{segment(visit.slots['id'])}"


def _to(visit: TenantVisit) -> str:
    """Where it was done from."""
    return _FROM if visit.form.get("from") == _FROM else _path(visit)


def _submission(found: Mapping[str, Any]) -> dict[str, Any]:
    messages = found["messages"]
    states: dict[str, int] = {}
    for each in messages:
        states[each["state"]] = states.get(each["state"], 0) + 1
    return {"id": found["id"], "messages": messages[:_SHOWN], "number": len(messages), "states": states}


def _doable(visit: TenantVisit, messages: list[dict[str, Any]]) -> dict[str, bool]:
    """What can be done with messages as they are."""
    may = visit.may(_SEND)
    states = {each["state"] for each in messages}
    waits = any(each["state"] == "scheduled" and not each.get("held") for each in messages)
    return {"cancels": may and not states.isdisjoint(_NOT_LEFT), "moves": may and waits}


PAGES: Final = (
    Page("GET", "/messages/{id}", show, scope=_READ),
    Page("GET", "/live/messages/{id}", live, scope=_READ),
    Page("POST", "/messages/{id}/cancel", cancel, scope=_SEND, again=show),
    Page("POST", "/messages/{id}/time", move, scope=_SEND, again=show),
)
