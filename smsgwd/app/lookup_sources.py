"""The lookup sources of the configuration, two of them here: the number plan, and the provider of a connector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.config.model.lookups import HttpSource, Lookups, ProviderSource
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.plan import Range
from smsgwd.ports.lookups import LookupSource
from smsgwd.ports.push import HttpClient
from smsgwd.southbound.http_lookup import HttpLookupSource
from smsgwd.southbound.provider.calls import Call, Done, LookUp

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


class ProviderTrouble(Exception):  # noqa: N818 -- of a source; others are asked
    """A connector's provider gave no answer; why."""


class Asked(Protocol):
    """A connector of kind provider, as far as it is asked for what it knows (`southbound.provider.connector`)."""

    def call(self, call: Call, *, limit_s: float | None = None) -> Deferred[Done]:
        """Ask its plugin; never fails."""
        ...


class ConnectorSource:
    """A connector whose plugin looks numbers up."""

    def __init__(self, connector: str, find: Callable[[str], Asked | None], timeout_s: float) -> None:
        """`find` gives the connector as it is now: a reload may have removed it."""
        self._connector = connector
        self._find = find
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """See `ports.lookups.LookupSource`."""
        return self._connector

    def lookup(self, msisdn: str) -> Deferred[LookupFacts | None]:
        """See `ports.lookups.LookupSource`. Fails with ProviderTrouble."""
        found = self._find(self._connector)
        if found is None:
            return fail(ProviderTrouble(f"there is no connector {self._connector} any more"))
        return found.call(LookUp(msisdn), limit_s=self._timeout_s).addCallback(self._said)

    def _said(self, done: Done) -> LookupFacts | None:
        if done.halted is not None:
            raise ProviderTrouble(getattr(done.halted, "reason", "") or type(done.halted).__name__)
        if done.trouble:
            raise ProviderTrouble(done.trouble)
        facts = done.number
        return None if facts is None else msgspec.structs.replace(facts, source=self._connector)


def sources_of(
    section: Lookups,
    http: HttpClient,
    range_of: Callable[[str], Range | None],
    providers: Callable[[str], Asked | None] = lambda connector: None,
) -> Sequence[LookupSource]:
    """The sources in their order. `http` may reach private addresses: sources are the operator's own. `providers` finds
    a connector of kind provider by its id."""
    sources: list[LookupSource] = []
    for each in section.sources:
        if isinstance(each, HttpSource):
            headers = {name: secret.get_secret_value() for name, secret in each.headers.items()}
            sources.append(HttpLookupSource(each.name, http, each.url, headers, each.timeout_s))
        elif isinstance(each, ProviderSource):
            sources.append(ConnectorSource(each.connector, providers, each.timeout_s))
        else:
            sources.append(PlanSource(range_of))
    return sources or (PlanSource(range_of),)
