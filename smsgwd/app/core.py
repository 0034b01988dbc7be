"""What there is before the store is open: store, tenants, compiled tables, keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from smsgwd import __version__
from smsgwd.app.batches import BatchObservers
from smsgwd.app.catalog import Catalog
from smsgwd.app.cluster import Cluster
from smsgwd.app.node_metrics import NodeMetrics
from smsgwd.app.records import StoredRecords
from smsgwd.app.secrets import Vault, keys_of, read_or_make
from smsgwd.app.spool_parts import SpoolParts
from smsgwd.app.stages import Stages
from smsgwd.app.storing import AnyStore, build_cluster, build_store
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_counts import TenantCounts
from smsgwd.app.tenant_totp import TenantTotp
from smsgwd.app.tracing import Tracing
from smsgwd.config import Config
from smsgwd.net.clock import SystemClock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics


class Sealed(Protocol):
    """Keeps secrets sealed by the vault in the store. Fails with StoreUnavailable."""

    def sealed(self) -> Awaitable[list[str]]:
        """All of them."""
        ...

    def seal_anew(self, anew: Callable[[str], str]) -> Awaitable[None]:
        """Put what `anew` gives in the place of each."""
        ...


@dataclass(slots=True)
class Core:
    """What there is before the store is open."""

    clock: SystemClock
    metrics: Metrics
    store: AnyStore
    cluster: Cluster
    tenancy: Tenancy
    catalog: Catalog
    vault: Vault
    batches: BatchObservers
    stages: Stages
    tracing: Tracing
    spool: SpoolParts
    totp: TenantTotp  #: codes from a phone beside tenants' passwords
    key_file: Path | None = None  #: where the secret keys can be rotated
    needs: list[Callable[[], list[str]]] = field(default_factory=list)  #: what else `status` tells to see to
    sealed: list[Sealed] = field(default_factory=list)  #: who keeps sealed secrets besides the tenants

    def tenant_counts(self) -> TenantCounts:
        """Counts what became of each tenant's messages."""
        return TenantCounts(
            self.metrics,
            self.store,
            lambda: [tenant.id for tenant in self.tenancy.directory.tenants()],
            lambda: self.stages.tenants,
        )

    def counting(self, dispatcher: Dispatcher) -> Callable[[], None]:
        """Brings those metrics up to date that are counted elsewhere: spans, nodes."""
        tries = None if isinstance(self.store, EmbeddedStore) else self.store.writer
        nodes = NodeMetrics(self.metrics, self.cluster, dispatcher, tries)

        def count() -> None:
            self.tracing.count()
            nodes()
            self.spool.count()

        return count


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
    store = build_store(config, reactor, metrics)
    cluster = build_cluster(config, store, clock, reactor)
    cluster.key_ids = lambda: vault.key_ids
    stages, batches = Stages(metrics, clock.now_ms), BatchObservers(store)
    batches.add(stages)
    metrics.config_loaded.set(clock.now_ms() / 1000)
    tracing = Tracing(reactor, batches, clock, metrics, config.node)
    tracing.become(config.tracing)
    spool = SpoolParts(config, store, cluster, clock, reactor, metrics)
    totp = TenantTotp(StoredRecords(store, clock), vault, clock)
    return Core(
        clock,
        metrics,
        store,
        cluster,
        tenancy,
        catalog,
        vault,
        batches,
        stages,
        tracing,
        spool,
        totp,
        key_file,
        sealed=[totp],
    )
