"""What operators do to the gateway as a whole: another configuration, a drain, and a move into another store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.python.failure import Failure

from smsgwd.app.build import Services
from smsgwd.app.core import Core
from smsgwd.app.drain import PHASE, Drain
from smsgwd.app.move_file import Move
from smsgwd.app.move_process import MoveProcess
from smsgwd.app.mover import Mover
from smsgwd.app.plugin_desk import PluginDesk
from smsgwd.app.reload import Reloader
from smsgwd.app.reload_parts import Follows, parts_of
from smsgwd.config import Config
from smsgwd.model.operators import Caller
from smsgwd.net.edge_core import HttpWorkers
from smsgwd.ops.config import Configuration
from smsgwd.ops.drain import Drains
from smsgwd.ops.nodes import NodeCommands
from smsgwd.ops.plugins import Plugins
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ops.store_moves import StoreMoves
from smsgwd.ops.systemd import Notifier as ServiceManager
from smsgwd.telemetry import get_logger

#: A signal comes from whoever may send one: root and the daemon's own user, `systemctl reload` among them.
SIGNAL = Caller("signal", "admin", "signal", "SIGHUP")
_log = get_logger("daemon")


class Control:
    """Reload, drain and move, and their commands in the registry."""

    def __init__(self, reloader: Reloader, drain: Drain, registry: Registry, mover: Mover) -> None:
        self.reloader = reloader
        self.drain = drain
        self._mover = mover
        self._registry = registry
        self._hung_up = False  # a reload for a signal is under way
        self._once_more = False

    def phase(self, phase: str) -> str:
        """The phase as it is shown: a gateway that runs and takes nothing is `drained`."""
        return PHASE if phase == "running" and self.drain.active else phase

    def close(self) -> None:
        """The gateway stops: no other configuration comes into force, a drain that ends opens nothing, and a move that
        it does not stop for is broken off."""
        self.reloader.close()
        self.drain.close()
        self._mover.close()

    def hung_up(self) -> None:
        """SIGHUP: reload as the command does, written down as any. Signals that come during one make one more."""
        if self._hung_up:
            self._once_more = True
            return
        self._hung_up = True
        done = maybeDeferred(self._registry.run, "config", "reload", {}, SIGNAL)
        done.addErrback(_not_reloaded).addCallback(self._hung_up_once)

    def _hung_up_once(self, _: object) -> None:
        again, self._once_more = self._once_more, False
        self._hung_up = False
        if again:
            self.hung_up()


def build_control(
    config: Config,
    core: Core,
    services: Services,
    reactor: Any,
    *,
    manager: ServiceManager,
    strays: Callable[[], object],
    become: Callable[[Config], object],
    cut_over: Callable[[Mover], object],
    left: Move | None,
) -> Control:
    """Make all three and register their commands. `become` is told of the configuration that is in force from now on;
    `strays` looks for queues of connectors that are gone; `cut_over` and `left` as of Mover."""
    metrics, clock = core.metrics, core.clock
    workers = isinstance(services.http, HttpWorkers)

    def reloaded(good: bool) -> None:
        metrics.reloads.labels("ok" if good else "failed").inc()
        if good:
            metrics.config_loaded.set(clock.now_ms() / 1000)
        manager.ready()

    reloader = Reloader(
        config,
        catalog=core.catalog,
        tenancy=core.tenancy,
        reconfigure=services.connectors.reconfigure,
        clock=clock,
        parts=[
            *parts_of(
                certificates=services.certificates,
                workers=workers,
                maker=services.business.maker,
                rescheduler=services.rescheduler,
                api=services.api,
                smpp=services.smpp,
                sweeps=services.sweeps,
                retention=services.retention,
                desk=services.desk,
                rerouter=services.rerouter,
                notifier=services.notifier,
                http_client=services.http_client,
                authenticator=services.authenticator,
                operations=services.operations,
                strays=strays,
            ),
            Follows(["shutdown"], become),
            Follows(["tracing"], lambda new: core.tracing.become(new.tracing)),
            Follows(["connectors"], services.callbacks.follow),
        ],
        started_with=("log.",) if workers else (),
        reloading=manager.reloading,
        reloaded=reloaded,
    )
    drain = Drain(
        pipeline=services.pipeline, api=services.api, requests=services.smpp.requests, clock=clock
    )  # fmt: skip
    core.cluster.intake = drain.follow
    mover = Mover(
        config,
        reactor,
        clock,
        read=reloader.read,
        start=lambda *args: MoveProcess(reactor, *args),
        others=core.cluster.others,
        waiting=lambda: 0 if (spool := core.store.spooled()) is None else spool.messages,
        cut_over=cut_over,
        left=left,
    )
    core.needs.append(mover.needs)
    for command in (
        *StoreMoves(mover).commands(),
        *Configuration(reloader).commands(),
        *Drains(drain, core.store, services.dispatcher).commands(),
        *NodeCommands(core.cluster.nodes).commands(),
        *Plugins(lambda: reloader.config, PluginDesk(services.dispatcher, clock, reactor)).commands(),
    ):
        services.registry.add(command)
    return Control(reloader, drain, services.registry, mover)


def _not_reloaded(failure: Failure) -> None:
    if not isinstance(failure.value, CommandError):  # what is wrong with the file is in the log already
        _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
