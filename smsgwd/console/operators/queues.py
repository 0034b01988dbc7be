"""Queues: what waits for which connector and for how long; held, moved, purged. And what is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.operators.places import places
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 5.0
_PEEKED: Final = 20
_NO_AGES: Final = ("connector", "queued", "oldest_s")
_STATES: Final = ("queued", "retry", "scheduled", "held")
_PICKS: Final = ("tenant", "prefix", "older_s")


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """All queues, and how old what is in them is."""
    return visit.show("operators/queues.html", **await _read(visit))


async def live_all(visit: OperatorVisit) -> HttpResponse:
    """What moves of them."""

    async def produce() -> Mapping[str, str]:
        return {"queues": visit.render("operators/queues_list.html", **await _read(visit))}

    return visit.live.follow(visit, "queues", _PERIOD_S, produce)


async def _read(visit: OperatorVisit) -> dict[str, Any]:
    rows = await visit.command("queue", "list")
    shapes, _ = await visit.tried("queue", "shape")
    return {
        "queues": rows,
        "shapes": [_shape(each) for each in shapes or () if each["queued"]],
        "longest": max((row["queued"] for row in rows), default=0),
    }


def _shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `queue shape` with its columns of ages in order."""
    return {**row, "ages": [(name, number) for name, number in row.items() if name not in _NO_AGES]}


async def show(visit: OperatorVisit) -> HttpResponse:
    """One queue: what is next in it, and what can be done."""
    name = visit.slots["connector"]
    rows = await visit.command("queue", "list")
    numbers = visit.query.get("numbers") == "yes"
    messages = await visit.command("queue", "peek", connector=name, limit=_PEEKED, numbers="yes" if numbers else "")
    shapes, _ = await visit.tried("queue", "shape")
    return visit.show(
        "operators/queue.html",
        name=name,
        queue=next((row for row in rows if row["connector"] == name), None),
        others=[
            (row["connector"],) * 2 for row in rows if row["state"] != "not configured" and row["connector"] != name
        ],
        messages=messages,
        numbers=numbers,
        places=places(visit),
        shape=next((_shape(row) for row in shapes or () if row["connector"] == name), None),
    )


async def hold(visit: OperatorVisit) -> HttpResponse:
    """Stop what is queued until it is released."""
    done = await visit.command(
        "queue", "hold", connector=visit.slots["connector"], reason=visit.form.get("reason"), **_picked(visit)
    )
    return _back(visit, visit._("Held: %(held)s. Stayed, as they are being sent: %(stayed)s.", **_counts(done)))


async def release(visit: OperatorVisit) -> HttpResponse:
    """Let go what is held for this connector."""
    picked = _picked(visit)
    del picked["older_s"]
    done = await visit.command("queue", "release", connector=visit.slots["connector"], **picked)
    return _back(visit, visit._("Released: %(released)s.", released=done["released"]))


async def move(visit: OperatorVisit) -> HttpResponse:
    """Queue it for another connector."""
    done = await visit.command(
        "queue",
        "move",
        from_=visit.slots["connector"],
        to=visit.form.get("to"),
        limit=visit.form.get("limit"),
        **_picked(visit),
    )
    return _back(visit, visit._("Moved: %(moved)s. Stayed, as they are being sent: %(stayed)s.", **_counts(done)))


def _picked(visit: OperatorVisit) -> dict[str, str]:
    return {name: visit.form.get(name) for name in _PICKS}


def _counts(done: Mapping[str, Any]) -> dict[str, int]:
    return {name: number for name, number in done.items() if isinstance(number, int)}


def _back(visit: OperatorVisit, said: str) -> HttpResponse:
    return visit.back(f"/queues/{segment(visit.slots['connector'])}", said)


# -- purge -------------------------------------------------------------------------------------------------------------


async def purge(visit: OperatorVisit) -> HttpResponse:
    """What is to be purged, as a form."""
    return await _purge(visit)


async def count(visit: OperatorVisit) -> HttpResponse:
    """How many that would be, to be confirmed."""
    found = await visit.command("queue", "purge", **_purged(visit))
    return await _purge(visit, would=found)


async def purge_now(visit: OperatorVisit) -> HttpResponse:
    """End them."""
    done = await visit.command("queue", "purge", yes="yes", **_purged(visit))
    said = visit._("Ended: %(ended)s. Stayed, as they are being sent: %(stayed)s.", **_counts(done))
    return visit.back("/queues", said)


async def _purge(visit: OperatorVisit, would: Any = None) -> HttpResponse:
    rows = await visit.command("queue", "list")
    given = {name: visit.form.get(name, visit.query.get(name, "")) for name in ("connector", "reason", *_PICKS)}
    return visit.show(
        "operators/queue_purge.html",
        connectors=[("", visit._("all")), *((row["connector"],) * 2 for row in rows)],
        given=given,
        states=_STATES,
        chosen=visit.form.all("states") or ["queued", "retry"],
        would=would,
    )


def _purged(visit: OperatorVisit) -> dict[str, str]:
    """The parameters of a purge, from the form."""
    return {
        "connector": visit.form.get("connector"),
        "reason": visit.form.get("reason"),
        "states": ",".join(visit.form.all("states")),
        **_picked(visit),
    }


PAGES: Final = (
    Page("GET", "/queues", show_all),
    Page("GET", "/live/queues", live_all),
    Page("GET", "/queues/{connector}", show),
    Page("POST", "/queues/{connector}/hold", hold, role="operate", again=show),
    Page("POST", "/queues/{connector}/release", release, role="operate", again=show),
    Page("POST", "/queues/{connector}/move", move, role="operate", again=show),
    Page("GET", "/purge", purge, role="admin"),
    Page("POST", "/purge", count, role="admin", again=purge),
    Page("POST", "/purge/now", purge_now, role="admin", again=purge),
)
