"""Operators: who may log in here, with which role."""

from __future__ import annotations

from typing import Final

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.model.operators import ROLES
from smsgwd.net.http_message import HttpResponse
from smsgwd.timespec.rfc3339 import format_epoch_ms


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """All of them, and the form for one more."""
    rows = await visit.command("operator", "list")
    return visit.show("operators/accounts.html", rows=rows, roles=ROLES)


async def add(visit: OperatorVisit) -> HttpResponse:
    """One more. A password that is made is shown now and never again."""
    form = visit.form
    told = await visit.command(
        "operator", "add", name=form.get("name"), role=form.get("role"), secret=form.raw("secret")
    )
    if "secret" not in told:
        return visit.back(_path(told["name"]), visit._("%(name)s may log in.", name=told["name"]))
    return visit.show("operators/account_secret.html", name=told["name"], secret=told["secret"])


async def show(visit: OperatorVisit) -> HttpResponse:
    """One, with what can be done about him, and where he is logged in."""
    name = visit.slots["name"]
    row = await visit.command("operator", "show", name=name)
    sessions, why = await visit.tried("operator", "sessions", name=name)
    return visit.show(
        "operators/account.html",
        name=name,
        row=row,
        sessions=sessions or [],
        here=format_epoch_ms(visit.session.begun_at) if name == visit.caller.who else "",
        why=why,
        roles=ROLES,
    )


async def change(visit: OperatorVisit) -> HttpResponse:
    """Another role, or no log-in any more."""
    form, name = visit.form, visit.slots["name"]
    await visit.command("operator", "set", name=name, role=form.get("role"), disabled=form.get("disabled"))
    return visit.back(_path(name), visit._("Changed."))


async def password(visit: OperatorVisit) -> HttpResponse:
    """Another password; one that is made is shown now and never again."""
    name = visit.slots["name"]
    told = await visit.command("operator", "password", name=name, secret=visit.form.raw("secret"))
    if "secret" not in told:
        return visit.back(_path(name), visit._("Changed; %(name)s is logged out.", name=name))
    return visit.show("operators/account_secret.html", name=name, secret=told["secret"])


async def no_codes(visit: OperatorVisit) -> HttpResponse:
    """Codes are asked for no more: the phone is lost."""
    name = visit.slots["name"]
    await visit.command("operator", "totp-off", name=name)
    return visit.back(_path(name), visit._("%(name)s logs in without a code now.", name=name))


async def log_out(visit: OperatorVisit) -> HttpResponse:
    """End all sessions, or one."""
    name = visit.slots["name"]
    await visit.command("operator", "logout", name=name, session=visit.form.get("session"))
    return visit.back(_path(name), visit._("Logged out."))


async def remove(visit: OperatorVisit) -> HttpResponse:
    """One less."""
    name = visit.slots["name"]
    await visit.command("operator", "remove", name=name)
    return visit.back("/operators", visit._("%(name)s is removed.", name=name))


def _path(name: str) -> str:
    return f"/operators/{segment(name)}"


PAGES: Final = (
    Page("GET", "/operators", show_all, role="admin"),
    Page("POST", "/operators", add, role="admin", again=show_all),
    Page("GET", "/operators/{name}", show, role="admin"),
    Page("POST", "/operators/{name}", change, role="admin", again=show),
    Page("POST", "/operators/{name}/password", password, role="admin", again=show),
    Page("POST", "/operators/{name}/totp-off", no_codes, role="admin", again=show),
    Page("POST", "/operators/{name}/logout", log_out, role="admin", again=show),
    Page("POST", "/operators/{name}/remove", remove, role="admin", again=show),
)
