"""Messages of all tenants: the search."""

from __future__ import annotations

import re
from typing import Any, Final

from smsgwd.console.operators.asked import local, utc, wanted
from smsgwd.console.page import Page
from smsgwd.console.render import segment, url
from smsgwd.console.visit import OperatorVisit
from smsgwd.model.message import PUBLIC_STATES
from smsgwd.net.http_message import HttpResponse

FAILED: Final = "undelivered,expired,rejected,unknown"
_LIMIT: Final = 50
#: What is asked as it was written; times and the box are another matter.
_FILTERS: Final = ("number", "from", "smsc_id", "ref", "submission", "tenant", "connector", "states")
_TIMES: Final = ("since", "until")
_NUMBER: Final = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
_ID: Final = re.compile(r"[0-9]{16,19}", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s().-]")


async def search(visit: OperatorVisit) -> HttpResponse:
    """The page. What stands in its one box is looked for as all that it may be."""
    given = {name: visit.query.get(name, "") for name in _FILTERS}
    times = {name: utc(visit.query.get(name, "")) for name in _TIMES}
    box = visit.query.get("q", "")
    numbers = wanted(visit, "numbers") if visit.caller.may("operate") else None
    more = {"before": visit.query.get("before", ""), "limit": _LIMIT, "numbers": numbers}
    found, why = None, ""
    for sought in await _meant(visit, box):
        if "id" in sought:
            return visit.back(f"/messages/{segment(sought['id'])}")
        found, why = await _find(visit, {**given, **sought, **times, **more})
        if found is None or found["messages"]:
            break
    connectors, _ = await visit.tried("connector", "list")
    query = {name: value for name, value in visit.query.items() if name != "before"}
    return visit.show(
        "operators/messages.html",
        found=found,
        why=why,
        box=box,
        given=given,
        times={name: local(value) for name, value in times.items()},
        numbers=numbers,
        states=PUBLIC_STATES,
        failed=FAILED,
        connectors=[row["id"] for row in connectors or ()],
        narrowed=any((*given.values(), *times.values())),
        newer=url("/messages", **query) if more["before"] else "",
        older=url("/messages", **query, before=found["before"]) if found and found["before"] else "",
    )


async def _find(visit: OperatorVisit, asked: dict[str, Any]) -> tuple[Any, str]:
    # `from` is no name of Python's; a name's last underscores are taken away.
    given = {("from_" if name == "from" else name): value for name, value in asked.items()}
    return await visit.tried("message", "find", **given)


async def _meant(visit: OperatorVisit, box: str) -> list[dict[str, str]]:
    """What may be meant by what somebody typed into the box, the likeliest first."""
    if not box:
        return [{}]
    digits = _BETWEEN.sub("", box)
    if _NUMBER.fullmatch(digits):
        return [{"number": digits}, {"smsc_id": box}, {"ref": box}]
    if _ID.fullmatch(digits):
        message, _ = await visit.tried("message", "show", id=digits)
        if message is not None:
            return [{"id": digits}]
        return [{"submission": digits}, {"smsc_id": box}, {"ref": box}]
    return [{"ref": box}, {"smsc_id": box}]


PAGES: Final = (Page("GET", "/messages", search),)
