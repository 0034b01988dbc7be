"""The lookup sources of the configuration, and the one that needs no network: the number plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred, succeed

from smsgwd.config.model.lookups import HttpSource, Lookups
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.plan import Range
from smsgwd.ports.lookups import LookupSource
from smsgwd.ports.push import HttpClient
from smsgwd.southbound.http_lookup import HttpLookupSource

PLAN: Final = "plan"


class PlanSource:
    """What the operator's number plans say: the country and the owner of the range, nothing about the subscriber.

    The network is left out: a number may have been ported, so the range's owner is a hint and no finding.
    """

    def __init__(self, range_of: Callable[[str], Range | None]) -> None:
        """`range_of` finds the range of a number (digits) in the plans as they are now."""
        self._range_of = range_of

    @property
    def name(self) -> str:
        """See `ports.lookups.LookupSource`."""
        return PLAN

    def lookup(self, msisdn: str) -> Deferred[LookupFacts | None]:
        """See `ports.lookups.LookupSource`."""
        found = self._range_of(msisdn)
        if found is None:
            return succeed(None)
        return succeed(LookupFacts(LookupState.UNKNOWN, country=found.country, operator=found.operator, source=PLAN))


def sources_of(section: Lookups, http: HttpClient, range_of: Callable[[str], Range | None]) -> Sequence[LookupSource]:
    """The sources in their order. `http` may reach private addresses: sources are the operator's own."""
    sources: list[LookupSource] = []
    for each in section.sources:
        if isinstance(each, HttpSource):
            headers = {name: secret.get_secret_value() for name, secret in each.headers.items()}
            sources.append(HttpLookupSource(each.name, http, each.url, headers, each.timeout_s))
        else:
            sources.append(PlanSource(range_of))
    return sources or (PlanSource(range_of),)
