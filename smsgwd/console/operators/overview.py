"""The gateway on one screen: what needs somebody, how fast it goes, connectors, queues, who sends most."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from typing import Any, Final

from smsgwd.console.operators import readings
from smsgwd.console.operators.places import places
from smsgwd.console.page import Page
from smsgwd.console.render import segment, url
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 2.0
_SELDOM: Final = 5  # ticks from one look at what needs somebody, and at the history, to the next
_TENANTS: Final = 8
_SPANS: Final = ("hour", "day")
_RATES: Final = ("accepted", "submitted", "delivered", "failed")
_LATENCIES: Final = ("accept_p50_ms", "accept_p99_ms")
_ROWS_EACH: Final = {"hour": 6, "day": 30}  # samples from one row of the table to the next
#: Where to look for what the gateway says needs somebody: words of it, and a page.
_ABOUT: Final = (
    ("drain end", "/gateway"),
    ("queue move", "/queues"),
    ("held list", "/held"),
    ("dlr orphans", "/orphans"),
    ("outbox list", "/pushes"),
    ("node ", "/nodes"),
    ("the store", "/gateway"),
    ("the spool", "/gateway"),
)


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page."""
    span = _span(visit)
    figures = await visit.command("figures", "show", tenants=_TENANTS)
    status, refused = await visit.tried("status", "show")
    history, _ = await visit.tried("figures", "history", span=span)
    hour = history if span == "hour" else (await visit.tried("figures", "history"))[0]
    return visit.show(
        "operators/overview.html",
        span=span,
        plots=_plots(visit, history, span),
        table=readings.coarse(history, (*_RATES, "queued", *_LATENCIES), _ROWS_EACH[span]) if history else [],
        alarms=_alarms(visit, status, figures, refused),
        **_read(visit, figures, None, hour),
    )


async def live(visit: OperatorVisit) -> HttpResponse:
    """What moves on it."""
    span = _span(visit)
    past = readings.Past()
    seldom: dict[str, str] = {}
    ticks = 0

    async def produce() -> Mapping[str, str]:
        nonlocal ticks
        figures = await visit.command("figures", "show", tenants=_TENANTS)
        before = past.add(figures)
        hour = None if before is not None else (await visit.tried("figures", "history"))[0]
        read = _read(visit, figures, before, hour)
        if ticks % _SELDOM == 0:
            status, refused = await visit.tried("status", "show")
            seldom["alarms"] = visit.render(
                "operators/overview_alarms.html", alarms=_alarms(visit, status, figures, refused)
            )
            history, _ = await visit.tried("figures", "history", span=span)
            if history is not None:
                seldom["plots"] = _moved(history)
        ticks += 1
        pieces = ("figures", "connectors", "rest")
        return seldom | {name: visit.render(f"operators/overview_{name}.html", **read) for name in pieces}

    return visit.live.follow(visit, ("overview", span, visit.caller.role), _PERIOD_S, produce)


def _span(visit: OperatorVisit) -> str:
    wanted = visit.query.get("span", "")
    return wanted if wanted in _SPANS else _SPANS[0]


def _read(visit: OperatorVisit, figures: Any, before: Any, history: Any) -> dict[str, Any]:
    """What the pieces show."""
    return {
        "places": places(visit),
        "figures": figures,
        "summary": readings.summary(figures, before, history),
        "connectors": readings.connector_rows(figures, before, history),
        "tenants": readings.tenant_rows(figures, before),
        "moves": before is not None,
    }


def _alarms(visit: OperatorVisit, status: Any, figures: Any, refused: str) -> list[dict[str, str]]:
    """What needs somebody, each with the page on it ('' = none)."""
    if status is None:
        return [{"text": visit._("The state of the gateway could not be read: %(why)s", why=refused), "path": ""}]
    known = [row["id"] for row in figures["connectors"]]
    there = places(visit)
    return [{"text": text, "path": _about(text, known, there)} for text in status["attention"]]


def _about(text: str, connectors: list[str], there: Set[str]) -> str:
    """The page on what a sentence of `status show` is about; '' where none is known."""
    for name in connectors:
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text):
            return url(f"/connectors/{segment(name)}")
    return next((url(path) for words, path in _ABOUT if words in text and path in there), "")


def _plots(visit: OperatorVisit, history: Any, span: str) -> dict[str, Any] | None:
    if history is None:
        return None
    day = span == "day"

    def plot(
        title: str, unit: str, names: tuple[str, ...], labels: tuple[str, ...], colours: tuple[object, ...]
    ) -> Any:
        times, columns = readings.columns_of(history, *names)
        series = [
            {"label": label, "values": values, "colour": colour}
            for label, values, colour in zip(labels, columns, colours, strict=True)
        ]
        return {"title": title, "labels": times, "times": True, "unit": unit, "series": series}

    return {
        "throughput": plot(
            visit._("Messages a second, the last day") if day else visit._("Messages a second, the last hour"),
            "",
            _RATES,
            (visit._("accepted"), visit._("submitted"), visit._("delivered"), visit._("failed")),
            (1, 2, 3, "bad"),
        ),
        "latency": plot(
            visit._("Time to accept, the last day") if day else visit._("Time to accept, the last hour"),
            " ms",
            _LATENCIES,
            (visit._("half are faster"), visit._("99 of 100 are faster")),
            (1, 2),
        ),
    }


def _moved(history: Any) -> str:
    """New figures for the plots."""
    times = history["times"]
    return json.dumps(
        {
            "throughput": {"labels": times, "series": [history[name] for name in _RATES]},
            "latency": {"labels": times, "series": [history[name] for name in _LATENCIES]},
        },
        separators=(",", ":"),
    )


PAGES: Final = (Page("GET", "/", show), Page("GET", "/live/overview", live))
