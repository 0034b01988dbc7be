"""Who changed what, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.console.operators.asked import local, utc, wanted
from smsgwd.console.page import Page
from smsgwd.console.render import url
from smsgwd.console.visit import OperatorVisit
from smsgwd.model.operators import DONE
from smsgwd.net.http_message import HttpResponse

_LIMIT: Final = 50
_MOST_ROWS: Final = 300  # of a difference
#: What tells rows of a list apart, where they have it.
_KEYS: Final = ("id", "component", "watch", "name", "connector", "node", "tenant", "prefix")


async def entries(visit: OperatorVisit) -> HttpResponse:
    """The list."""
    who, noun = visit.query.get("who", ""), visit.query.get("noun", "")
    begin, end = utc(visit.query.get("from", "")), utc(visit.query.get("to", ""))
    failed, before = wanted(visit, "failed"), visit.query.get("before", "")
    rows, why = await visit.tried(
        "audit", "list", who=who, noun=noun, from_=begin, to=end, failed=failed, before=before, limit=_LIMIT
    )
    query = {name: value for name, value in visit.query.items() if name != "before"}
    return visit.show(
        "operators/audit.html",
        rows=rows,
        why=why,
        given={"who": who, "noun": noun, "from": local(begin), "to": local(end), "failed": failed},
        narrowed=any((who, noun, begin, end, failed)),
        newer=url("/audit", **query) if before else "",
        older=url("/audit", **query, before=rows[-1]["id"]) if rows and len(rows) == _LIMIT else "",
    )


async def entry(visit: OperatorVisit) -> HttpResponse:
    """One of them, with what differs."""
    found = await visit.command("audit", "show", id=visit.slots["id"])
    # Of what failed, or was cut off, nobody looked at what is after it.
    done = found["outcome"] == DONE
    rows = difference(found["before"], found["after"] if done else None)
    return visit.show("operators/audit_entry.html", entry=found, rows=rows, done=done)


def difference(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What differs between two values of JSON: where it stands, what it was and what it is ('' = not there)."""
    was, now = _flat(before), _flat(after)
    names = [name for name in dict.fromkeys((*was, *now)) if was.get(name) != now.get(name)]
    return [(name, was.get(name, ""), now.get(name, "")) for name in names[:_MOST_ROWS]]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """All values below one, by the path to them."""
    if isinstance(value, Mapping) and value:
        found: dict[str, str] = {}
        for name, each in value.items():
            found |= _flat(each, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        found = {}
        for name, each in zip(_names(value), value, strict=True):
            found |= _flat(each, f"{path}[{name}]")
        return found
    if value is None or value == [] or value == {}:
        return {}
    return {path: value if isinstance(value, str) else msgspec.json.encode(value).decode()}


def _names(rows: Sequence[Any]) -> list[str]:
    """What tells the rows of a list apart: a key that each has another value of, else their place."""
    for key in _KEYS:
        if all(isinstance(row, Mapping) and key in row for row in rows):
            names = [str(row[key]) for row in rows]
            if len(set(names)) == len(names):
                return names
    return [str(place) for place in range(len(rows))]


PAGES: Final = (Page("GET", "/audit", entries), Page("GET", "/audit/{id}", entry))
