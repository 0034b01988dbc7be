"""What a tenant wants to know at a glance: what is left, what became of today's messages, what wants attention."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from smsgwd.console.page import Page
from smsgwd.console.render import moment, url
from smsgwd.console.tenants.figures import Sum, amount, states_plot, sum_of
from smsgwd.console.tenants.lists import days_ago, span
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 3.0
_LATEST: Final = 10
_PUSHES: Final = 20
_SENDERS: Final = 100
#: Pushes that failed so often are not only late.
_FAILING: Final = 3
_GIVEN_UP_DAYS: Final = 1
_REFUSED_DAYS: Final = 7


async def show(visit: TenantVisit) -> HttpResponse:
    """The page."""
    read = await _read(visit)
    return visit.show("tenants/overview.html", **read, needs=await _needs(visit, read))


async def live(visit: TenantVisit) -> HttpResponse:
    """What moves on it."""

    async def produce() -> Mapping[str, str]:
        read = await _read(visit)
        events = {
            "figures": visit.render("tenants/overview_figures.html", **read),
            "latest": visit.render("tenants/overview_latest.html", **read),
        }
        if plot := read["plot"]:
            events["plots"] = json.dumps({"hours": plot}, separators=(",", ":"))  # states and hours come and go
        return events

    # What it shows depends on what the credential is good for.
    return visit.live.follow(visit, ("overview", visit.account.credential.scopes), _PERIOD_S, produce)


async def _read(visit: TenantVisit) -> dict[str, Any]:
    balance = latest = statistics = None
    if visit.may("money"):
        balance, _ = await visit.tried("GET", "/balance")
    if visit.may("read"):
        latest, _ = await visit.tried("GET", "/messages", {"limit": _LATEST})
        since, _ = span(visit, days_ago(visit, 1), "")
        statistics, _ = await visit.tried("GET", "/statistics", {"by": "hour", "from_date": since})
    hours = [] if statistics is None else statistics["rows"]
    newest = hours[-1]["key"][:10] if hours else ""
    return {
        "balance": balance,
        "latest": latest,
        "hours": hours,
        "today": sum_of(hour for hour in hours if hour["key"][:10] == newest),
        "yesterday": sum_of(hour for hour in hours if hour["key"][:10] != newest),
        "took": None if statistics is None else statistics["total"]["delivery_seconds"],
        "currency": "" if statistics is None else statistics["currency"],
        "complete": statistics is None or statistics["complete"],
        "plot": states_plot(visit, hours) if any(hour["messages"] for hour in hours) else None,
    }


async def _needs(visit: TenantVisit, read: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What wants attention: a text, the address of the page where something can be done, and what it is called."""
    found = _money(visit, read["balance"], read["yesterday"])
    if visit.may("callbacks"):
        found += await _pushes(visit)
    if visit.may("senders"):
        senders, _ = await visit.tried("GET", "/senders", {"limit": _SENDERS})
        found += [
            (
                visit._("The sender %(name)s was refused: %(reason)s", name=each["name"], reason=each["reason"])
                if each["reason"]
                else visit._("The sender %(name)s was refused.", name=each["name"]),
                url("/senders"),
                visit._("Sender names"),
            )
            for each in (senders["senders"] if senders else [])
            if each["status"] == "refused" and _within(visit, each["decided_at"], _REFUSED_DAYS)
        ]
    return found


def _money(visit: TenantVisit, balance: Mapping[str, Any] | None, yesterday: Sum) -> list[tuple[str, str, str]]:
    if balance is None or balance["available"] is None:
        return []
    left = amount(balance["available"])
    if left <= 0:
        text = visit._("There is no credit left: messages that cost something are refused.")
    elif left < yesterday.cost:
        text = visit._("The credit that is left is less than what yesterday's messages cost.")
    else:
        return []
    return [(text, url("/money"), visit._("Money"))]


async def _pushes(visit: TenantVisit) -> list[tuple[str, str, str]]:
    given_up, _ = await visit.tried("GET", "/pushes", {"state": "failed", "limit": 1})
    pending, _ = await visit.tried("GET", "/pushes", {"state": "pending", "limit": _PUSHES})
    needs = []
    if any(_within(visit, push["done_at"], _GIVEN_UP_DAYS) for push in (given_up["pushes"] if given_up else [])):
        text = visit._("Your server was not told of everything: pushes to it were given up.")
        needs.append((text, url("/pushes", state="failed"), visit._("Pushes")))
    late = [push for push in (pending["pushes"] if pending else []) if push["attempts"] >= _FAILING]
    if late:
        why = late[0]["error"] or late[0]["target"]
        text = visit._("Pushes to your server fail (%(why)s). They are tried again.", why=why)
        needs.append((text, url("/pushes", state="pending"), visit._("Pushes")))
    return needs


def _within(visit: TenantVisit, at: str | None, days: int) -> bool:
    """True for a time in the last so many days."""
    found = moment(at)
    now = datetime.fromtimestamp(visit.session.seen_at / 1000, visit.zone)
    return found is not None and now - found < timedelta(days=days)


PAGES: Final = (Page("GET", "/", show), Page("GET", "/live/overview", live))
