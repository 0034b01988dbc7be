"""The processes that share the store: who lives, who has which bind, and moving work from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.operators.asked import chosen
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0


async def show(visit: OperatorVisit) -> HttpResponse:
    """All of them."""
    return visit.show("operators/nodes.html", **await _known(visit))


async def live(visit: OperatorVisit) -> HttpResponse:
    """What moves of it."""

    async def produce() -> Mapping[str, str]:
        return {"nodes": visit.render("operators/nodes_table.html", **await _known(visit))}

    return visit.live.follow(visit, "nodes", _PERIOD_S, produce)


async def node(visit: OperatorVisit) -> HttpResponse:
    """One with all its figures."""
    found = await visit.command("node", "show", node=visit.slots["node"])
    return visit.show("operators/node.html", node=found, alone=_alone([found]))


async def drain(visit: OperatorVisit) -> HttpResponse:
    """Have it give its work to the others."""
    intake = "no" if chosen(visit, "closed") else None
    await visit.command("node", "drain", node=visit.slots["node"], intake=intake)
    return visit.back(_path(visit), visit._("It gives its work to the others."))


async def undrain(visit: OperatorVisit) -> HttpResponse:
    """It takes part again."""
    await visit.command("node", "undrain", node=visit.slots["node"])
    return visit.back(_path(visit), visit._("It takes part again."))


async def forget(visit: OperatorVisit) -> HttpResponse:
    """It does not come back."""
    await visit.command("node", "forget", node=visit.slots["node"])
    return visit.back("/nodes", visit._("It is listed no more."))


async def move(visit: OperatorVisit) -> HttpResponse:
    """Pin a connector's binds, or one, to a node."""
    form = visit.form
    await visit.command("node", "move", connector=form.get("connector"), node=form.get("node"))
    return visit.back("/nodes", visit._("Pinned: it moves as soon as it can."))


async def unpin(visit: OperatorVisit) -> HttpResponse:
    """Take a pin back."""
    await visit.command("node", "move", connector=visit.form.get("connector"), clear="yes")
    return visit.back("/nodes", visit._("The pin was taken back."))


async def _known(visit: OperatorVisit) -> dict[str, Any]:
    nodes = await visit.command("node", "list")
    binds = await visit.command("node", "binds")
    places = [f"{row['connector']}:{row['bind']}" for row in binds]
    return {
        "nodes": nodes,
        "binds": binds,
        "alone": _alone(nodes),
        "places": [*dict.fromkeys(row["connector"] for row in binds), *places],
        "given": {name: visit.form.get(name) for name in ("connector", "node")},
    }


def _alone(nodes: list[dict[str, Any]]) -> bool:
    """True where the store is not shared: the one node has no lease."""
    return len(nodes) == 1 and nodes[0]["lease_s"] is not None and nodes[0]["lease_s"] < 0


def _path(visit: OperatorVisit) -> str:
    return f"/nodes/{segment(visit.slots['node'])}"


PAGES: Final = (
    Page("GET", "/nodes", show),
    Page("GET", "/live/nodes", live),
    Page("POST", "/nodes/move", move, role="operate", again=show),
    Page("POST", "/nodes/unpin", unpin, role="operate", again=show),
    Page("GET", "/nodes/{node}", node),
    Page("POST", "/nodes/{node}/drain", drain, role="operate", again=node),
    Page("POST", "/nodes/{node}/undrain", undrain, role="operate", again=node),
    Page("POST", "/nodes/{node}/forget", forget, role="operate", again=node),
)
