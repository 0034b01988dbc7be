"""Looking numbers up, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "lookups"
_PARTED: Final = re.compile(r"[\n,;\t]+")
_PERIOD_S: Final = 2.0
_OPEN: Final = ("Queued", "Pending")
_CHARGES: Final = 200  # the latest, among which lookups are looked for
_LATELY: Final = 20


async def show(visit: TenantVisit) -> HttpResponse:
    """The form, and what was looked up lately."""
    if visit.query.get("id"):
        return visit.back(f"/lookups/{segment(visit.query['id'])}")
    account = await visit.v1("GET", "/account")
    charges, _ = await visit.tried("GET", "/statements", {"kind": "charge", "limit": _CHARGES})
    return visit.show(
        "tenants/lookups.html",
        numbers=visit.form.raw("numbers") or visit.query.get("number", ""),
        account=account,
        lately=_requests(charges) if charges else [],
    )


def _requests(statement: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Requests among the charges of a statement: their ids with their entries (a reference is `lookup ID`)."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in statement["entries"]:
        words = (entry["reference"] or "").split(" ")
        if len(words) == 2 and words[0] == "lookup":
            found.setdefault(words[1], entry)
    return list(found.items())[:_LATELY]


async def ask(visit: TenantVisit) -> HttpResponse:
    """Look numbers up."""
    numbers = [number for each in _PARTED.split(visit.form.raw("numbers")) if (number := each.strip())]
    if not numbers:
        raise Told(visit._("Write at least one number."))
    made = await visit.v1("POST", "/lookups", body={"to": numbers})
    return visit.back(f"/lookups/{made['id']}")


async def one(visit: TenantVisit) -> HttpResponse:
    """What came of a request."""
    return visit.show("tenants/lookup.html", **await _found(visit, await _currency(visit)))


async def live(visit: TenantVisit) -> HttpResponse:
    """The answers as they come."""
    currency = await _currency(visit)

    async def produce() -> Mapping[str, str]:
        found = await _found(visit, currency)
        answers = {"answers": visit.render("tenants/lookup_answers.html", **found)}
        return answers if found["waiting"] else {**answers, "over": "1"}

    return visit.live.follow(visit, ("lookups", visit.slots["id"]), _PERIOD_S, produce)


async def _found(visit: TenantVisit, currency: str) -> dict[str, Any]:
    found = await visit.v1("GET", f"/lookups/{segment(visit.slots['id'])}")
    waiting = sum(lookup["state"] in _OPEN for lookup in found["lookups"])
    return {"found": found, "waiting": waiting, "currency": currency}


async def _currency(visit: TenantVisit) -> str:
    """What the account's prices are in."""
    return str((await visit.v1("GET", "/account"))["currency"])


PAGES: Final = (
    Page("GET", "/lookups", show, scope=_SCOPE),
    Page("POST", "/lookups", ask, scope=_SCOPE, again=show),
    Page("GET", "/lookups/{id}", one, scope=_SCOPE),
    Page("GET", "/live/lookups/{id}", live, scope=_SCOPE),
)
