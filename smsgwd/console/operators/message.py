"""One message: its way as a timeline, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.operators.asked import chosen, wanted
from smsgwd.console.operators.timeline import as_trace, steps_of_trace
from smsgwd.console.page import Page
from smsgwd.console.render import moment, segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0
_WAITING: Final = ("scheduled", "held", "queued")  #: can be taken back
_MOVING: Final = (*_WAITING, "sent")
_OVER: Final = ("delivered", "undelivered", "expired", "rejected", "cancelled", "unknown")


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    numbers = _numbers(visit)
    text = wanted(visit, "text") if visit.caller.may("admin") else None
    pdus = wanted(visit, "pdus") if visit.may("message", "trace") else None
    trace = await _traced(visit, numbers, text, pdus)
    return visit.show(
        "operators/message.html",
        trace=trace,
        steps=steps_of_trace(visit, trace["steps"]),
        asked={"numbers": numbers, "text": text, "pdus": pdus},
        moves=trace["state"] in _MOVING,
        waits=trace["state"] in _WAITING,
        over=trace["state"] in _OVER,
    )


async def live(visit: OperatorVisit) -> HttpResponse:
    """Its way, while that goes on."""
    numbers = _numbers(visit)

    async def produce() -> Mapping[str, str]:
        trace = await _traced(visit, numbers)
        way = visit.render("operators/message_way.html", trace=trace, steps=steps_of_trace(visit, trace["steps"]))
        return {"way": way, "over": "yes"} if trace["state"] in _OVER else {"way": way}

    key = ("message", visit.slots["id"], numbers, visit.may("message", "trace"))
    return visit.live.follow(visit, key, _PERIOD_S, produce)


async def resend(visit: OperatorVisit) -> HttpResponse:
    """Send it again as a new message."""
    made = await visit.command(
        "message", "resend", id=visit.slots["id"], force=chosen(visit, "force"), free=chosen(visit, "free")
    )
    return visit.back(_path(made["id"]), visit._("Sent again: this is the new message."))


async def cancel(visit: OperatorVisit) -> HttpResponse:
    """Take it back."""
    done = await visit.command("message", "cancel", id=visit.slots["id"])
    if done["cancelled"]:
        return visit.back(_path(visit.slots["id"]), visit._("Cancelled."))
    return visit.back(_path(visit.slots["id"]), visit._("It was too late: it has left."), kind="alert")


async def push(visit: OperatorVisit) -> HttpResponse:
    """Tell its tenant again."""
    done = await visit.command("dlr", "push", id=visit.slots["id"])
    if done["pushed"]:
        return visit.back(_path(visit.slots["id"]), visit._("The tenant is told again."))
    said = visit._("There was nothing that the tenant was told of this message.")
    return visit.back(_path(visit.slots["id"]), said, kind="alert")


async def erase(visit: OperatorVisit) -> HttpResponse:
    """The page that says what erasing somebody does. With `id` in the query the number is that message's."""
    number = visit.form.get("number") or visit.query.get("number", "")
    if not number and visit.query.get("id"):
        message, _ = await visit.tried("message", "show", id=visit.query["id"], numbers="yes")
        number = message["to"] if message else ""
    return visit.show("operators/erase.html", number=number, opt_out=chosen(visit, "opt_out"))


async def erased(visit: OperatorVisit) -> HttpResponse:
    """Erase somebody."""
    rows = await visit.command("message", "erase", number=visit.form.get("number"), opt_out=chosen(visit, "opt_out"))
    return visit.show("operators/erased.html", rows=rows)


async def _traced(
    visit: OperatorVisit, numbers: str | None, text: str | None = None, pdus: str | None = None
) -> dict[str, Any]:
    """The trace, or as much of it as the operator's role may see."""
    found: dict[str, Any]
    if visit.may("message", "trace"):
        found = await visit.command("message", "trace", id=visit.slots["id"], numbers=numbers, text=text, pdus=pdus)
        return found
    found = await visit.command("message", "show", id=visit.slots["id"], numbers=numbers)
    begin = moment(found["submitted_at"])
    times = [moment(event["at"]) for event in found["events"]]
    return as_trace(found, [0.0 if begin is None or at is None else (at - begin).total_seconds() for at in times])


def _numbers(visit: OperatorVisit) -> str | None:
    return wanted(visit, "numbers") if visit.caller.may("operate") else None


def _path(message_id: str) -> str:
    return f"/messages/{segment(message_id)}"


PAGES: Final = (
    Page("GET", "/messages/erase", erase, role="admin"),
    Page("POST", "/messages/erase", erased, role="admin", again=erase),
    Page("GET", "/messages/{id}", show),
    Page("GET", "/live/messages/{id}", live),
    Page("POST", "/messages/{id}/resend", resend, role="admin", again=show),
    Page("POST", "/messages/{id}/cancel", cancel, role="operate", again=show),
    Page("POST", "/messages/{id}/push", push, role="operate", again=show),
)
