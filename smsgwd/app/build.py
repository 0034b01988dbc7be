"""Configuration → services, wired. Nothing is opened here; `daemon` does that in order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from smsgwd import __version__
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.admission.admit import Policy
from smsgwd.app.certificates import Certificates
from smsgwd.app.commands import build_registry
from smsgwd.app.edge import build_http
from smsgwd.app.erasure import Erasure
from smsgwd.app.messages import MessageService
from smsgwd.app.mo_desk import MoDesk
from smsgwd.app.observe import Intake, Results, Scrape
from smsgwd.app.outboxes import Outboxes
from smsgwd.app.pipeline import Pipeline
from smsgwd.app.pressure import Pressure
from smsgwd.app.reroute import Rerouter
from smsgwd.app.retention import Retention
from smsgwd.app.secrets import Vault, read_or_make
from smsgwd.app.smpp_edge import SmppEdge, build_smpp_edge
from smsgwd.app.sweeps import Sweeps
from smsgwd.app.tables import alphabets_of, failover_after_of, mo_routes_of, routes_of
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.ways import Ways
from smsgwd.config import Config
from smsgwd.config.model.listeners import ServerTls
from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.model.ids import IdGenerator, node_number
from smsgwd.net.clock import SystemClock
from smsgwd.net.edge_core import HttpWorkers
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.tls import ReloadableServerOptions
from smsgwd.net.turn import Turn
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.northbound.pace import Pace
from smsgwd.northbound.sending import ApiLimits
from smsgwd.notify.notifier import Notifier
from smsgwd.ops.admin import AdminSocket
from smsgwd.ops.pages import Health, Pages
from smsgwd.ops.status import Status
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.dispatcher import SmppDispatcher
from smsgwd.southbound.runtime import Runtime, connector_over
from smsgwd.southbound.settings import settings_of
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics, get_logger

_HOUR_MS = 3_600_000
_ORPHAN_AFTER_MS = 15 * 60_000
_MO_DONE_MS = 15 * 60_000  # an SMSC repeats within its own retry times, a phone uses a reference again after 256
_log = get_logger("daemon")


@dataclass(slots=True)
class Core:
    """What there is before the store is open."""

    clock: SystemClock
    metrics: Metrics
    store: EmbeddedStore
    tenancy: Tenancy
    vault: Vault


@dataclass(slots=True)
class Services:
    """The rooms, joined. Made once the store is open: ids go on from the highest one in it."""

    dispatcher: SmppDispatcher
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
    certificates: Certificates
    http: HttpListener | HttpWorkers | None
    ops: HttpListener | None
    admin: HttpListener


def build_core(config: Config, reactor: Any) -> Core:
    """The store and what needs nothing else. Raises secrets.KeyFileError."""
    clock = SystemClock()
    metrics = Metrics(CollectorRegistry(), process=True)
    metrics.build.labels(__version__, config.node).set(1)
    key = config.secret_key
    if key.value is not None:
        secret = key.value.get_secret_value().encode()
    else:
        secret = read_or_make(key.file or config.data_dir / "secret.key")
    vault = Vault(secret)
    return Core(clock, metrics, _store(config, reactor, metrics), Tenancy(vault), vault)


def _store(config: Config, reactor: Any, metrics: Metrics) -> EmbeddedStore:
    section = config.store
    if section.kind != "embedded":
        raise ValueError(f"store.kind {section.kind} is refused before anything is built")

    failed = False

    def on_health(healthy: bool) -> None:
        nonlocal failed
        metrics.store_healthy.set(1 if healthy else 0)
        if healthy and failed:
            _log.info("store.recovered")
        failed = not healthy
        if failed:
            metrics.commit_failures.inc()
            _log.error("store.commit_failed", reason=store.trouble)

    def observe(seconds: float, changes: int) -> None:
        metrics.commit_seconds.observe(seconds)
        metrics.batch_changes.observe(changes)

    store = EmbeddedStore(
        reactor,
        config.data_dir,
        gap_s=section.commit_gap_ms / 1000,
        most=section.max_batch,
        on_health=on_health,
        on_damage=lambda text: _log.error("store.damaged", reason=text),
        observe_commit=observe,
        observe_results=Results(metrics),
    )
    return store


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
    clock, store, metrics, tenancy = core.clock, core.store, core.metrics, core.tenancy
    http_client = LeanHttpClient(
        reactor,
        allow_private_targets=config.notify.allow_private_targets,
        max_connections_per_host=config.notify.max_connections,  # the lanes keep to their own, smaller one
        user_agent=f"smsgwd/{__version__}",
    )
    notifier = Notifier(
        reactor, clock, store, http_client, tenancy.secrets, config.notify, batch_of=tenancy.dlr_batch, metrics=metrics
    )
    turn = Turn(reactor)
    esme_outbox = EsmeOutbox(
        reactor, clock, store, absent=lambda name: smpp.outbinds.wanted(name), metrics=metrics, turn=turn
    )
    outboxes = Outboxes(notifier, esme_outbox)
    runtime = Runtime(reactor, clock, turn, random.random, connector_over(reactor))
    connectors = [settings_of(section) for section in config.connectors if isinstance(section, SmppConnector)]
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
        part_wait_ms=_ms(config.mo.part_wait_s),
        stop_words=config.mo.stop_words,
        start_words=config.mo.start_words,
        metrics=metrics,
    )
    routes = routes_of(config)
    ways = Ways(routes, lambda connector: dispatcher.up(connector))
    dispatcher = SmppDispatcher(connectors, runtime, store, outboxes, metrics.connector, desk, ways=ways)
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
        mo_kept_ms=max(_MO_DONE_MS, 2 * _ms(config.mo.part_wait_s)),
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
    )
    pipeline = Pipeline(
        store=store,
        dispatcher=dispatcher,
        clock=clock,
        turn=turn,
        ids=IdGenerator(node_number(config.node), highest_id),
        routes=routes,
        policy=Policy(limits.max_parts, limits.default_validity_s, limits.max_validity_s, limits.max_schedule_d),
        accounts=tenancy.account,
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
    messages = MessageService(store, dispatcher, outboxes, clock)
    certificates = Certificates()
    pace = Pace(clock, _throttle_delay_s(config))
    pressure = Pressure(dispatcher.flows, clock.monotonic, time.process_time)
    smpp = build_smpp_edge(
        config,
        reactor=reactor,
        clock=clock,
        turn=turn,
        tenancy=tenancy,
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
    )
    api = NativeApi(
        pipeline,
        messages,
        store,
        authenticator,
        ApiLimits(limits.max_recipients, limits.max_batch),
        pace,
        reactor=reactor,
        ready=dispatcher.ready,
        lagging=notifier.lagging,
        pressed=pressure.pressed,
    )

    def health() -> Health:
        return Health(phase() == "running" and store.healthy, phase(), store.healthy)

    listeners: dict[str, HttpListener | HttpWorkers] = {}
    pages = Pages(
        health,
        Scrape(
            metrics,
            store,
            dispatcher,
            lambda: {name: each.connections for name, each in listeners.items()} | smpp.server.connections(),
        ),
    )
    tenants_http = build_http(reactor, turn, api, config, metrics, certificates)
    status = Status(
        node=config.node,
        version=__version__,
        clock=clock,
        store=store,
        dispatcher=dispatcher,
        phase=phase,
        addresses=addresses,
        workers=tenants_http if isinstance(tenants_http, HttpWorkers) else None,
    )
    ops = config.listeners.ops
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
    )
    listeners["admin"] = admin = HttpListener(reactor, AdminSocket(registry).handle)
    if tenants_http is not None:
        listeners["http"] = tenants_http
    ops_http = None
    if ops is not None:
        listeners["ops"] = ops_http = HttpListener(
            reactor,
            pages.handle,
            HttpLimits(max_connections=ops.max_connections),
            tls=_tls("ops", ops.tls, certificates),
        )
    return Services(
        dispatcher=dispatcher,
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
        certificates=certificates,
        http=tenants_http,
        ops=ops_http,
        admin=admin,
    )


def _tls(listener: str, section: ServerTls | None, certificates: Certificates) -> ReloadableServerOptions | None:
    return None if section is None else certificates.add(listener, ReloadableServerOptions(section.cert, section.key))


def _throttle_delay_s(config: Config) -> float:
    """How long an ESME over its rate waits; the first SMPP listener says so for all."""
    section = config.listeners.smpp or config.listeners.smpps
    return 0.0 if section is None else section.throttle_delay_s


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _sweep_failed(error: BaseException) -> None:
    if isinstance(error, StoreUnavailable):
        return  # said once, by the store itself
    _log.error("daemon.unhandled_error", error=repr(error), exc_info=error)
