"""What there is before the store is open: store, tenants, compiled tables, keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from smsgwd import __version__
from smsgwd.app.batches import BatchObservers
from smsgwd.app.catalog import Catalog
from smsgwd.app.observe import Results
from smsgwd.app.secrets import Vault, keys_of, read_or_make
from smsgwd.app.stages import Stages
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_counts import TenantCounts
from smsgwd.app.tracing import Tracing
from smsgwd.config import Config
from smsgwd.net.clock import SystemClock
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics, get_logger

_log = get_logger("daemon")


@dataclass(slots=True)
class Core:
    """What there is before the store is open."""

    clock: SystemClock
    metrics: Metrics
    store: EmbeddedStore
    tenancy: Tenancy
    catalog: Catalog
    vault: Vault
    batches: BatchObservers
    stages: Stages
    tracing: Tracing
    key_file: Path | None = None  #: where the secret keys can be rotated

    def tenant_counts(self) -> TenantCounts:
        """Counts what became of each tenant's messages."""
        return TenantCounts(
            self.metrics,
            self.store,
            lambda: [tenant.id for tenant in self.tenancy.directory.tenants()],
            lambda: self.stages.tenants,
        )


def build_core(config: Config, reactor: Any) -> Core:
    """The store and what needs nothing else. Raises secrets.KeyFileError."""
    clock = SystemClock()
    metrics = Metrics(CollectorRegistry(), process=True)
    metrics.build.labels(__version__, config.node).set(1)
    key = config.secret_key
    key_file = key.file
    if key.value is not None:
        secret = key.value.get_secret_value().encode()
    else:
        key_file = key_file or config.data_dir / "secret.key"
        secret = read_or_make(key_file)
    vault = Vault(*keys_of(secret))
    catalog = Catalog(config, reactor, clock)
    tenancy = Tenancy(vault, changed=catalog.tenants_changed, checked=catalog.check_tenant)
    store = _store(config, reactor, metrics)
    stages, batches = Stages(metrics, clock.now_ms), BatchObservers(store)
    batches.add(stages)
    metrics.config_loaded.set(clock.now_ms() / 1000)
    tracing = Tracing(reactor, batches, clock, metrics, config.node)
    tracing.become(config.tracing)
    return Core(clock, metrics, store, tenancy, catalog, vault, batches, stages, tracing, key_file)


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
        keep_finals=config.cdr.directory is not None,
        observe_results=Results(metrics),
    )
    return store
