"""The account's own credentials: passwords, tokens and SMPP accounts, made, renewed and removed."""

from __future__ import annotations

import re
from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.times import chosen
from smsgwd.console.visit import TenantVisit
from smsgwd.console.words import N_
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "credentials"
_KINDS: Final = ("token", "password", "smpp")
#: What a credential can be limited to, and what that means.
SCOPES: Final = {
    "send": N_("send messages"),
    "read": N_("see messages, what became of them, and statistics"),
    "contacts": N_("contacts, groups and opt-outs"),
    "templates": N_("templates"),
    "senders": N_("sender names"),
    "lookups": N_("look numbers up"),
    "links": N_("see who opened tracked links"),
    "money": N_("see balance, statements and bills"),
    "bind": N_("bind over SMPP"),
    "callbacks": N_("say where receipts go, and push them again"),
    "credentials": N_("make and remove keys"),
}
#: How long old secrets go on after a new one was made: seconds as a form has them.
_GRACES: Final = ("0", "3600", "86400", "604800")
_NETWORKS = re.compile(r"[\s,;]+")


async def show(visit: TenantVisit) -> HttpResponse:
    """All of them."""
    found = await visit.v1("GET", "/credentials")
    return visit.show("tenants/keys.html", credentials=found["credentials"], scopes=SCOPES)


async def form(visit: TenantVisit) -> HttpResponse:
    """The form for a new one. Nobody can give what he has not: only that is offered."""
    own = visit.account.credential.scopes
    kind = visit.form.get("kind") or visit.query.get("kind", "")
    ticked = visit.form.all("scopes") if "kind" in visit.form else ["send", "read"]
    return visit.show(
        "tenants/key_new.html",
        kind=kind if kind in _KINDS else _KINDS[0],
        limited=bool(own),
        reach="some" if own else visit.form.get("reach", "some"),
        offered={name: text for name, text in SCOPES.items() if not own or name in own},
        ticked=ticked,
    )


async def make(visit: TenantVisit) -> HttpResponse:
    """Make one, and show its secret this once."""
    given = visit.form
    scopes = [] if given.get("reach") == "all" else given.all("scopes")
    if given.get("reach") != "all" and not scopes:
        raise Told(visit._("Say what the key is for: tick one thing at least."))
    body: dict[str, Any] = {
        "kind": given.get("kind"),
        "label": given.get("label"),
        "scopes": scopes,
        "allow": [each for each in _NETWORKS.split(given.get("allow")) if each],
        "expires_at": chosen(visit, "expires_at"),
    }
    if body["kind"] != "token":
        body["name"] = given.get("name")
    return _made(visit, await visit.v1("POST", "/credentials", body=body))


async def one(visit: TenantVisit) -> HttpResponse:
    """A name with its secrets, and what can be done with it."""
    kind, name = visit.slots["kind"], visit.slots["name"]
    found = await visit.v1("GET", "/credentials")
    secrets = [each for each in found["credentials"] if (each["kind"], each["name"]) == (kind, name)]
    if not secrets:
        raise Told(visit._("There is no such key (any more)."), 404)
    return visit.show(
        "tenants/key.html",
        path=_path(kind, name),
        secrets=secrets,
        newest=secrets[-1],
        mine=any(each["this"] for each in secrets),
        scopes=SCOPES,
        grace=visit.form.get("grace_s", "86400"),
    )


async def rotate(visit: TenantVisit) -> HttpResponse:
    """A new secret, shown this once."""
    kind, name, grace = visit.slots["kind"], visit.slots["name"], visit.form.get("grace_s")
    if grace not in _GRACES:
        raise Told(visit._("Choose how long the old secret works still."))
    path = f"/credentials/{segment(kind)}/{segment(name)}/rotate"
    return _made(visit, await visit.v1("POST", path, body={"grace_s": int(grace)}), grace)


async def remove(visit: TenantVisit) -> HttpResponse:
    """Remove one secret of a name, or all."""
    kind, name = visit.slots["kind"], visit.slots["name"]
    await visit.v1("DELETE", f"/credentials/{segment(kind)}/{segment(name)}", {"serial": visit.form.get("serial")})
    return visit.back("/keys", visit._("The key is removed. What used it is refused from now on."))


def _path(kind: str, name: str) -> str:
    """Where a credential's page is."""
    return f"/keys/{segment(kind)}/{segment(name)}"


def _made(visit: TenantVisit, made: Any, grace: str = "") -> HttpResponse:
    own = visit.account.credential
    mine = bool(grace) and (made["kind"], made["name"]) == (own.kind, own.name)
    path = _path(made["kind"], made["name"])
    return visit.show("tenants/key_made.html", made=made, path=path, grace=grace, mine=mine)


PAGES: Final = (
    Page("GET", "/keys", show, scope=_SCOPE),
    Page("GET", "/keys/new", form, scope=_SCOPE),
    Page("POST", "/keys/new", make, scope=_SCOPE, again=form),
    Page("GET", "/keys/{kind}/{name}", one, scope=_SCOPE),
    Page("POST", "/keys/{kind}/{name}/rotate", rotate, scope=_SCOPE, again=one),
    Page("POST", "/keys/{kind}/{name}/remove", remove, scope=_SCOPE, again=one),
)
