"""What a tenant's settings are changed with: the form of the usual ones, its prices, and all others as YAML."""

from __future__ import annotations

import csv
from typing import Final

import msgspec

from smsgwd.console.given import Told
from smsgwd.console.operators.settings import GROUPS, changed, written
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SETTINGS: Final = tuple(each for group in GROUPS for each in group.settings if not each.fixed)


async def show(visit: OperatorVisit) -> HttpResponse:
    """The form."""
    tenant = await visit.command("tenant", "show", id=visit.slots["id"])
    lists, _ = await visit.tried("price", "list")
    whole, _ = await visit.tried("tenant", "export", id=visit.slots["id"])
    now = {each.name: written(each, tenant) for each in _SETTINGS}
    form = visit.form
    again = bool(visit.alert) and "was-price" in form
    return visit.show(
        "operators/tenant_settings.html",
        id=tenant["id"],
        tab="settings",
        groups=[(group, [each for each in group.settings if not each.fixed]) for group in GROUPS],
        lists=sorted({each["name"] for each in lists or ()}),
        was={name: form.get(f"was-{name}") for name in now} if again else now,
        values={name: form.get(name) for name in now} if again else now,
        json=form.raw("json"),
        whole=whole or "",
    )


async def put(visit: OperatorVisit) -> HttpResponse:
    """Change what was changed in the form."""
    options = changed(visit.form, _SETTINGS)
    if not options:
        return visit.back(_path(visit, "settings"), visit._("Nothing was changed."))
    await visit.command("tenant", "set", id=visit.slots["id"], json=msgspec.json.encode(options).decode())
    return visit.back(_path(visit, "settings"), visit._("Changed; it counts from the next message on."))


async def put_json(visit: OperatorVisit) -> HttpResponse:
    """Change what a JSON object, or YAML, says."""
    text = visit.form.raw("json")
    if not text.strip():
        raise Told(visit._("Type the options first."), 400)
    await visit.command("tenant", "set", id=visit.slots["id"], json=text)
    return visit.back(_path(visit, "settings"), visit._("Changed; it counts from the next message on."))


async def prices(visit: OperatorVisit) -> HttpResponse:
    """The prices that count for it: its own, and those of its list."""
    tenant = await visit.command("tenant", "show", id=visit.slots["id"])
    prefix = visit.query.get("prefix", "").lstrip("+")
    found, why = None, ""
    if tenant["price_list"]:
        found, why = await visit.tried("price", "show", name=tenant["price_list"], prefix=prefix, limit=200)
    own = {name: price for name, price in tenant["prices"].items() if name != "else"}
    lines = "\n".join(f"{name},{price}" for name, price in own.items())
    return visit.show(
        "operators/tenant_prices.html",
        id=tenant["id"],
        tab="prices",
        tenant=tenant,
        own={name: price for name, price in own.items() if name.startswith(prefix)},
        listed=found,
        why=why,
        prefix=prefix,
        lines=visit.form.raw("lines") if visit.alert else lines,
        price=visit.form.get("price") if visit.alert else tenant["prices"].get("else", ""),
    )


async def put_prices(visit: OperatorVisit) -> HttpResponse:
    """Other prices of its own, in the place of all that it has."""
    rates: dict[str, str] = {}
    for number, line in enumerate(csv.reader(visit.form.raw("lines").splitlines()), 1):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if len(cells) != 2 or not all(cells):
            raise Told(visit._("Line %(number)s: a prefix, a comma and a price are wanted.", number=number))
        if cells[0] in rates:
            raise Told(visit._("Line %(number)s: this prefix is there twice.", number=number))
        rates[cells[0]] = cells[1]
    options = {"price": visit.form.get("price", "0"), "prices": rates}
    await visit.command("tenant", "set", id=visit.slots["id"], json=msgspec.json.encode(options).decode())
    return visit.back(_path(visit, "prices"), visit._("Changed; it counts from the next message on."))


def _path(visit: OperatorVisit, tab: str) -> str:
    return f"/tenants/{segment(visit.slots['id'])}/{tab}"


PAGES: Final = (
    Page("GET", "/tenants/{id}/settings", show, role="admin"),
    Page("POST", "/tenants/{id}/settings", put, role="admin", again=show),
    Page("POST", "/tenants/{id}/settings/json", put_json, role="admin", again=show),
    Page("GET", "/tenants/{id}/prices", prices),
    Page("POST", "/tenants/{id}/prices", put_prices, role="admin", again=prices),
)
