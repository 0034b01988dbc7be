"""The daemon's life: start in order, run, drain on a signal, end.

Start: store → tenants → pushes → connectors → sweeps → listeners → READY. Stop: intake closes first and what it took is
answered; then windows drain up to a limit, binds are unbound, pushes under way finish, and the store closes last.
Whatever a limit cuts off is in the store and taken up by the next start.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from smsgwd import __version__
from smsgwd.app.build import Services, build_services
from smsgwd.app.control import Control, build_control
from smsgwd.app.core import Core, build_core
from smsgwd.app.cut_over import DRAIN_S, LAST_S, CutOver
from smsgwd.app.duties import Duties
from smsgwd.app.logs import start_logging
from smsgwd.app.move_start import settled
from smsgwd.app.mover import Mover
from smsgwd.app.observe import Lag, Strays
from smsgwd.app.process import begin_anew, raise_file_limit, settle_memory
from smsgwd.app.secrets import KeyFileError
from smsgwd.app.sharing import follow_others
from smsgwd.app.status_line import StatusLine, total_of
from smsgwd.app.support import Unsupported, refuse_unsupported
from smsgwd.config import Config
from smsgwd.config.types import Address
from smsgwd.net.edge_core import HttpWorkers, WorkersFailed
from smsgwd.net.http_server import HttpListener
from smsgwd.net.inherited import InheritedError, is_handed_over, take_over
from smsgwd.net.inherited import check as check_handed_over
from smsgwd.net.listening import listen_unix
from smsgwd.net.reactor import install
from smsgwd.net.tls import TlsError
from smsgwd.ops.systemd import Heartbeat
from smsgwd.ops.systemd import Notifier as ServiceManager
from smsgwd.store.writer import CannotOpen
from smsgwd.telemetry import get_logger

_HTTP_LIMIT_S = 10.0
_PUSH_LIMIT_S = 5.0
_ESME_LIMIT_S = 10.0
_STOP_LIMITS_S = 2 * (_HTTP_LIMIT_S + _PUSH_LIMIT_S) + _ESME_LIMIT_S + 20.0  # all the waits of `_stop`, and its writes
_START_ERRORS = (
    InheritedError,
    CannotListenError,
    KeyFileError,
    TlsError,
    CannotOpen,
    Unsupported,
    WorkersFailed,
    ValueError,
    OSError,
)
_log = get_logger("daemon")


class Daemon:
    """One gateway in one process. `exit_status` is 0 after an orderly end, and `anew` True where it is to begin anew in
    the same process, on the store that counts then."""

    def __init__(self, config: Config, reactor: Any) -> None:
        self._config = config
        self._reactor = reactor
        self._manager = ServiceManager(os.environ)
        self._phase = "starting"
        self._hung_up_early = False
        self._core: Core | None = None
        self._services: Services | None = None
        self._control: Control | None = None
        self._addresses: dict[str, list[str]] = {}
        self._admin_port: Any = None
        self._lag: Lag | None = None
        self._strays: Strays | None = None
        self._duties: Duties | None = None
        self._status_line: StatusLine | None = None
        self._heartbeat = Heartbeat(reactor, self._manager, lambda: self._phase, self._line, self._fed)
        self._cut_over: CutOver | None = None
        self.exit_status = 1
        self.anew = False

    def run(self) -> int:
        """Run until a signal; the exit status."""
        self._reactor.callWhenRunning(self._begin)
        self._reactor.run(installSignalHandlers=False)
        return self.exit_status

    # -- start -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        signal.signal(signal.SIGHUP, self._hung_up)
        Deferred.fromCoroutine(self._start()).addErrback(self._start_failed)

    async def _start(self) -> None:
        config, reactor = self._config, self._reactor
        _log.info("daemon.starting", version=__version__, node=config.node, config=str(config.path))
        self._heartbeat.start()
        config, left = await settled(config, reactor)
        if self._phase != "starting":
            return
        self._config = config
        refuse_unsupported(config)
        take_over(os.environ)
        check_handed_over(listening_at(config))
        self._core = core = build_core(config, reactor)
        begun = core.clock.monotonic()
        await core.cluster.join()
        highest = await core.store.open()
        _log.info("store.opened", kind=config.store.kind, directory=str(config.data_dir))
        if self._phase != "starting":
            return  # a signal came meanwhile: `_stop` closes what was opened
        await core.catalog.load(core.store)
        if self._phase != "starting":
            return
        await core.tenancy.load(core.store, config.tenants, core.clock.now_ms())
        if self._phase != "starting":
            return
        self._services = services = build_services(
            config,
            core,
            reactor,
            highest_id=highest,
            phase=lambda: self._phase if self._control is None else self._control.phase(self._phase),
            addresses=lambda: self._addresses,
        )
        self._control = build_control(
            config,
            core,
            services,
            reactor,
            manager=self._manager,
            strays=self._look_for_strays,
            become=self._become,
            cut_over=self._move,
            left=left,
        )
        await services.notifier.start()
        if self._phase != "starting":
            return
        await services.esme_outbox.start()
        if self._phase != "starting":
            return
        await services.business.start()
        if self._phase != "starting":
            return
        await services.operations.start()
        if self._phase != "starting":
            return
        await services.connectors.start()
        if self._phase != "starting":
            return
        services.dispatcher.start()
        services.sweeps.start()
        services.watch.look()
        follow_others(core, services.business)
        services.rerouter.start()
        await self._listen(services)
        if self._phase != "starting":
            return
        self._strays = Strays(reactor, core.store, services.dispatcher, services.rerouter.adopt)
        self._duties = duties = Duties(core.cluster, reactor, services, self._strays)
        duties.begin()
        services.dispatcher.stranded = duties.stranded
        core.cluster.start()
        self._status_line = StatusLine(services.dispatcher, core.clock, lambda: total_of(core.metrics.parts))
        self._lag = Lag(reactor, core.clock, core.metrics)
        self._phase = "running"
        settle_memory()
        services.secret_desk.start()
        self._manager.ready()
        self._heartbeat.ready()
        _log.info("daemon.ready", seconds=round(core.clock.monotonic() - begun, 3))
        if self._hung_up_early:
            self._reload()

    async def _listen(self, services: Services) -> None:
        """Open the listeners, the tenants' last: whoever is answered is answered in full."""
        sections = self._config.listeners
        path = Path(self._config.admin.socket)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not is_handed_over(str(path)):
            _remove_stale(path)
        self._admin_port = listen_unix(self._reactor, str(path), services.admin, self._config.admin.mode)
        self._opened("admin", str(path))
        if sections.ops is not None and services.ops is not None:
            self._open("ops", services.ops, sections.ops.listen)
        if sections.callbacks is not None and services.callbacks.listener is not None:
            self._open("callbacks", services.callbacks.listener, sections.callbacks.listen)
        if sections.http is not None and services.http is not None:
            self._open("http", services.http, sections.http.listen)
            if isinstance(services.http, HttpWorkers):
                await services.http.start()
                if self._phase != "starting":
                    return
        for name in services.smpp.sections:
            for host, number in services.smpp.open(name):
                self._opened(name, str(Address(host, number)))

    def _open(self, name: str, listener: HttpListener | HttpWorkers, addresses: tuple[Address, ...]) -> None:
        for address in addresses:
            shared = self._config.listeners.shared and name != "ops"  # whoever asks for metrics means one node
            port = listener.listen(address.host, address.port, shared=shared)
            self._opened(name, str(Address(address.host, port)))

    def _opened(self, name: str, address: str) -> None:
        self._addresses.setdefault(name, []).append(address)
        _log.info("listener.opened", listener=name, address=address)

    def _line(self) -> str:
        return self._phase if self._status_line is None else self._status_line()

    def _fed(self) -> None:
        if self._core is not None and self._core.metrics is not None:
            self._core.metrics.watchdog.inc()

    # -- stop ------------------------------------------------------------------------------------------------------

    def _signalled(self, number: int, frame: object) -> None:
        self._reactor.callFromThread(self._asked_to_stop, signal.Signals(number).name)

    def _hung_up(self, number: int, frame: object) -> None:
        """SIGHUP: read the configuration and the certificates again."""
        self._reactor.callFromThread(self._reload)

    def _reload(self) -> None:
        if self._control is not None and self._phase == "running":
            self._control.hung_up()
        elif self._phase == "starting":
            self._hung_up_early = True  # what is read already may be older than what the signal is about

    def _become(self, config: Config) -> None:
        """This is the configuration in force."""
        self._config = config

    def _look_for_strays(self) -> None:
        if self._strays is not None:
            self._strays.look_soon()

    def _asked_to_stop(self, why: str) -> None:
        if self._cut_over is not None and not self._cut_over.stopped:
            self._cut_over.stop(why)
            return
        if self._phase in ("draining", "stopped"):  # asked twice: at once; everything acknowledged is durable
            _log.warning("daemon.drain_timeout", reason=f"{why} while draining")
            self._end(1)
            return
        self._phase = "draining"
        if self._control is not None:
            self._control.close()
        _log.info("daemon.stopping", reason=why)
        self._manager.stopping(self._config.shutdown.drain_s + _STOP_LIMITS_S)
        Deferred.fromCoroutine(self._stop(self._config.shutdown.drain_s)).addCallbacks(
            lambda _: self._end(0), self._failed
        )

    def _move(self, mover: Mover) -> None:
        """Stop for the last round of a move, and begin anew."""
        if self._phase != "running" or self._control is None:
            mover.give_up("the gateway was stopped")
            return
        self._cut_over = CutOver(mover, self._reactor)
        self._phase = "draining"
        self._control.close()
        _log.info("daemon.stopping", reason="the store is moved")
        self._manager.reloading("moving into another store")
        self._manager.starting(DRAIN_S + _STOP_LIMITS_S + LAST_S, "moving into another store")
        Deferred.fromCoroutine(self._moved(self._cut_over)).addCallbacks(lambda _: self._end(0), self._failed)

    async def _moved(self, cut_over: CutOver) -> None:
        await self._stop(min(DRAIN_S, self._config.shutdown.drain_s), DRAIN_S)
        await cut_over.end()
        self.anew = not cut_over.stopped

    async def _stop(self, drain_s: float, most_s: float = _HTTP_LIMIT_S) -> None:
        """Stop all, and close the store. `most_s`: that clients and ESMEs are waited for."""
        services, core = self._services, self._core
        if services is not None:
            services.pipeline.close()
            services.api.close()
            services.smpp.close()
            services.callbacks.close()
            if services.http is not None:
                await services.http.stop(most_s)
            await services.callbacks.stop(most_s)
            services.secret_desk.stop()
            services.watch.stop()
            await services.business.stop()
            services.sweeps.stop()
            services.retention.stop()
            services.rerouter.stop()
            if self._strays is not None:
                self._strays.stop()
            services.desk.stop()
            if self._duties is not None:
                self._duties.end()
            await services.dispatcher.drain(drain_s)
            await services.connectors.stop()
            await services.smpp.stop(most_s)
            await services.esme_outbox.stop(_PUSH_LIMIT_S)
            await services.notifier.stop(_PUSH_LIMIT_S)
            await services.operations.stop()
            await services.http_client.close()
            services.authenticator.stop()
            if services.ops is not None:
                await services.ops.stop(1.0)
            if self._admin_port is not None:
                await self._admin_port.stopListening()
            await services.admin.stop(1.0)
        if core is not None:
            await core.spool.stop()
            await core.cluster.stop()
            await core.store.close()
            await core.tracing.stop()
            _log.info("store.closed")
        if self._lag is not None:
            self._lag.stop()

    def _start_failed(self, failure: Failure) -> None:
        """A start that a signal broke off may trip over what is closed already: that is no failure."""
        if self._phase == "starting":
            self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        """Starting or stopping went wrong: say why and end."""
        if isinstance(failure.value, _START_ERRORS):
            _log.error("daemon.failed", reason=str(failure.value))
        else:
            _log.error("daemon.failed", reason=repr(failure.value), traceback=failure.getTraceback())
        self._end(1)

    def _end(self, status: int) -> None:
        """End the process with this status, once: the first reason stands."""
        if self._phase == "stopped":
            return
        self.exit_status = status
        self.anew = self.anew and not status
        self._phase = "stopped"
        # Python gives signals back to the system at its end, and one to reload would be the death of it then.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._heartbeat.stop()
        _log.info("daemon.stopped", status=status)
        if self._services is not None:
            self._services.authenticator.stop()
        if self._reactor.running:
            self._reactor.stop()


def listening_at(config: Config) -> dict[str, list[str]]:
    """Where each listener is configured to be, as `net.inherited` writes addresses."""
    found = {"admin": [str(config.admin.socket)]}
    for name in ("http", "callbacks", "smpp", "smpps", "ops"):
        section = getattr(config.listeners, name, None)
        if section is not None:
            found[name] = [str(address) for address in section.listen]
    return found


def _remove_stale(path: Path) -> None:
    """Remove a socket nobody answers on; raises OSError when somebody does, or when it is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise OSError(f"{path}: there is a file that is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(f"{path}: another daemon answers on this admin socket")


def run_daemon(config: Config) -> int:
    """Run the gateway in this process until it is told to stop; the exit status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody follows it
    start_logging(config.log)
    raise_file_limit()
    install()
    from twisted.internet import reactor

    sys.stdout.flush()
    daemon = Daemon(config, reactor)
    status = daemon.run()
    return begin_anew() if daemon.anew else status
