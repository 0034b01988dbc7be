"""The gateway on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    return visit.show("operators/overview.html", status=await visit.command("status", "show"))


async def live(visit: OperatorVisit) -> HttpResponse:
    """What moves on it."""

    async def produce() -> Mapping[str, str]:
        status = await visit.command("status", "show")
        return {"connectors": visit.render("operators/overview_connectors.html", status=status)}

    return visit.live.follow(visit, "overview", _PERIOD_S, produce)


PAGES: Final = (Page("GET", "/", show), Page("GET", "/live/overview", live))
