"""Price lists, and number plans: what operators buy and sell by."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.operators.files import CSV, given_table, saved
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_RATES: Final = 500


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """The lists with their versions, and the form for one more."""
    rows: list[dict[str, Any]] = await visit.command("price", "list")
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lists.setdefault(row["name"], []).append(row)
    return visit.show("operators/prices.html", lists=lists)


async def show(visit: OperatorVisit) -> HttpResponse:
    """Rates of one: of the version that is asked for, else of the one in effect, else of the next one."""
    name, prefix = visit.slots["name"], visit.query.get("prefix", "").lstrip("+")
    versions = [row for row in await visit.command("price", "list") if row["name"] == name]
    chosen = visit.query.get("valid_from", "")
    if not chosen and versions and not any(each["in_effect"] for each in versions):
        chosen = versions[0]["valid_from"]
    found = await visit.command("price", "show", name=name, valid_from=chosen, prefix=prefix, limit=_RATES)
    return visit.show(
        "operators/price_rates.html" if visit.fragment else "operators/price.html",
        list=found,
        name=name,
        versions=versions,
        chosen=found["valid_from"],
        prefix=prefix,
        most=_RATES,
    )


async def export(visit: OperatorVisit) -> HttpResponse:
    """All rates of a version as a file."""
    name = visit.slots["name"]
    text = await visit.command("price", "export", name=name, valid_from=visit.query.get("valid_from"))
    return saved(visit, f"prices-{name}.csv", CSV, text)


async def put(visit: OperatorVisit) -> HttpResponse:
    """Keep a list, or a version of it."""
    form = visit.form
    told = await visit.command(
        "price",
        "import",
        name=form.get("name"),
        csv=given_table(visit),
        valid_from=form.get("valid_from"),
        currency=form.get("currency").upper(),
    )
    said = visit._("Price list %(name)s is kept, with %(rates)s rates.", name=told["name"], rates=told["rates"])
    return visit.back(f"/prices/{segment(told['name'])}", said, valid_from=told["valid_from"])


async def ask_drop(visit: OperatorVisit) -> HttpResponse:
    """What dropping means, before it is done."""
    versions = [row for row in await visit.command("price", "list") if row["name"] == visit.slots["name"]]
    return visit.show(
        "operators/price_drop.html",
        name=visit.slots["name"],
        versions=versions,
        chosen=visit.form.get("valid_from") or visit.query.get("valid_from", ""),
    )


async def drop(visit: OperatorVisit) -> HttpResponse:
    """Forget a list, or one version."""
    await visit.command("price", "drop", name=visit.slots["name"], valid_from=visit.form.get("valid_from"))
    return visit.back("/prices", visit._("Forgotten."))


# ---------------------------------------------------------------------- number plans
async def plans(visit: OperatorVisit) -> HttpResponse:
    """The plans, and the form for one more."""
    return visit.show("operators/plans.html", rows=await visit.command("plan", "list"))


async def put_plan(visit: OperatorVisit) -> HttpResponse:
    """Keep a plan."""
    told = await visit.command("plan", "import", name=visit.form.get("name"), csv=given_table(visit))
    return visit.back("/plans", visit._("Plan %(name)s is kept, with %(ranges)s ranges.", **told))


async def export_plan(visit: OperatorVisit) -> HttpResponse:
    """A plan as a file."""
    name = visit.slots["name"]
    return saved(visit, f"plan-{name}.csv", CSV, await visit.command("plan", "export", name=name))


async def drop_plan(visit: OperatorVisit) -> HttpResponse:
    """Forget a plan."""
    await visit.command("plan", "drop", name=visit.slots["name"])
    return visit.back("/plans", visit._("Forgotten."))


PAGES: Final = (
    Page("GET", "/prices", show_all),
    Page("POST", "/prices", put, role="admin", again=show_all),
    Page("GET", "/prices/{name}", show),
    Page("GET", "/prices/{name}/export", export),
    Page("GET", "/prices/{name}/drop", ask_drop, role="admin"),
    Page("POST", "/prices/{name}/drop", drop, role="admin", again=ask_drop),
    Page("GET", "/plans", plans),
    Page("POST", "/plans", put_plan, role="admin", again=plans),
    Page("GET", "/plans/{name}/export", export_plan),
    Page("POST", "/plans/{name}/drop", drop_plan, role="admin", again=plans),
)
