"""Sender ids that tenants ask for, what senders may be in which country, and what no text may say."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.operators.files import CSV, given_table, saved
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SHOWN: Final = 200
STATES: Final = ("requested", "approved", "refused")
ACTIONS: Final = ("allowed", "substitute", "refuse")


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """What waits for a decision first, then the others."""
    tenant, status = visit.query.get("tenant", ""), visit.query.get("status", "")
    status = status if status in STATES else ""
    waiting = await _some(visit, tenant, "requested") if status in ("", "requested") else []
    rows = await _some(visit, tenant, status) if status != "requested" else []
    return visit.show(
        "operators/senders.html",
        waiting=sorted(waiting, key=lambda row: row["requested"] or ""),
        rows=[row for row in rows if row["status"] != "requested"],
        tenant=tenant,
        status=status,
        states=STATES,
        most=_SHOWN,
    )


async def _some(visit: OperatorVisit, tenant: str, status: str) -> list[dict[str, Any]]:
    """Those of a tenant and a state ('' = all); why there are none is told on the page."""
    rows, why = await visit.tried("sender", "list", tenant=tenant, status=status, limit=_SHOWN)
    visit.alert = visit.alert or why
    return rows or []


async def show(visit: OperatorVisit) -> HttpResponse:
    """One, with the details of its registration, and the decision."""
    sender = await visit.command("sender", "show", tenant=visit.slots["tenant"], name=visit.slots["name"])
    return visit.show("operators/sender.html", sender=sender)


async def approve(visit: OperatorVisit) -> HttpResponse:
    """Let the tenant send under it."""
    tenant, name = visit.slots["tenant"], visit.slots["name"]
    await visit.command("sender", "approve", tenant=tenant, name=name)
    return visit.back("/senders", visit._("%(tenant)s may send under %(name)s.", tenant=tenant, name=name))


async def refuse(visit: OperatorVisit) -> HttpResponse:
    """Let it not; the tenant reads why."""
    tenant, name = visit.slots["tenant"], visit.slots["name"]
    await visit.command("sender", "refuse", tenant=tenant, name=name, reason=visit.form.get("reason"))
    return visit.back("/senders", visit._("%(tenant)s may not send under %(name)s.", tenant=tenant, name=name))


async def export(visit: OperatorVisit) -> HttpResponse:
    """All of them as a file."""
    text = await visit.command("sender", "export", tenant=visit.query.get("tenant"))
    return saved(visit, "senders.csv", CSV, text)


async def put_table(visit: OperatorVisit) -> HttpResponse:
    """Decide as a table says."""
    told = await visit.command("sender", "import", csv=given_table(visit))
    said = visit._("%(made)s sender ids are new, %(changed)s are changed.", made=told["made"], changed=told["changed"])
    return visit.back("/senders", said)


# ---------------------------------------------------------------------- rules of countries
async def rules(visit: OperatorVisit) -> HttpResponse:
    """What senders may be in which country, and what no text may say."""
    return visit.show(
        "operators/rules.html",
        rows=await visit.command("senderrule", "list"),
        patterns=await visit.command("content", "list"),
        actions=ACTIONS,
    )


async def put_rule(visit: OperatorVisit) -> HttpResponse:
    """Say what senders may be somewhere."""
    form = visit.form
    told = await visit.command(
        "senderrule",
        "put",
        where=form.get("where").upper(),
        alphanumeric=form.get("alphanumeric"),
        numeric=form.get("numeric"),
        substitute=form.get("substitute"),
        registered_only=form.get("registered_only"),
    )
    return visit.back("/rules", visit._("The rule for %(where)s is kept.", where=told["where"]))


async def drop_rule(visit: OperatorVisit) -> HttpResponse:
    """Forget it."""
    await visit.command("senderrule", "drop", where=visit.slots["where"])
    return visit.back("/rules", visit._("Forgotten."))


async def put_pattern(visit: OperatorVisit) -> HttpResponse:
    """Refuse texts that match a pattern."""
    form = visit.form
    told = await visit.command(
        "content", "put", name=form.get("name"), pattern=form.raw("pattern"), tenants=form.get("tenants")
    )
    return visit.back("/rules", visit._("The rule %(name)s is kept.", name=told["name"]))


async def drop_pattern(visit: OperatorVisit) -> HttpResponse:
    """Forget it."""
    await visit.command("content", "drop", name=visit.slots["name"])
    return visit.back("/rules", visit._("Forgotten."))


PAGES: Final = (
    Page("GET", "/senders", show_all),
    Page("GET", "/senders/export", export),
    Page("POST", "/senders/import", put_table, role="admin", again=show_all),
    Page("GET", "/senders/{tenant}/{name}", show),
    Page("POST", "/senders/{tenant}/{name}/approve", approve, role="admin", again=show),
    Page("POST", "/senders/{tenant}/{name}/refuse", refuse, role="admin", again=show),
    Page("GET", "/rules", rules),
    Page("POST", "/rules/senders", put_rule, role="admin", again=rules),
    Page("POST", "/rules/senders/{where}/drop", drop_rule, role="admin", again=rules),
    Page("POST", "/rules/texts", put_pattern, role="admin", again=rules),
    Page("POST", "/rules/texts/{name}/drop", drop_pattern, role="admin", again=rules),
)
