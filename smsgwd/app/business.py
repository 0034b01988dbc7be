"""What makes a business, wired: records and what is compiled from them, links, lookups, scheduling, test numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd import __version__
from smsgwd.app.business_counts import count, counting_contacts
from smsgwd.app.catalog import Catalog
from smsgwd.app.cluster import Cluster
from smsgwd.app.contact_pushes import ContactPushes, Told
from smsgwd.app.core import Core
from smsgwd.app.duties import made_elsewhere, runs_here
from smsgwd.app.guards import Guards, recall
from smsgwd.app.link_desk import LinkDesk
from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.app.lookup_sources import Asked, sources_of
from smsgwd.app.maker import Maker
from smsgwd.app.network_news import NetworkNews
from smsgwd.app.outboxes import Outboxes
from smsgwd.app.own_families import own_families
from smsgwd.app.places import places_of
from smsgwd.app.records import StoredRecords
from smsgwd.app.reload_parts import policy_of
from smsgwd.app.reschedule import Rescheduler
from smsgwd.app.sharing import guards_of
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.test_numbers import TestNumbers
from smsgwd.config import Config
from smsgwd.model.ids import IdGenerator
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.northbound.account import ACCOUNT_ROUTES, Accounts, Places
from smsgwd.northbound.api import Family, OwnFamily
from smsgwd.northbound.links import LINK_ROUTES, Links
from smsgwd.northbound.lookups import LOOKUP_ROUTES, Lookups
from smsgwd.northbound.money import Money
from smsgwd.northbound.money_routes import MONEY_ROUTES
from smsgwd.northbound.scheduled import SCHEDULED_ROUTES, Scheduled
from smsgwd.northbound.statistics import StatisticsDesk
from smsgwd.northbound.statistics_types import STATISTICS_ROUTES
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.telemetry import Metrics, get_logger

_log = get_logger("daemon")


@dataclass(slots=True)
class Business:
    """The services of it."""

    records: StoredRecords
    links: LinkDesk
    lookups: LookupDesk
    guards: Guards
    maker: Maker
    test_numbers: TestNumbers
    source_client: LeanHttpClient
    store: Store
    clock: Clock
    tenancy: Tenancy
    catalog: Catalog
    contact_pushes: ContactPushes
    changed: Callable[[str, str], Deferred[None] | None]  #: records of a kind and tenant are other ones now
    places: Places  #: where tenants find the gateway

    async def start(self) -> None:
        """Remember the texts of late, go on with lookups and with messages to test numbers."""
        await recall(self.guards, self.store, self.tenancy.directory.tenants(), self.clock.now_ms())
        self.lookups.start().addErrback(_failed)
        self.test_numbers.start()
        self.contact_pushes.start()

    async def stop(self) -> None:
        """Begin nothing new."""
        self.catalog.stop()
        self.contact_pushes.stop()
        self.lookups.stop()
        await self.source_client.close()


def build_business(
    config: Config,
    *,
    reactor: Any,
    clock: Clock,
    store: Store,
    cluster: Cluster,
    tenancy: Tenancy,
    catalog: Catalog,
    outboxes: Outboxes,
    ids: IdGenerator,
    metrics: Metrics,
    providers: Callable[[str], Asked | None] = lambda connector: None,
    told: Callable[[], Iterable[Told]] = tuple,
) -> Business:
    """Make them; nothing is started. `providers` finds a connector of kind provider: it may look numbers up. `told`
    gives all of that kind: they may be told of contacts."""
    tenants = tenancy.directory.tenant
    client = LeanHttpClient(
        reactor,
        allow_private_targets=True,  # its targets are the operator's own choice
        max_connections_per_host=config.lookups.concurrency,
        user_agent=f"smsgwd/{__version__}",
    )
    links = LinkDesk(config, store=store, clock=clock, tenants=tenants, outbox=outboxes)
    asking = Asking(reactor, config.lookups, sources_of(config.lookups, client, catalog.range_of, providers))
    lookups = LookupDesk(
        config.lookups,
        store=store,
        clock=clock,
        ids=ids,
        tenants=tenants,
        asking=asking,
        later=reactor.callLater,
        theirs=made_elsewhere(cluster),
    )
    if not cluster.alone:
        NetworkNews(cluster, store, lookups)
    catalog.ported = lookups.network_of
    guards = guards_of(cluster, clock, _flooded)
    count(metrics, links, lookups, asking, guards)

    def changed(kind: str, tenant: str) -> Deferred[None] | None:
        pushes.changed(kind, tenant)
        return catalog.changed(kind, tenant)

    records = StoredRecords(store, clock, before=catalog.check, after=changed)
    pushes = ContactPushes(reactor, clock, records, told, counting_contacts(metrics), runs_here(cluster))
    return Business(
        records=records,
        links=links,
        lookups=lookups,
        guards=guards,
        maker=Maker(catalog, policy_of(config.limits), links, guards),
        test_numbers=TestNumbers(store, outboxes, clock, tenants, reactor.callLater),
        source_client=client,
        store=store,
        clock=clock,
        tenancy=tenancy,
        catalog=catalog,
        contact_pushes=pushes,
        changed=changed,
        places=places_of(config),
    )


def families(
    business: Business, rescheduler: Rescheduler, core: Core, reactor: Any, http: LeanHttpClient, outboxes: Outboxes
) -> list[Family | OwnFamily]:
    """The endpoints of the native API about money, times, links, lookups, and what tenants see to themselves."""
    store, clock = core.store, core.clock
    return [
        (MONEY_ROUTES, Money(store, clock).handlers()),
        (SCHEDULED_ROUTES, Scheduled(store, rescheduler, clock.now_ms).handlers()),
        (LINK_ROUTES, Links(store, business.links.short).handlers()),
        (LOOKUP_ROUTES, Lookups(business.lookups).handlers()),
        (STATISTICS_ROUTES, StatisticsDesk(store, clock).handlers()),
        OwnFamily(ACCOUNT_ROUTES, Accounts(store, clock, business.places).handlers()),
        *own_families(core, reactor, http, outboxes),
    ]


def _flooded(tenant: str, prefix: str) -> None:
    _log.error("flood.suspected", tenant=tenant, prefix=prefix)


def _failed(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
