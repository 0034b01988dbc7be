"""The store that the configuration names, and this process among those that share it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from smsgwd.app.cluster import Cluster, SharedCluster
from smsgwd.app.observe import Results
from smsgwd.config import Config
from smsgwd.config.model.store import RedisStore as RedisSection
from smsgwd.config.model.store import StoreArchive
from smsgwd.ports.clock import Clock
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics, get_logger

if TYPE_CHECKING:
    from smsgwd.store.archive.threaded import Archive
    from smsgwd.store.redis.store import RedisStore

AnyStore: TypeAlias = "EmbeddedStore | RedisStore"
_log = get_logger("daemon")


def build_store(config: Config, reactor: Any, metrics: Metrics) -> AnyStore:
    """The store, not opened yet. Raises ValueError for an address that is none."""
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

    store: AnyStore
    section = config.store
    common: dict[str, Any] = {
        "gap_s": section.commit_gap_ms / 1000,
        "most": section.max_batch,
        "on_health": on_health,
        "observe_commit": observe,
        "keep_finals": config.cdr.directory is not None,
        "observe_results": Results(metrics),
    }
    if isinstance(section, RedisSection):
        if section.archive is not None:
            common["archive"] = _archive(section.archive, config.data_dir, reactor)
        store = redis_store(section, config.node, reactor, common)
        store.writer.round_trip = metrics.round_trip_seconds.observe  # of its thread, and of nobody else
    else:
        store = EmbeddedStore(
            reactor,
            config.data_dir,
            on_damage=lambda text: _log.error("store.damaged", reason=text),
            **common,
        )
    return store


def _archive(section: StoreArchive, data_dir: Path, reactor: Any) -> Archive:
    from smsgwd.store.archive.files import ArchiveFiles  # as below
    from smsgwd.store.archive.threaded import Archive as Threaded

    if section.url is not None:
        from smsgwd.store.archive.postgres import PostgresArchive  # needs an extra

        return Threaded(reactor, PostgresArchive(section.url.get_secret_value(), int(section.after_h * 3_600_000)))
    return Threaded(reactor, ArchiveFiles(data_dir / "archive"))


def redis_store(section: RedisSection, node: str, reactor: Any, common: dict[str, Any]) -> RedisStore:
    """The store of a section, not opened yet; `common`: its other arguments. Raises ValueError for an address that is
    none."""
    # What it needs costs memory that gateways with the embedded store do not spend.
    from smsgwd.store.redis.address import Tls, parse
    from smsgwd.store.redis.store import RedisStore

    tls = section.tls
    return RedisStore(
        reactor,
        parse(section.url.get_secret_value(), Tls(tls.ca, tls.cert, tls.key)),
        prefix=section.prefix,
        node=node,
        strict=section.durability == "strict",
        replicas=section.replicas,
        confirm_s=section.confirm_s,
        timeout_s=section.answer_s,
        **common,
    )


def build_cluster(config: Config, store: AnyStore, clock: Clock, reactor: Any) -> Cluster:
    """This process among those that share the store; none others with the embedded one."""
    if isinstance(store, EmbeddedStore):
        return Cluster(config.node, clock.now_ms)
    return SharedCluster(config.node, clock.now_ms, store, reactor)
