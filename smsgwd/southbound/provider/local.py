"""A provider in this process, beside everything else: for plugins that never block, and for tests of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.turn import Turn
from smsgwd.ports.clock import Clock
from smsgwd.southbound.provider.calls import Call, Done
from smsgwd.southbound.provider.engine import CannotRun, Engine, Terms
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.requests import client_for_plugins
from smsgwd.southbound.provider.said import sayer
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import ProviderMetrics, get_logger

NOT_RUNNING: Final = "its plugin does not run"
STOPPED: Final = "the connector stops"
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_log = get_logger("southbound")


class PermitTicket:
    """A request's place in `Permits`, and what is counted of it."""

    __slots__ = ("_asked", "_go", "_metrics", "_permits", "granted")

    def __init__(self, permits: Permits, go: Callable[[], None], metrics: ProviderMetrics | None = None) -> None:
        self._permits = permits
        self._metrics = metrics
        self._asked = 0.0
        self.granted = False
        self._go = go

    def ask(self) -> None:
        """Stand in line."""
        self._asked = self._permits.seconds()
        self._permits.ask(self, self._grant)

    def over(self, status: int = 0, written: bool = False) -> None:
        """See requests.Ticket."""
        if self.granted:
            self._permits.ended()
            if self._metrics is not None:
                self._metrics.request(status, written=written).inc()
        else:
            self._permits.forget(self)

    def _grant(self) -> None:
        self.granted = True
        if self._metrics is not None:
            self._metrics.permit_seconds.observe(self._permits.seconds() - self._asked)
        self._go()


class LocalGate:
    """Permits for requests that leave from this process (requests.Gate)."""

    def __init__(self, permits: Permits, metrics: ProviderMetrics | None = None) -> None:
        self._permits = permits
        self._metrics = metrics

    def ask(self, call: int, granted: Callable[[], None]) -> PermitTicket:
        """See Gate."""
        ticket = PermitTicket(self._permits, granted, self._metrics)
        ticket.ask()
        return ticket


class LocalRunner:
    """See runner.Runner."""

    def __init__(
        self,
        settings: ProviderSettings,
        reactor: Any,
        clock: Clock,
        permits: Permits,
        callback_url: str = "",
        *,
        trust_root: Any = None,
        metrics: ProviderMetrics | None = None,
    ) -> None:
        """`callback_url` is `Host.callback_url`; `trust_root` replaces the system's authorities (tests)."""
        self._settings = settings
        self._reactor = reactor
        self._clock = clock
        self._permits = permits
        self._callback_url = callback_url
        self._trust_root = trust_root
        self._metrics = metrics
        self._engine: Engine | None = None
        self._client: LeanHttpClient | None = None
        self._changed: Callable[[], None] = lambda: None
        self._timer: IDelayedCall | None = None
        self._wait_s = _FIRST_WAIT_S
        self._number = 0
        self._turn = Turn(reactor)
        self._told: list[tuple[Deferred[Done], Done]] = []
        self.state = "stopped"
        self.trouble = ""
        self.pid = 0
        self.restarts = 0  #: here: times that it was tried again

    def start(self, changed: Callable[[], None]) -> None:
        """See Runner."""
        self._changed = changed
        self._make()

    def _make(self) -> None:
        self._timer = None
        settings = self._settings
        terms = Terms(settings.id, self._callback_url, settings.connect_s, settings.answer_s)
        client = client_for_plugins(self._reactor, trust_root=self._trust_root)
        try:
            self._engine = Engine(
                settings.plugin,
                settings.options,
                terms,
                self._reactor,
                self._clock.now_ms,
                client,
                LocalGate(self._permits, self._metrics),
                sayer(settings.id),
            )
        except CannotRun as error:
            client.close()
            self.trouble = str(error)
            _log.error("provider.failed", connector=settings.id, reason=self.trouble, wait=self._wait_s)
            self._timer = self._reactor.callLater(self._wait_s, self._again)
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            self._be("failed")
            return
        self._client = client
        self._wait_s = _FIRST_WAIT_S
        _log.info("provider.started", connector=settings.id, plugin=settings.plugin.name, pid=0)
        self._be("running")

    def _again(self) -> None:
        self.restarts += 1
        if self._metrics is not None:
            self._metrics.worker_restarts.inc()
        self._make()

    def stop(self) -> Deferred[None]:
        """See Runner."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        engine, self._engine = self._engine, None
        client, self._client = self._client, None
        if engine is not None:
            engine.stop(STOPPED)
        self._tell_all()
        self._be("stopped")
        return succeed(None) if client is None else client.close()

    def call(self, call: Call, limit_s: float, *, record: bool = False) -> Deferred[Done]:
        """See Runner."""
        if self._engine is None:
            return succeed(Done(trouble=NOT_RUNNING))
        result: Deferred[Done] = Deferred()
        self._number += 1
        self._engine.begin(self._number, call, limit_s, record, lambda done: self._tell(result, done))
        return result

    def _tell(self, result: Deferred[Done], done: Done) -> None:
        """At the end of the turn: a call that ends at once would else have the next one begin inside of it."""
        if done.fault and self._metrics is not None:
            self._metrics.faults.inc()
        if not self._told:
            self._turn.add(self._tell_all)
        self._told.append((result, done))

    def _tell_all(self) -> None:
        told, self._told = self._told, []
        for result, done in told:
            result.callback(done)

    def _be(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._changed()
