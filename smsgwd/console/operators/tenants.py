"""Tenants: all of them, a new one, and one on a page with what it has and how it stands."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.console.operators.settings import FIRST_GROUPS, FIRST_VALUES, GROUPS, filled_in, written
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SHOWN: Final = 100
_MOST_FIGURES: Final = 200
#: What a new tenant can log in with, and what the command calls the name.
_LOGINS: Final = (("password", "username"), ("smpp", "system_id"), ("token", "label"))


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """The list: those whose id has what is looked for, in pages."""
    rows = await visit.command("tenant", "list")
    wanted, state = visit.query.get("q", "").lower(), visit.query.get("state", "")
    found = [row for row in rows if wanted in row["id"].lower() or wanted == (row["parent"] or "").lower()]
    if state in ("on", "off"):
        found = [row for row in found if row["enabled"] == (state == "on")]
    after = visit.query.get("after", "")
    page = [row for row in found if row["id"] > after]
    shown, more = page[:_SHOWN], len(page) > _SHOWN
    counts, _ = await visit.tried("figures", "show", tenants=_MOST_FIGURES)
    return visit.show(
        "operators/tenants_rows.html" if visit.fragment else "operators/tenants.html",
        rows=shown,
        found=len(found),
        all=len(rows),
        counts={} if counts is None else {each["tenant"]: each for each in counts["tenants"]},
        q=visit.query.get("q", ""),
        state=state,
        after=after,
        last=shown[-1]["id"] if more else "",
    )


async def show(visit: OperatorVisit) -> HttpResponse:
    """One: its money, what it does, who is above and below it, its settings."""
    tenant = await visit.command("tenant", "show", id=visit.slots["id"])
    counts, _ = await visit.tried("figures", "show", tenants=_MOST_FIGURES)
    return visit.show(
        "operators/tenant.html",
        tenant=tenant,
        id=tenant["id"],
        tab="",
        counts=next((each for each in (counts or {"tenants": ()})["tenants"] if each["tenant"] == tenant["id"]), None),
        groups=[(group, [(each, written(each, tenant)) for each in group.settings]) for group in GROUPS],
    )


async def enable(visit: OperatorVisit) -> HttpResponse:
    """Let it in again."""
    await visit.command("tenant", "enable", id=visit.slots["id"])
    return visit.back(_path(visit), visit._("%(tenant)s is let in again.", tenant=visit.slots["id"]))


async def disable(visit: OperatorVisit) -> HttpResponse:
    """Let it in no more."""
    await visit.command("tenant", "disable", id=visit.slots["id"])
    return visit.back(_path(visit), visit._("%(tenant)s is let in no more.", tenant=visit.slots["id"]))


async def webhook_secret(visit: OperatorVisit) -> HttpResponse:
    """What signs its pushes. A POST: who looked at it stands in the audit."""
    told = await visit.command("tenant", "webhook-secret", id=visit.slots["id"])
    return visit.show(
        "operators/tenant_secrets.html",
        id=told["tenant"],
        tab="",
        secrets=[{"kind": "webhook", "name": told["tenant"], "label": "", "secret": told["webhook_secret"]}],
        once=False,
        mind="",
    )


async def new(visit: OperatorVisit) -> HttpResponse:
    """The form for a new one."""
    lists, _ = await visit.tried("price", "list")
    names = sorted({each["name"] for each in lists or ()})
    settings = [each.name for group in FIRST_GROUPS for each in group.settings]
    values = {name: visit.form.get(name) if visit.alert else FIRST_VALUES.get(name, "") for name in settings}
    return visit.show("operators/tenant_new.html", groups=FIRST_GROUPS, values=values, lists=names)


async def create(visit: OperatorVisit) -> HttpResponse:
    """Make it; the secrets that are made are shown now and never again."""
    form = visit.form
    options: dict[str, Any] = filled_in(form)
    logins = [
        {"kind": kind, name: form.get(f"login-{kind}")} for kind, name in _LOGINS if form.get(f"login-{kind}") != ""
    ]
    if logins:
        options["credentials"] = logins
    told = await visit.command("tenant", "create", id=form.get("id"), json=msgspec.json.encode(options).decode())
    if not told["secrets"]:
        said = visit._("%(tenant)s is created.", tenant=told["tenant"])
        return visit.back(f"/tenants/{segment(told['tenant'])}", " ".join([said, told.get("mind", "")]).strip())
    return visit.show(
        "operators/tenant_secrets.html",
        id=told["tenant"],
        tab="",
        secrets=told["secrets"],
        once=True,
        mind=told.get("mind", ""),
    )


def _path(visit: OperatorVisit) -> str:
    return f"/tenants/{segment(visit.slots['id'])}"


PAGES: Final = (
    Page("GET", "/tenants", show_all),
    Page("GET", "/tenants/new", new, role="admin"),
    Page("POST", "/tenants/new", create, role="admin", again=new),
    Page("GET", "/tenants/{id}", show),
    Page("POST", "/tenants/{id}/enable", enable, role="admin", again=show),
    Page("POST", "/tenants/{id}/disable", disable, role="admin", again=show),
    Page("POST", "/tenants/{id}/webhook-secret", webhook_secret, role="admin", again=show),
)
