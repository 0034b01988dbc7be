"""Templates: texts with placeholders."""

from __future__ import annotations

from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "templates"
_PAGE: Final = 50
#: Placeholders that a recipient's contact fills.
_OF_CONTACTS: Final = ("first_name", "last_name", "name", "number")
_VALUE: Final = "value."  # before a placeholder's name in the form of the preview


async def show(visit: TenantVisit) -> HttpResponse:
    """All templates."""
    found = await visit.v1("GET", "/templates", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/templates", found["next_cursor"])
    return visit.show("tenants/templates.html", templates=found["templates"], newer=newer, older=older)


async def new(visit: TenantVisit) -> HttpResponse:
    """The form for a new one."""
    return visit.show("tenants/template_new.html", fields=_filled(visit, {}))


async def add(visit: TenantVisit) -> HttpResponse:
    """Keep a new text."""
    made = await visit.v1("POST", "/templates", body={"name": visit.form.get("name"), **_fields(visit)})
    return visit.back(_path(made["name"]), visit._("The template is kept."))


async def one(visit: TenantVisit) -> HttpResponse:
    """One template, to be changed, and what it looks like with values."""
    name = visit.slots["name"]
    template = await visit.v1("GET", f"/templates/{segment(name)}")
    values = {each: visit.query.get(_VALUE + each, "") for each in template["placeholders"]}
    preview, why = await _preview(visit, name, values) if visit.may("send") else (None, "")
    return visit.show(
        "tenants/template.html",
        template=template,
        fields=_filled(visit, template),
        values=[(each, _VALUE + each, values[each], each in _OF_CONTACTS) for each in template["placeholders"]],
        preview=preview,
        why=why,
        path=_path(name),
    )


async def _preview(visit: TenantVisit, name: str, values: dict[str, str]) -> tuple[Any, str]:
    """The text as it would be sent, and why there is none. A placeholder without a value stands for itself."""
    given = {each: value or f"{{{each}}}" for each, value in values.items()}
    try:
        found = await visit.v1("POST", "/preview", body={"template": name, "values": given})
    except Told as told:
        return None, str(told)
    return found["text"], ""


async def change(visit: TenantVisit) -> HttpResponse:
    """Change a template's text."""
    await visit.v1("PUT", f"/templates/{segment(visit.slots['name'])}", body=_fields(visit))
    return visit.back(_path(visit.slots["name"]), visit._("The template is changed."))


async def remove(visit: TenantVisit) -> HttpResponse:
    """Remove a template."""
    await visit.v1("DELETE", f"/templates/{segment(visit.slots['name'])}")
    return visit.back("/templates", visit._("The template is removed."))


def _path(name: str) -> str:
    """Of a template's page. One may have any name, `new` too, so that names have a level of their own."""
    return f"/templates/named/{segment(name)}"


def _fields(visit: TenantVisit) -> dict[str, str]:
    return {"text": visit.form.raw("text"), "comments": visit.form.get("comments")}


def _filled(visit: TenantVisit, kept: dict[str, Any]) -> dict[str, str]:
    """What a form has in its fields: what was typed where it comes back, else what is kept."""
    names = ("name", "text", "comments")
    return {name: visit.form.raw(name) if name in visit.form else str(kept.get(name, "")) for name in names}


PAGES: Final = (
    Page("GET", "/templates", show, scope=_SCOPE),
    Page("GET", "/templates/new", new, scope=_SCOPE),
    Page("POST", "/templates/new", add, scope=_SCOPE, again=new),
    Page("GET", "/templates/named/{name}", one, scope=_SCOPE),
    Page("POST", "/templates/named/{name}", change, scope=_SCOPE, again=one),
    Page("POST", "/templates/named/{name}/remove", remove, scope=_SCOPE, again=one),
)
