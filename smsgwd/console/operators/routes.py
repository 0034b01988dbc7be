"""Routes: the table as it is tried, stored ones put and dropped, tables of prefixes imported."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.console.given import Told
from smsgwd.console.operators.files import JSON_LINES, given_table, saved
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_SHOWN: Final = 100
_CONFIGURED: Final = "config/"  #: what routes of the configuration are called, unless they have a name there
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STRATEGIES: Final = ("failover", "round_robin", "weighted", "least_cost", "sticky")
#: What the form has of a route; what else one says stands in `more`.
_MATCHED: Final = ("to", "from", "tenant")
_SAID: Final = ("id", "match", "connectors", "strategy", "weights", "margin", "on_undelivered")


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """The table in the order in which it is tried."""
    written = visit.query.get("after", "")
    after = int(written) if written.isdecimal() and len(written) < 9 else 0
    rows = await visit.command("route", "list", limit=_SHOWN + 1, after=after)
    return visit.show(
        "operators/routes.html",
        rows=[{**row, "asks": asked(row["asks"]), "stored": is_stored(row["route"])} for row in rows[:_SHOWN]],
        after=after,
        last=rows[_SHOWN - 1]["place"] if len(rows) > _SHOWN else "",
    )


def asked(text: str) -> dict[str, str]:
    """What a route asks and does beyond the usual, each as words: from the JSON of `route list`."""
    found: dict[str, Any] = msgspec.json.decode(text) if text else {}
    return {name: _hours(value) if name == "hours" else _words(value) for name, value in found.items()}


def _hours(hours: dict[str, Any]) -> str:
    """A part of the week as a route of the configuration says it; what is left out is the usual."""
    begin, end = hours.get("begin", 0), hours.get("end", 24 * 60)
    parts = [f"{begin // 60:02d}:{begin % 60:02d}-{end // 60:02d}:{end % 60:02d}"]
    parts += [_DAYS[each] for each in hours.get("days", ())]
    return " ".join([*parts, hours.get("zone", "UTC")])


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value)
    return str(value)


def is_stored(route: str) -> bool:
    """False for a route that is known to stand in the configuration."""
    return not route.startswith(_CONFIGURED)


async def show(visit: OperatorVisit) -> HttpResponse:
    """A stored one, in the form that changes it; of an import how large it is."""
    return await _shown(visit, await visit.command("route", "show", id=visit.slots["id"]))


async def new(visit: OperatorVisit) -> HttpResponse:
    """The form for a new one, filled as far as the address says it (a link of the explanation does)."""
    route = {
        "match": {name: visit.query[name] for name in _MATCHED if visit.query.get(name)},
        "connectors": visit.query.get("connectors", "").split(),
    }
    return await _shown(visit, {"id": "", "order": "100", "route": route})


async def _shown(visit: OperatorVisit, stored: dict[str, Any]) -> HttpResponse:
    connectors, _ = await visit.tried("connector", "list")
    route = stored.get("route")
    return visit.show(
        "operators/route.html",
        stored=stored,
        values=None if route is None else _typed(visit) if visit.alert else _fields(stored),
        known=[each["id"] for each in connectors or ()],
        strategies=STRATEGIES,
    )


def _fields(stored: dict[str, Any]) -> dict[str, str]:
    """A route as the form has it."""
    route: dict[str, Any] = stored["route"]
    match = route.get("match") or {}
    more = {name: value for name, value in route.items() if name not in _SAID}
    if rest := {name: value for name, value in match.items() if name not in _MATCHED}:
        more["match"] = rest
    margin = route.get("margin")
    return {
        "id": stored["id"],
        "order": str(stored["order"]),
        "to": _lines(match.get("to", "")),
        "from": _lines(match.get("from", "")),
        "tenant": match.get("tenant") or "",
        "connectors": " ".join(route.get("connectors", ())),
        "strategy": route.get("strategy", "failover"),
        "weights": " ".join(str(each) for each in route.get("weights", ())),
        "margin": "" if margin is None else str(margin),
        "on_undelivered": route.get("on_undelivered", "final"),
        "more": msgspec.json.format(msgspec.json.encode(more), indent=2).decode() if more else "",
    }


def _lines(patterns: Any) -> str:
    return "\n".join(str(each) for each in patterns) if isinstance(patterns, list) else str(patterns)


def _typed(visit: OperatorVisit) -> dict[str, str]:
    names = ("id", "order", *_MATCHED, "connectors", "strategy", "weights", "margin", "on_undelivered", "more")
    return {name: visit.form.raw(name) for name in names}


async def put(visit: OperatorVisit) -> HttpResponse:
    """Store a route, or put it in the place of the one of that name."""
    form = visit.form
    route = _read(visit)
    name = form.get("id")
    await visit.command("route", "put", id=name, order=form.get("order"), json=msgspec.json.encode(route).decode())
    said = visit._("Route %(name)s is stored; it counts from the next message on.", name=name)
    return visit.back(f"/routes/{segment(name)}", said)


def _read(visit: OperatorVisit) -> dict[str, Any]:
    """The route that a form says. Raises Told for what is no JSON; all else the command checks."""
    form = visit.form
    try:
        route = msgspec.json.decode(form.get("more", "{}"), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Told(visit._("What else the route says is no JSON object: %(why)s", why=error), 400) from None
    match = route.get("match", {})
    if not isinstance(match, dict):
        raise Told(visit._("`match` must be a JSON object."), 400)
    for name in ("to", "from"):
        if patterns := form.get(name).replace(",", "\n").split():
            match[name] = patterns if len(patterns) > 1 else patterns[0]
    if form.get("tenant"):
        match["tenant"] = form.get("tenant")
    if match:
        route["match"] = match
    route["connectors"] = form.get("connectors").replace(",", " ").split()
    if form.get("strategy", "failover") != "failover":
        route["strategy"] = form.get("strategy")
    if weights := form.get("weights").replace(",", " ").split():
        route["weights"] = [_number(each) for each in weights]
    if form.get("margin"):
        route["margin"] = _number(form.get("margin"))
    if form.get("on_undelivered", "final") != "final":
        route["on_undelivered"] = form.get("on_undelivered")
    return route


def _number(text: str) -> int | str:
    """A number; what is none goes as it is, to be refused in words."""
    return int(text) if text.isdecimal() and len(text) < 9 else text


async def ask_drop(visit: OperatorVisit) -> HttpResponse:
    """What dropping means, before it is done."""
    stored = await visit.command("route", "show", id=visit.slots["id"])
    return visit.show("operators/route_drop.html", stored=stored)


async def drop(visit: OperatorVisit) -> HttpResponse:
    """Remove a stored route, or all of an import."""
    await visit.command("route", "drop", id=visit.slots["id"])
    return visit.back("/routes", visit._("Route %(name)s is removed.", name=visit.slots["id"]))


async def imports(visit: OperatorVisit) -> HttpResponse:
    """The form for a table of prefixes."""
    return visit.show("operators/routes_import.html")


async def put_table(visit: OperatorVisit) -> HttpResponse:
    """Store routes by the longest prefix."""
    form = visit.form
    told = await visit.command(
        "route",
        "import",
        id=form.get("id"),
        order=form.get("order"),
        csv=given_table(visit),
        tenant=form.get("tenant"),
    )
    said = visit._(
        "%(prefixes)s prefixes have become %(routes)s routes; %(dropped)s older ones are gone.",
        prefixes=told["prefixes"],
        routes=told["routes"],
        dropped=told["dropped"],
    )
    return visit.back("/routes", said)


async def export(visit: OperatorVisit) -> HttpResponse:
    """All stored routes as JSON lines."""
    return saved(visit, "routes.jsonl", JSON_LINES, await visit.command("route", "export"))


PAGES: Final = (
    Page("GET", "/routes", show_all),
    Page("GET", "/routes/new", new, role="admin"),
    Page("POST", "/routes/new", put, role="admin", again=new),
    Page("GET", "/routes/import", imports, role="admin"),
    Page("POST", "/routes/import", put_table, role="admin", again=imports),
    Page("GET", "/routes/export", export),
    Page("GET", "/routes/{id}", show),
    Page("POST", "/routes/{id}", put, role="admin", again=show),
    Page("GET", "/routes/{id}/drop", ask_drop, role="admin"),
    Page("POST", "/routes/{id}/drop", drop, role="admin", again=ask_drop),
)
