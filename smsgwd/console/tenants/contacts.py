"""The address book: who is in it, and one contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "contacts"
#: What is known of a contact besides its number, as the API calls it.
FIELDS: Final = ("first_name", "last_name", "email", "country", "address", "comments")
_PAGE: Final = 50
MOST_GROUPS: Final = 1000  #: that a choice offers


async def show(visit: TenantVisit) -> HttpResponse:
    """The list; only its rows where somebody types into the search field."""
    wanted = {"q": visit.query.get("q", ""), "group": visit.query.get("group", "")}
    found: dict[str, Any] = {"contacts": [], "next_cursor": None}
    if not visit.alert:
        found = await visit.v1("GET", "/contacts", {**wanted, "cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/contacts", found["next_cursor"], **wanted)
    shown = {"contacts": found["contacts"], "newer": newer, "older": older, "wanted": wanted}
    if visit.fragment:
        return visit.show("tenants/contacts_rows.html", **shown)
    return visit.show("tenants/contacts.html", **shown, groups=await group_names(visit))


async def group_names(visit: TenantVisit) -> list[str]:
    """The names of the account's groups, for a choice; none where the API does not say."""
    found, _ = await visit.tried("GET", "/groups", {"limit": MOST_GROUPS})
    return [group["name"] for group in found["groups"]] if found else []


async def new(visit: TenantVisit) -> HttpResponse:
    """The form for a new contact."""
    return visit.show("tenants/contact_new.html", fields=_filled(visit, {"number": visit.query.get("number", "")}))


async def add(visit: TenantVisit) -> HttpResponse:
    """Put a person into the book."""
    made = await visit.v1("POST", "/contacts", body={"number": visit.form.get("number"), **_fields(visit)})
    return visit.back(_path(made["number"]), visit._("The contact is in your address book."))


async def one(visit: TenantVisit) -> HttpResponse:
    """One contact, to be changed."""
    contact = await visit.v1("GET", _path(visit.slots["number"]))
    return visit.show(
        "tenants/contact.html", contact=contact, fields=_filled(visit, contact), groups=await group_names(visit)
    )


async def change(visit: TenantVisit) -> HttpResponse:
    """Change what is known of somebody."""
    number = visit.slots["number"]
    await visit.v1("PUT", _path(number), body=_fields(visit))
    return visit.back(_path(number), visit._("The contact is changed."))


async def join(visit: TenantVisit) -> HttpResponse:
    """Put somebody into a group."""
    number, group = visit.slots["number"], visit.form.get("group")
    await visit.v1("POST", f"/groups/{segment(group)}/members", body={"numbers": [number]})
    return visit.back(_path(number), visit._("The contact is in the group %(group)s.", group=group))


async def remove(visit: TenantVisit) -> HttpResponse:
    """Take somebody out of the book."""
    await visit.v1("DELETE", _path(visit.slots["number"]))
    return visit.back("/contacts", visit._("The contact is removed."))


async def export(visit: TenantVisit) -> HttpResponse:
    """The whole book as a file."""
    kind = "vcard" if visit.query.get("format") == "vcard" else "csv"
    answer = await visit.v1_raw("GET", "/contacts/export", {"format": kind})
    if kind == "vcard":
        return visit.file("contacts.vcf", "text/vcard; charset=utf-8", answer.body)
    return visit.file("contacts.csv", "text/csv; charset=utf-8", answer.body)


async def take(visit: TenantVisit) -> HttpResponse:
    """The form for a file of contacts."""
    return visit.show("tenants/contacts_import.html", groups=await group_names(visit), report=None)


async def taken(visit: TenantVisit) -> HttpResponse:
    """Take a file of contacts in, and say what was taken and what was refused."""
    file = visit.form.file("file")
    kind = "text/vcard" if file[:200].lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"BEGIN:VCARD") else "text/csv"
    query = {"group": visit.form.get("group")}
    answer = await visit.v1_raw("POST", "/contacts/import", query, file, {"content-type": kind})
    report = msgspec.json.decode(answer.body)
    return visit.show("tenants/contacts_import.html", groups=await group_names(visit), report=report)


def _path(number: str) -> str:
    """Of a contact: the same here and in the API."""
    return f"/contacts/{segment(number)}"


def _fields(visit: TenantVisit) -> dict[str, str]:
    fields = {name: visit.form.get(name) for name in FIELDS}
    return {**fields, "country": fields["country"].upper()}


def _filled(visit: TenantVisit, kept: Mapping[str, Any]) -> dict[str, str]:
    """What a form has in its fields: what was typed where it comes back, else what is kept."""
    return {
        name: visit.form.raw(name) if name in visit.form else str(kept.get(name, "")) for name in ("number", *FIELDS)
    }


PAGES: Final = (
    Page("GET", "/contacts", show, scope=_SCOPE, again=show),
    Page("GET", "/contacts/new", new, scope=_SCOPE),
    Page("POST", "/contacts/new", add, scope=_SCOPE, again=new),
    Page("GET", "/contacts/import", take, scope=_SCOPE),
    Page("POST", "/contacts/import", taken, scope=_SCOPE, again=take),
    Page("GET", "/contacts/export", export, scope=_SCOPE),
    Page("GET", "/contacts/{number}", one, scope=_SCOPE),
    Page("POST", "/contacts/{number}", change, scope=_SCOPE, again=one),
    Page("POST", "/contacts/{number}/group", join, scope=_SCOPE, again=one),
    Page("POST", "/contacts/{number}/remove", remove, scope=_SCOPE, again=one),
)
