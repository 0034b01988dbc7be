"""Customers that are bound to us over SMPP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.operators.asked import span
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    return visit.show("operators/esmes.html", **await _bound(visit))


async def live(visit: OperatorVisit) -> HttpResponse:
    """What moves of it: no buttons, which somebody may be about to press."""

    async def produce() -> Mapping[str, str]:
        return {"binds": visit.render("operators/esmes_binds.html", **await _bound(visit))}

    return visit.live.follow(visit, "esmes", _PERIOD_S, produce)


async def disconnect(visit: OperatorVisit) -> HttpResponse:
    """Send an account away; it may bind again."""
    done = await visit.command("esme", "disconnect", system_id=visit.form.get("system_id"))
    return visit.back("/esmes", visit._("%(system_id)s is sent away.", system_id=done["system_id"]))


async def _bound(visit: OperatorVisit) -> dict[str, Any]:
    rows = await visit.command("esme", "list")
    return {"rows": rows, "accounts": sorted({row["system_id"] for row in rows}), "span": span}


PAGES: Final = (
    Page("GET", "/esmes", show),
    Page("GET", "/live/esmes", live),
    Page("POST", "/esmes/disconnect", disconnect, role="operate", again=show),
)
