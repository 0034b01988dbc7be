"""Tracked links: who opened what, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from smsgwd.console.page import Page
from smsgwd.console.render import moment, segment
from smsgwd.console.tenants.lists import turned
from smsgwd.console.visit import TenantVisit
from smsgwd.net.http_message import HttpResponse

_SCOPE: Final = "links"
_PAGE: Final = 50
#: Links that the figures and the plot are about: what the API gives at once.
_COUNTED: Final = 1000
_MOST_STEPS: Final = 120
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class Target(msgspec.Struct):
    """Where links lead, and what became of all that lead there."""

    link: str
    sent: int = 0
    opened: int = 0
    clicks: int = 0
    bots: int = 0

    @property
    def share(self) -> int:
        """How many of a hundred were opened."""
        return round(100 * self.opened / self.sent) if self.sent else 0


async def show(visit: TenantVisit) -> HttpResponse:
    """All links, newest message first; on the first page also the figures of the newest ones."""
    message, cursor = visit.query.get("message", ""), visit.query.get("cursor")
    found: dict[str, Any] = {"links": [], "next_cursor": None}
    if not visit.alert:
        found = await visit.v1("GET", "/links", {"message": message, "cursor": cursor, "limit": _PAGE})
    newer, older = turned(visit, "/links", found["next_cursor"], message=message)
    newest, _ = (None, "") if message or cursor else await visit.tried("GET", "/links", {"limit": _COUNTED})
    counted = newest["links"] if newest else []
    targets = sorted(by_target(counted), key=lambda target: -target.sent)
    return visit.show(
        "tenants/links.html",
        links=found["links"],
        newer=newer,
        older=older,
        message=message,
        targets=targets,
        total=_sum(targets),
        more=bool(newest and newest["next_cursor"]),
        openings=_plot(visit, counted),
    )


async def one(visit: TenantVisit) -> HttpResponse:
    """One link, and who got it."""
    link = await visit.v1("GET", f"/links/{segment(visit.slots['code'])}")
    contact = None
    if visit.may("contacts"):
        contact, _ = await visit.tried("GET", f"/contacts/{segment('+' + link['to'])}")
    return visit.show("tenants/link.html", link=link, contact=contact)


def by_target(links: Sequence[Mapping[str, Any]]) -> list[Target]:
    """What became of links, by where they lead."""
    found: dict[str, Target] = {}
    for link in links:
        target = found.setdefault(link["link"], Target(link["link"]))
        target.sent += 1
        target.opened += link["clicks"] > 0
        target.clicks += link["clicks"]
        target.bots += link["bots"]
    return list(found.values())


def _sum(targets: Sequence[Target]) -> Target:
    total = Target("")
    for target in targets:
        total.sent += target.sent
        total.opened += target.opened
        total.clicks += target.clicks
        total.bots += target.bots
    return total


def _plot(visit: TenantVisit, links: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """When links were opened for the first time, by hour or by day; None where none was, or all at one time."""
    times = [found.astimezone(visit.zone) for link in links if (found := moment(link["first_at"])) is not None]
    steps = openings(times)
    if len(steps) < 2:
        return None
    return {
        "title": visit._("Links opened for the first time"),
        "labels": [step[-5:] for step in steps],
        "steps": list(steps),
        "series": [{"label": visit._("opened"), "values": list(steps.values()), "fill": True}],
    }


def openings(times: Sequence[datetime]) -> dict[str, int]:
    """How many there are in each hour (of up to two days) or day, from the first to the last; the newest steps where
    there are too many for a plot."""
    if not times:
        return {}
    first, last = min(times), max(times)
    step, form = (_HOUR, "%Y-%m-%d %H:00") if last - first <= 2 * _DAY else (_DAY, "%Y-%m-%d")
    counts = Counter(each.strftime(form) for each in times)
    labels: dict[str, int] = {}
    at = last  # counted back on the clock of the zone: no day and no hour is missed where clocks are changed
    for _ in range(_MOST_STEPS):
        label = at.strftime(form)
        labels[label] = counts[label]
        if label == first.strftime(form):
            break
        at -= step
    return dict(reversed(labels.items()))


PAGES: Final = (
    Page("GET", "/links", show, scope=_SCOPE, again=show),
    Page("GET", "/links/{code}", one, scope=_SCOPE),
)
