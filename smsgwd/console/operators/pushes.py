"""What tenants are owed, by target; another try, and telling them again."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators.asked import local, utc
from smsgwd.console.page import Page
from smsgwd.console.render import segment, url
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_LIMIT: Final = 50
_STATUSES: Final = ("pending", "given_up", "done")


async def targets(visit: OperatorVisit) -> HttpResponse:
    """All targets that are owed something."""
    rows = await visit.command("outbox", "list")
    return visit.show("operators/pushes.html", rows=sorted(rows, key=lambda row: (-row["given_up"], -row["pending"])))


async def target(visit: OperatorVisit) -> HttpResponse:
    """What waits for one of them, or was given up."""
    name, after = visit.slots["target"], visit.query.get("after", "")
    status = visit.query.get("status", "pending")
    rows = await visit.command("outbox", "show", target=name, status=status, limit=_LIMIT, after=after)
    path = f"/pushes/{segment(name)}"
    return visit.show(
        "operators/pushes_target.html",
        target=name,
        path=path,
        rows=rows,
        status=status,
        statuses=_STATUSES,
        newer=url(path, status=status) if after else "",
        older=url(path, status=status, after=rows[-1]["id"]) if len(rows) == _LIMIT else "",
    )


async def revive(visit: OperatorVisit) -> HttpResponse:
    """Push again what was given up."""
    name = visit.slots["target"]
    done = await visit.command("outbox", "revive", target=name)
    return visit.back(f"/pushes/{segment(name)}", visit._("Pushed again: %(count)s.", count=done["revived"]))


async def again(visit: OperatorVisit) -> HttpResponse:
    """The page to tell tenants again what they were told."""
    names = ("id", "tenant", "target", "from", "to")
    given = {name: visit.form.get(name) or visit.query.get(name, "") for name in names}
    rows, _ = await visit.tried("outbox", "list")
    return visit.show(
        "operators/pushes_again.html",
        given={**given, "from": local(utc(given["from"])), "to": local(utc(given["to"]))},
        targets=[row["target"] for row in rows or ()],
    )


async def push(visit: OperatorVisit) -> HttpResponse:
    """Tell them."""
    form = visit.form
    done = await visit.command(
        "dlr",
        "push",
        id=form.get("id"),
        tenant=form.get("tenant"),
        target=form.get("target"),
        from_=utc(form.get("from")),
        to=utc(form.get("to")),
    )
    return visit.back("/pushes", visit._("Pushed again: %(count)s.", count=done["pushed"]))


PAGES: Final = (
    Page("GET", "/pushes", targets),
    Page("GET", "/pushes/again", again, role="operate"),
    Page("POST", "/pushes/again", push, role="operate", again=again),
    Page("GET", "/pushes/{target}", target),
    Page("POST", "/pushes/{target}/revive", revive, role="operate", again=target),
)
