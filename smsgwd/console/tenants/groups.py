"""Groups of numbers, and who is in them."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from smsgwd.console.given import Told
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "contacts"
_PAGE: Final = 100
_MOST_AT_ONCE: Final = 1000  # numbers that one request of the API takes
#: Numbers are parted by lines, commas or semicolons: blanks may stand within one.
_PARTED: Final = re.compile(r"[\n,;\t]+")


async def show(visit: TenantVisit) -> HttpResponse:
    """All groups, and a form for one more."""
    found = await visit.v1("GET", "/groups", {"cursor": visit.query.get("cursor"), "limit": _PAGE})
    newer, older = turned(visit, "/groups", found["next_cursor"])
    return visit.show("tenants/groups.html", groups=found["groups"], newer=newer, older=older)


async def add(visit: TenantVisit) -> HttpResponse:
    """Make a group."""
    name = visit.form.get("name")
    made = await visit.v1("POST", "/groups", body={"name": name, "comments": visit.form.get("comments")})
    return visit.back(_path(made["name"]), visit._("The group is made. Put numbers into it now."))


async def one(visit: TenantVisit) -> HttpResponse:
    """One group with its members; only their rows where somebody types into the search field."""
    return await _group(visit, [])


async def _group(visit: TenantVisit, refused: list[dict[str, Any]]) -> HttpResponse:
    name, q = visit.slots["name"], visit.query.get("q", "")
    query = {"q": q, "cursor": visit.query.get("cursor"), "limit": _PAGE}
    found = await visit.v1("GET", f"{_path(name)}/members", query)
    newer, older = turned(visit, _path(name), found["next_cursor"], q=q)
    whole = not q and not newer and not older
    shown = {"members": found["members"], "newer": newer, "older": older, "q": q, "name": name, "whole": whole}
    if visit.fragment:
        return visit.show("tenants/group_members.html", **shown)
    group = await visit.v1("GET", _path(name))
    return visit.show("tenants/group.html", group=group, refused=refused, numbers=_again(visit, refused), **shown)


def _again(visit: TenantVisit, refused: list[dict[str, Any]]) -> str:
    """What stands in the field for numbers: those to be put right."""
    return "\n".join(each["number"] for each in refused) or visit.form.raw("numbers")


async def change(visit: TenantVisit) -> HttpResponse:
    """Change what a group says of itself."""
    await visit.v1("PUT", _path(visit.slots["name"]), body={"comments": visit.form.get("comments")})
    return visit.back(_path(visit.slots["name"]), visit._("The group is changed."))


async def put(visit: TenantVisit) -> HttpResponse:
    """Put numbers into a group; the page says which ones were refused, and why."""
    numbers = [number for each in _PARTED.split(visit.form.raw("numbers")) if (number := each.strip())]
    if not numbers:
        raise Told(visit._("Write at least one number."))
    taken = 0
    refused: list[dict[str, Any]] = []
    for place in range(0, len(numbers), _MOST_AT_ONCE):
        body = {"numbers": numbers[place : place + _MOST_AT_ONCE]}
        answer = await visit.v1("POST", f"{_path(visit.slots['name'])}/members", body=body)
        taken += answer["taken"]
        refused += answer["refused"]
    if refused:
        visit.alert = visit._("Taken: %(taken)s, refused: %(refused)s.", taken=taken, refused=len(refused))
        return msgspec.structs.replace(await _group(visit, refused), status=200 if taken else 422)
    return visit.back(_path(visit.slots["name"]), visit._("Numbers put into the group: %(taken)s.", taken=taken))


async def take_out(visit: TenantVisit) -> HttpResponse:
    """Take a number out of a group."""
    path = _path(visit.slots["name"])
    await visit.v1("DELETE", f"{path}/members/{segment(visit.form.get('number'))}")
    return visit.back(path, visit._("The number is out of the group."))


async def remove(visit: TenantVisit) -> HttpResponse:
    """Remove a group; its contacts stay."""
    await visit.v1("DELETE", _path(visit.slots["name"]))
    return visit.back("/groups", visit._("The group is removed. Its contacts are still in your address book."))


def _path(name: str) -> str:
    """Of a group: the same here and in the API."""
    return f"/groups/{segment(name)}"


PAGES: Final = (
    Page("GET", "/groups", show, scope=_SCOPE),
    Page("POST", "/groups", add, scope=_SCOPE, again=show),
    Page("GET", "/groups/{name}", one, scope=_SCOPE),
    Page("POST", "/groups/{name}", change, scope=_SCOPE, again=one),
    Page("POST", "/groups/{name}/members", put, scope=_SCOPE, again=one),
    Page("POST", "/groups/{name}/members/remove", take_out, scope=_SCOPE, again=one),
    Page("POST", "/groups/{name}/remove", remove, scope=_SCOPE, again=one),
)
