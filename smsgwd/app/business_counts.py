"""Counts of links, lookups, held messages and contacts told, bound to the metrics once."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.app.guards import Guards
from smsgwd.app.link_desk import LinkDesk
from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.ops.contact_pushes import Count
from smsgwd.telemetry import Metrics

_OPENINGS = ("person", "bot", "again", "nowhere")


def count(metrics: Metrics, links: LinkDesk, lookups: LookupDesk, asking: Asking, guards: Guards) -> None:
    """Have what these do counted from now on. What a message or an opening costs for it is one call."""
    tallies = {by: metrics.link_openings.labels(by) for by in _OPENINGS} | {"made": metrics.links_made}
    links.observe = lambda what: tallies[what].inc()
    lookups.took = lambda how, number: metrics.lookups_asked.labels(how).inc(number)
    lookups.ended = lambda state, number: metrics.lookups_ended.labels(state).inc(number)
    metrics.lookups_waiting.set_function(lambda: lookups.waiting)
    asking.failed = lambda source: metrics.source_failures.labels(source).inc()
    guards.held = metrics.held.inc


def counting_contacts(metrics: Metrics) -> Callable[[str, Count], None]:
    """Counts what became of contacts that a connector's provider was told of."""

    def counted(connector: str, told: Count) -> None:
        of = metrics.provider(connector)
        of.contacts("pushed").inc(told.pushed)
        of.contacts("refused").inc(told.refused)
        of.contacts("failed").inc(told.contacts - told.pushed - told.refused)

    return counted
