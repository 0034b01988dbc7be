"""What a tenant wants to know at a glance."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse


async def show(visit: TenantVisit) -> HttpResponse:
    """The page."""
    balance, _ = await visit.tried("GET", "/balance") if visit.may("money") else (None, "")
    latest, _ = await visit.tried("GET", "/messages", {"limit": 10}) if visit.may("read") else (None, "")
    return visit.show("tenants/overview.html", balance=balance, latest=latest)


PAGES: Final = (Page("GET", "/", show),)
