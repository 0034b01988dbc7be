"""Configuration → services, wired. Nothing is opened here; `daemon` does that in order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smsgwd import __version__
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.app.business import Business, build_business, families
from smsgwd.app.callbacks import Callbacks
from smsgwd.app.certificates import Certificates
from smsgwd.app.cluster_connectors import connectors_of_nodes
from smsgwd.app.commands import build_registry
from smsgwd.app.connector_desk import ConnectorDesk
from smsgwd.app.console import Consoles
from smsgwd.app.core import Core
from smsgwd.app.credential_watch import CredentialWatch
from smsgwd.app.dialect_mounts import mounts_of
from smsgwd.app.dialects import build_dialects
from smsgwd.app.duties import tell_due
from smsgwd.app.edge import build_http, build_ops
from smsgwd.app.erasure import Erasure
from smsgwd.app.figures import figures_of
from smsgwd.app.looking import Looking
from smsgwd.app.mo_desk import MoDesk
from smsgwd.app.observe import Intake
from smsgwd.app.operations import Operations, build_operations
from smsgwd.app.pdus import EncodedAgain
from smsgwd.app.pipeline import Pipeline
from smsgwd.app.pressure import Pressure
from smsgwd.app.provider_host import ProviderHost
from smsgwd.app.provider_parts import connector_settings_of
from smsgwd.app.pushing import build_pushing
from smsgwd.app.queue_desk import QueueDesk
from smsgwd.app.reload_parts import api_limits_of, mo_kept_ms_of
from smsgwd.app.reroute import Rerouter
from smsgwd.app.reschedule import Rescheduler
from smsgwd.app.resend import Resend
from smsgwd.app.retention import Retention
from smsgwd.app.scrape import Scrape
from smsgwd.app.secret_desk import SecretDesk, keep_secrets
from smsgwd.app.sharing import pace_of
from smsgwd.app.smpp_edge import SmppEdge, build_smpp_edge, throttle_delay_s
from smsgwd.app.sweeps import Sweeps
from smsgwd.app.tables import alphabets_of, failover_after_of, mo_routes_of
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.app.test_numbers import TEST_CONNECTOR
from smsgwd.app.ways import Ways
from smsgwd.config import Config
from smsgwd.model.ids import IdGenerator
from smsgwd.net.edge_core import HttpWorkers
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.http_server import HttpListener
from smsgwd.net.turn import Turn
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.northbound.intake import Intake as HttpIntake
from smsgwd.northbound.link_pages import LinkPages
from smsgwd.notify.notifier import Notifier
from smsgwd.ops.admin import admin_listener
from smsgwd.ops.pages import Health, Pages
from smsgwd.ops.registry import Registry
from smsgwd.ops.status import Status
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.runtime import Runtime, connector_over
from smsgwd.telemetry import get_logger

_HOUR_MS = 3_600_000
_ORPHAN_AFTER_MS = 15 * 60_000
_log = get_logger("daemon")


@dataclass(slots=True)
class Services:
    """The rooms, joined. Made once the store is open: ids go on from the highest one in it."""

    dispatcher: ConnectorDispatcher
    connectors: ConnectorDesk
    notifier: Notifier
    esme_outbox: EsmeOutbox
    http_client: LeanHttpClient
    pipeline: Pipeline
    api: NativeApi
    sweeps: Sweeps
    desk: MoDesk
    rerouter: Rerouter
    retention: Retention
    authenticator: PasswordAuthenticator
    smpp: SmppEdge
    business: Business
    watch: CredentialWatch
    certificates: Certificates
    secret_desk: SecretDesk
    callbacks: Callbacks
    http: HttpListener | HttpWorkers | None
    ops: HttpListener | None
    admin: HttpListener
    operations: Operations
    rescheduler: Rescheduler
    registry: Registry


def build_services(
    config: Config,
    core: Core,
    reactor: Any,
    *,
    highest_id: int,
    phase: Callable[[], str],
    addresses: Callable[[], dict[str, list[str]]],
) -> Services:
    """Everything else. Raises net.tls.TlsError for a certificate that cannot be used."""
    clock, store, metrics, tenancy, catalog = core.clock, core.store, core.metrics, core.tenancy, core.catalog
    ids = IdGenerator(core.cluster.number, max(highest_id, core.spool.highest))
    http_client = LeanHttpClient(
        reactor,
        allow_private_targets=config.notify.allow_private_targets,
        max_connections_per_host=config.notify.max_connections,  # the lanes keep to their own, smaller one
        user_agent=f"smsgwd/{__version__}",
    )
    turn = Turn(reactor)
    pushing = build_pushing(
        config, core, reactor, http=http_client, turn=turn, absent=lambda name: smpp.outbinds.wanted(name)
    )
    notifier, esme_outbox, outboxes = pushing.notifier, pushing.esmes, pushing.outboxes
    looking = Looking(core, reactor)
    connect, cluster = connector_over(reactor), core.cluster
    runtime = Runtime(reactor, clock, turn, random.random, connect, looking.wiretap, cluster.lease, cluster.claims)
    connectors = connector_settings_of(config)
    desk = MoDesk(
        routes=mo_routes_of(config),
        directory=tenancy.directory,
        tenants=tenancy.directory.tenant,
        store=store,
        clock=clock,
        reactor=reactor,
        outbox=outboxes,
        alert=esme_outbox.alert,
        alphabets=alphabets_of(config),
        part_wait_ms=int(1000 * config.mo.part_wait_s),
        stop_words=config.mo.stop_words,
        start_words=config.mo.start_words,
        metrics=metrics,
    )
    business = build_business(
        config,
        reactor=reactor,
        clock=clock,
        store=store,
        cluster=cluster,
        tenancy=tenancy,
        catalog=catalog,
        outboxes=outboxes,
        ids=ids,
        metrics=metrics,
        providers=lambda connector: dispatcher.provider(connector),
        told=lambda: dispatcher.providers(),
    )
    ways = Ways(catalog, lambda connector: dispatcher.up(connector))
    aside = {TEST_CONNECTOR: business.test_numbers.offer}
    tenant = tenancy.directory.tenant
    host = ProviderHost(config, core, runtime, outboxes, ways=ways, subscribers=desk, tenants=tenant)
    dispatcher = ConnectorDispatcher(
        connectors, runtime, store, outboxes, metrics.connector, desk, ways, aside, host.forget, host.make
    )
    host.join(dispatcher)
    nodes = connectors_of_nodes(core, dispatcher, reactor)
    connector_desk = ConnectorDesk(connectors, dispatcher, business.records, clock, tenancy.directory.tenant, nodes)
    catalog.up = dispatcher.up
    rerouter = Rerouter(
        reactor,
        clock=clock,
        store=store,
        dispatcher=dispatcher,
        ways=ways,
        after=failover_after_of(config),
        metrics=metrics,
    )
    retention = Retention(
        reactor,
        clock=clock,
        store=store,
        tenants=tenancy.directory.tenants,
        section=config.retention,
        mo_kept_ms=mo_kept_ms_of(config),
        metrics=metrics,
    )
    limits = config.limits
    sweeps = Sweeps(
        reactor,
        clock=clock,
        store=store,
        dispatcher=dispatcher,
        outbox=outboxes,
        receipt_wait_ms=int(limits.receipt_wait_h * _HOUR_MS),
        keys_kept_ms=limits.idempotency_h * _HOUR_MS,
        pushes_kept_ms=int(config.retention.pushes_d * 24 * _HOUR_MS),
        orphan_after_ms=_ORPHAN_AFTER_MS,
        failed=_sweep_failed,
        tell_due=tell_due(core.cluster),
    )
    pipeline = Pipeline(
        store=core.spool.intake,
        dispatcher=dispatcher,
        clock=clock,
        turn=turn,
        ids=ids,
        maker=business.maker,
        guards=business.guards,
        accounts=catalog.account,
        scheduled=sweeps.wake_at,
        observe=Intake(metrics),
    )
    authenticator = PasswordAuthenticator(
        reactor,
        tenancy.directory,
        core.vault.token_key,
        clock,
        cache_s=config.auth.cache_s,
        limiter=FailureLimiter(config.auth.max_failures, config.auth.max_failures_address, config.auth.window_s),
        on_failure=lambda way: metrics.auth_failures.labels(way, "credentials").inc(),
    )
    secret_desk = keep_secrets(core, reactor, authenticator)
    core.spool.start(pipeline.hand_on, outboxes.offer)
    messages = core.spool.messages(dispatcher, outboxes)
    certificates, pace = Certificates(), pace_of(core, reactor, throttle_delay_s(config))
    pressure = Pressure(dispatcher.flows, clock.monotonic, time.process_time)
    smpp = build_smpp_edge(
        config,
        reactor=reactor,
        clock=clock,
        turn=turn,
        tenancy=tenancy,
        accounts=catalog.account,
        vault=core.vault,
        authenticator=authenticator,
        pipeline=pipeline,
        messages=messages,
        store=store,
        dispatcher=dispatcher,
        outbox=esme_outbox,
        certificates=certificates,
        pace=pace,
        pressed=pressure.pressed,
        scheduled=sweeps.wake_at,
        metrics=metrics,
        tap=looking.wiretap,
        counts=core.cluster.account_binds(),
    )
    rescheduler = Rescheduler(store=store, messages=messages, clock=clock, limits=limits, wake_at=sweeps.wake_at)
    intake = HttpIntake(
        pipeline, pace, reactor=reactor, ready=dispatcher.ready, lagging=notifier.lagging, pressed=pressure.pressed
    )
    api = NativeApi(
        intake,
        messages,
        store,
        authenticator,
        api_limits_of(limits),
        families=families(business, rescheduler, core, reactor, http_client, outboxes),
        records=business.records,
        now=clock.now_ms,
    )

    def health() -> Health:
        return Health(phase() == "running" and core.spool.intake.healthy, phase(), store.healthy, addresses())

    listeners: dict[str, HttpListener | HttpWorkers] = {}
    pages = Pages(
        health,
        Scrape(
            metrics,
            store,
            dispatcher,
            lambda: {name: each.connections for name, each in listeners.items()} | smpp.server.connections(),
            clock=clock,
            ready=lambda: health().ready,
            expiries=lambda: certificates.in_use(dispatcher),
            tenants=core.tenant_counts(),
            data_dir=config.data_dir,
            count=core.counting(dispatcher),
            cdr=lambda: operations.cdr,
        ),
    )
    places = business.links.places
    mounts = mounts_of(config)
    dialects = build_dialects(
        config,
        mounts,
        api,
        intake=intake,
        store=store,
        business=business,
        authenticator=authenticator,
        catalog=catalog,
        clock=clock,
        outbox=outboxes,
    )
    pages_and_api = LinkPages(business.links, dialects, path=places.path, host=places.host)
    operations = build_operations(config, core, reactor, authenticator)
    callbacks = host.callbacks(config, core, reactor, operations.access_log, certificates)
    consoles = Consoles(config, core, reactor, api, authenticator, operations)
    handler = operations.access_log.over(consoles.tenants(callbacks.over(pages_and_api)))
    tenants_http = build_http(reactor, turn, handler, mounts, config, metrics, certificates)
    watch = CredentialWatch(reactor, clock, tenancy.directory, smpp.server.review)
    tenancy.listen(watch.look)
    status = Status(
        node=config.node,
        version=__version__,
        clock=clock,
        store=store,
        dispatcher=dispatcher,
        phase=phase,
        addresses=addresses,
        workers=tenants_http if isinstance(tenants_http, HttpWorkers) else None,
        nodes=None if core.cluster.alone else core.cluster.nodes,
        more=core.needs,
    )
    registry = build_registry(
        status=status,
        tenancy=tenancy,
        esmes=smpp.server,
        store=store,
        clock=clock,
        outboxes=outboxes,
        dispatcher=dispatcher,
        erasure=Erasure(reactor, clock=clock, store=store, dispatcher=dispatcher, outbox=outboxes),
        certificates=certificates,
        records=business.records,
        catalog=catalog,
        desk=TenantDesk(tenancy, core.vault, clock),
        wake=sweeps.wake_at,
        queues=QueueDesk(
            reactor, clock=clock, store=store, dispatcher=dispatcher, outbox=outboxes, wake=sweeps.wake_at
        ),
        messages=messages,
        resend=Resend(store, clock, pipeline, tenancy.directory.tenant, lambda: rescheduler.limits.max_validity_s),
        connectors=connector_desk,
        encoding=EncodedAgain(dispatcher.settings),
        secrets=secret_desk,
        operations=operations,
        looking=looking,
        figures=figures_of(config, core, dispatcher, phase, reactor),
        contact_pushes=business.contact_pushes,
    )
    consoles.registry = registry
    listeners["admin"] = admin = admin_listener(reactor, registry, operations.callers)
    listeners |= {name: each for name, each in (("http", tenants_http), ("callbacks", callbacks.listener)) if each}
    ops_http = None
    if (ops := config.listeners.ops) is not None:
        listeners["ops"] = ops_http = build_ops(reactor, consoles.operators(pages.handle), ops, certificates)
    return Services(
        dispatcher=dispatcher,
        connectors=connector_desk,
        notifier=notifier,
        esme_outbox=esme_outbox,
        http_client=http_client,
        pipeline=pipeline,
        api=api,
        sweeps=sweeps,
        desk=desk,
        rerouter=rerouter,
        retention=retention,
        authenticator=authenticator,
        smpp=smpp,
        business=business,
        watch=watch,
        certificates=certificates,
        secret_desk=secret_desk,
        callbacks=callbacks,
        http=tenants_http,
        ops=ops_http,
        admin=admin,
        operations=operations,
        rescheduler=rescheduler,
        registry=registry,
    )


def _sweep_failed(error: BaseException) -> None:
    if isinstance(error, StoreUnavailable):
        return  # said once, by the store itself
    _log.error("daemon.unhandled_error", error=repr(error), exc_info=error)
