"""Connectors: how they are, and what operators do to them while they run."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.operators import readings
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0
_KEPT: Final = 6  # answers: rates are of the last 10 s
_SELDOM: Final = 5  # ticks from one look at the history to the next
_COUNTED: Final = ("sent", "refused", "receipts")


async def show_all(visit: OperatorVisit) -> HttpResponse:
    """The list."""
    figures = await visit.command("figures", "show", tenants=0)
    history, _ = await visit.tried("figures", "history")
    return visit.show("operators/connectors.html", connectors=readings.connector_rows(figures, None, history))


async def live_all(visit: OperatorVisit) -> HttpResponse:
    """What moves on the list."""
    past = readings.Past()

    async def produce() -> Mapping[str, str]:
        figures = await visit.command("figures", "show", tenants=0)
        before = past.add(figures)
        history = None if before is not None else (await visit.tried("figures", "history"))[0]
        rows = readings.connector_rows(figures, before, history)
        return {"connectors": visit.render("operators/connectors_list.html", connectors=rows)}

    return visit.live.follow(visit, "connectors", _PERIOD_S, produce)


async def show(visit: OperatorVisit) -> HttpResponse:
    """One of them."""
    name = visit.slots["id"]
    found = await visit.command("connector", "show", id=name)
    history, _ = await visit.tried("figures", "history", connector=name)
    sampled = None if history is None else history["connector"]["submitted"]
    wanted = found["wanted"]
    return visit.show(
        "operators/connector.html",
        plot=None
        if history is None
        else {
            "title": visit._("Submitted a second, the last hour"),
            "labels": history["times"],
            "times": True,
            "unit": "",
            "series": [{"label": visit._("submitted"), "values": sampled, "colour": 1, "fill": True}],
        },
        table=[] if history is None else readings.coarse({**history, **history["connector"]}, ("submitted",), 6),
        binds=[("", visit._("all of them")), *((str(bind["bind"]), str(bind["bind"])) for bind in _binds(found))],
        queued=found["queue"].get("queued", 0),
        wanted_rate="" if wanted["throughput"] is None else f"{wanted['throughput']:g}",
        wanted_window="" if wanted["window"] is None else str(wanted["window"]),
        provider=found.get("provider"),
        **_read(found, {"sent_s": sampled[-1] if sampled else None}),
    )


async def live(visit: OperatorVisit) -> HttpResponse:
    """What moves of one."""
    name = visit.slots["id"]
    await visit.command("connector", "show", id=name)  # refused here where there is none
    past: deque[dict[str, float]] = deque(maxlen=_KEPT)
    moved: dict[str, str] = {}
    sampled: float | None = None
    ticks = 0

    async def produce() -> Mapping[str, str]:
        nonlocal ticks, sampled
        found = await visit.command("connector", "show", id=name)
        past.append({"at": ticks * _PERIOD_S, **{each: found[each] for each in _COUNTED}})
        if ticks % _SELDOM == 0:
            history, _ = await visit.tried("figures", "history", connector=name)
            if history is not None:
                column = history["connector"]["submitted"]
                sampled = column[-1] if column else None
                columns = {"labels": history["times"], "series": [column]}
                moved["plots"] = json.dumps({"sent": columns}, separators=(",", ":"))
        ticks += 1
        first, last = past[0], past[-1]
        rates = {f"{each}_s": readings.rate(last[each], first[each], last["at"] - first["at"]) for each in _COUNTED}
        if first is last:
            rates["sent_s"] = sampled
        read = _read(found, rates)
        pieces = ("state", "binds")
        return moved | {piece: visit.render(f"operators/connector_{piece}.html", **read) for piece in pieces}

    return visit.live.follow(visit, ("connector", name), _PERIOD_S, produce)


def _read(found: dict[str, Any], rates: Mapping[str, float | None]) -> dict[str, Any]:
    """What the pieces that move show."""
    binds = _binds(found)
    bound = sum(bind["state"] == "bound" for bind in binds)
    return {
        "found": found,
        "word": readings.word_of({**found, "bound": bound, "binds": len(binds) if binds else found["binds"]}),
        "all_errors": sum(found["errors"].values()),
        **dict.fromkeys((f"{each}_s" for each in _COUNTED), None),
        **rates,
    }


def _binds(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its binds at this node."""
    return found["binds"] if isinstance(found["binds"], list) else []


# -- changing ----------------------------------------------------------------------------------------------------------


async def pause(visit: OperatorVisit) -> HttpResponse:
    """Send nothing more."""
    await visit.command("connector", "pause", id=visit.slots["id"], reason=visit.form.get("reason"))
    return _done(visit, visit._("Paused: it sends nothing, and takes receipts."))


async def stop(visit: OperatorVisit) -> HttpResponse:
    """Send nothing more and unbind."""
    await visit.command("connector", "stop", id=visit.slots["id"], reason=visit.form.get("reason"))
    return _done(visit, visit._("Stopped: it is not bound any more."))


async def resume(visit: OperatorVisit) -> HttpResponse:
    """Send again."""
    await visit.command("connector", "resume", id=visit.slots["id"])
    return _done(visit, visit._("It sends again."))


async def start(visit: OperatorVisit) -> HttpResponse:
    """Bind and send."""
    await visit.command("connector", "start", id=visit.slots["id"])
    return _done(visit, visit._("Started: it binds."))


async def rebind(visit: OperatorVisit) -> HttpResponse:
    """Bind anew, one or all."""
    await visit.command("connector", "rebind", id=visit.slots["id"], bind=visit.form.get("bind"))
    return _done(visit, visit._("It binds anew."))


async def limit(visit: OperatorVisit) -> HttpResponse:
    """Another rate or window."""
    await visit.command(
        "connector", "set", id=visit.slots["id"], rate=visit.form.get("rate"), window=visit.form.get("window")
    )
    return _done(visit, visit._("Set."))


async def push_contacts(visit: OperatorVisit) -> HttpResponse:
    """Tell the provider of all contacts."""
    done = await visit.command("connector", "push-contacts", id=visit.slots["id"])
    said = visit._(
        "Contacts: %(contacts)s, taken by the provider: %(pushed)s, refused: %(refused)s.",
        contacts=done["contacts"],
        pushed=done["pushed"],
        refused=done["refused"],
    )
    reasons = "\n".join(f"{number} × {reason}" for reason, number in done["reasons"].items())
    return _done(visit, f"{said}\n{reasons}".strip())


def _done(visit: OperatorVisit, said: str) -> HttpResponse:
    return visit.back(f"/connectors/{segment(visit.slots['id'])}", said)


PAGES: Final = (
    Page("GET", "/connectors", show_all),
    Page("GET", "/live/connectors", live_all),
    Page("GET", "/connectors/{id}", show),
    Page("GET", "/live/connectors/{id}", live),
    Page("POST", "/connectors/{id}/pause", pause, role="operate", again=show),
    Page("POST", "/connectors/{id}/stop", stop, role="operate", again=show),
    Page("POST", "/connectors/{id}/resume", resume, role="operate", again=show),
    Page("POST", "/connectors/{id}/start", start, role="operate", again=show),
    Page("POST", "/connectors/{id}/rebind", rebind, role="operate", again=show),
    Page("POST", "/connectors/{id}/set", limit, role="operate", again=show),
    Page("POST", "/connectors/{id}/push-contacts", push_contacts, role="operate", again=show),
)
