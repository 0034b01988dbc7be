"""How a tenant logs in: its credentials, and secrets that are shown once."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse


async def show(visit: OperatorVisit) -> HttpResponse:
    """All of them, and the form for one more."""
    rows = await visit.command("credential", "list", tenant=visit.slots["id"])
    return visit.show("operators/credentials.html", id=visit.slots["id"], tab="credentials", rows=rows)


async def add(visit: OperatorVisit) -> HttpResponse:
    """One more. A secret that is made is shown now and never again."""
    form = visit.form
    told = await visit.command(
        "credential",
        "add",
        tenant=visit.slots["id"],
        kind=form.get("kind"),
        name=form.get("name"),
        secret=form.raw("secret"),
        expires_at=form.get("expires_at"),
        scopes=form.get("scopes"),
        allow=form.get("allow"),
        label=form.get("label"),
        json=_binds(form.get("max_binds")),
    )
    return _told(visit, told)


def _binds(text: str) -> str:
    """The further option of an SMPP account; what is no number goes as it is, to be refused in words."""
    number = int(text) if text.isdecimal() and len(text) < 9 else text
    return msgspec.json.encode({"max_binds": number}).decode() if text else ""


async def rotate(visit: OperatorVisit) -> HttpResponse:
    """A new secret; the old ones work a while still."""
    form = visit.form
    told = await visit.command(
        "credential",
        "rotate",
        tenant=visit.slots["id"],
        kind=form.get("kind"),
        name=form.get("name"),
        grace_s=form.get("grace_s"),
    )
    return _told(visit, told)


async def expire(visit: OperatorVisit) -> HttpResponse:
    """Let one end at a time."""
    form = visit.form
    await visit.command(
        "credential",
        "expire",
        tenant=visit.slots["id"],
        kind=form.get("kind"),
        name=form.get("name"),
        serial=form.get("serial"),
        at=form.get("at"),
    )
    return visit.back(_path(visit), visit._("Changed."))


async def remove(visit: OperatorVisit) -> HttpResponse:
    """Remove one at once."""
    form = visit.form
    await visit.command(
        "credential",
        "remove",
        tenant=visit.slots["id"],
        kind=form.get("kind"),
        name=form.get("name"),
        serial=form.get("serial"),
    )
    return visit.back(_path(visit), visit._("Removed."))


async def no_codes(visit: OperatorVisit) -> HttpResponse:
    """Ask for no codes from a phone any more: it is lost."""
    await visit.command("credential", "totp-off", tenant=visit.slots["id"], name=visit.form.get("name"))
    return visit.back(_path(visit), visit._("No code is asked for any more."))


async def change(visit: OperatorVisit) -> HttpResponse:
    """What can be done about one of them, on a page of its own."""
    rows = await visit.command("credential", "list", tenant=visit.slots["id"])
    wanted = (visit.slots["kind"], visit.slots["name"])
    return visit.show(
        "operators/credential.html",
        id=visit.slots["id"],
        tab="credentials",
        kind=wanted[0],
        name=wanted[1],
        rows=[row for row in rows if (row["kind"], row["name"]) == wanted],
    )


def _told(visit: OperatorVisit, told: dict[str, str]) -> HttpResponse:
    if "secret" not in told:
        return visit.back(_path(visit), visit._("Added."))
    return visit.show(
        "operators/tenant_secrets.html", id=visit.slots["id"], tab="credentials", secrets=[told], once=True, mind=""
    )


def _path(visit: OperatorVisit) -> str:
    return f"/tenants/{segment(visit.slots['id'])}/credentials"


PAGES: Final = (
    Page("GET", "/tenants/{id}/credentials", show),
    Page("POST", "/tenants/{id}/credentials", add, role="admin", again=show),
    Page("GET", "/tenants/{id}/credentials/{kind}/{name}", change, role="admin"),
    Page("POST", "/tenants/{id}/credentials/rotate", rotate, role="admin", again=show),
    Page("POST", "/tenants/{id}/credentials/expire", expire, role="admin", again=show),
    Page("POST", "/tenants/{id}/credentials/totp-off", no_codes, role="admin", again=show),
    Page("POST", "/tenants/{id}/credentials/remove", remove, role="admin", again=show),
)
