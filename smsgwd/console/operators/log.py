"""What is written into the log: levels by component, and whose messages are watched."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators.asked import span
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse
from smsgwd.telemetry.levels import LEVELS


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    log = await visit.command("log", "show")
    form = visit.form
    return visit.show(
        "operators/log.html",
        log=log,
        own=[row for row in log["components"] if row["own"]],
        levels=tuple(LEVELS),
        span=span,
        given={name: form.get(name) for name in ("component", "level", "minutes", "number", "tenant", "watch_minutes")},
    )


async def level(visit: OperatorVisit) -> HttpResponse:
    """Another level for a component."""
    form = visit.form
    done = await visit.command(
        "log", "level", component=form.get("component"), level=form.get("level"), minutes=form.get("minutes")
    )
    return visit.back("/log", visit._("%(component)s is logged from %(level)s on.", **done))


async def reset(visit: OperatorVisit) -> HttpResponse:
    """As configured: one component, or all."""
    await visit.command("log", "reset", component=visit.form.get("component"))
    return visit.back("/log", visit._("Logged as configured again."))


async def watch(visit: OperatorVisit) -> HttpResponse:
    """Write down each step of somebody's messages."""
    form = visit.form
    await visit.command(
        "log", "debug", number=form.get("number"), tenant=form.get("tenant"), minutes=form.get("watch_minutes")
    )
    return visit.back("/log", visit._("Watched from now on."))


async def unwatch(visit: OperatorVisit) -> HttpResponse:
    """No more: one watch, or all."""
    await visit.command("log", "nodebug", watch=visit.form.get("watch"))
    return visit.back("/log", visit._("Watched no more."))


PAGES: Final = (
    Page("GET", "/log", show),
    Page("POST", "/log/level", level, role="operate", again=show),
    Page("POST", "/log/reset", reset, role="operate", again=show),
    Page("POST", "/log/watch", watch, role="operate", again=show),
    Page("POST", "/log/unwatch", unwatch, role="operate", again=show),
)
