"""What operators want of connectors: kept as records, and told to the sending side when it begins and after a reload.

A wish is durable before it counts. What the configuration says stays as it is in the file; a wish goes over it until an
operator takes it back, also through restarts and reloads, and while the connector is out of the configuration.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock, succeed

from smsgwd.app.connector_shown import shown
from smsgwd.app.provider_parts import AnySettings
from smsgwd.model.records import CONNECTOR, ConnectorWish
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ops.connectors import Verb
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.reconfigured import Reconfigured
from smsgwd.telemetry import get_logger

T = TypeVar("T")


class NodeConnectors(Protocol):
    """This node's part of the connectors (`cluster_connectors`)."""

    def start(self, wanted: Callable[[], Deferred[None]], rebind: Callable[[str], object]) -> None:
        """The connectors are about to start. `wanted` is called when operators may have asked another node, `rebind`
        when one of these asked it to bind a connector anew."""

    def declare(self, connectors: Sequence[AnySettings]) -> None:
        """These are the connectors from now on."""

    def changed(self) -> None:
        """What operators want has changed: the other nodes are to look."""

    def rebind(self, connector: str) -> None:
        """The other nodes are to bind it anew, as this one does. Who is cut off just then does not hear of it."""

    def stop(self) -> Deferred[None]:
        """The connectors are drained: others may have what was this node's. Never fails."""


_PAGE: Final = 500
_STATES: Final[Mapping[Verb, str]] = {"start": "on", "resume": "on", "pause": "paused", "stop": "stopped"}
_AS_CONFIGURED: Final = ConnectorWish()
_log = get_logger("daemon")


class ConnectorDesk:
    """Implements `ops.connectors.Desk`. `configured` are the connectors as the configuration has them."""

    def __init__(
        self,
        configured: Sequence[AnySettings],
        dispatcher: ConnectorDispatcher,
        records: Records,
        clock: Clock,
        tenants: Callable[[str], object] = lambda tenant: tenant,
        nodes: NodeConnectors | None = None,
    ) -> None:
        """`tenants` gives a tenant by its id, or None. `nodes` is there where there are other nodes."""
        self._configured = {settings.id: settings for settings in configured}
        self._dispatcher = dispatcher
        self._records = records
        self._clock = clock
        self._tenants = tenants
        self._nodes = nodes
        self._wishes: dict[str, ConnectorWish] = {}
        self._turns = DeferredLock()  # what is kept and what counts change in the same order

    async def start(self) -> None:
        """Read what operators want and tell it, before the connectors begin. Raises StoreUnavailable."""
        self._wishes = await self._read()
        for name in self._configured:
            self._tell(name)
        self._say_owners_unknown()
        if self._nodes is not None:
            self._nodes.start(lambda: Deferred.fromCoroutine(self.look()), self._rebind_too)
            self._nodes.declare(list(self._configured.values()))

    def stop(self) -> Deferred[None]:
        """The connectors are drained: other nodes may have what was theirs. Never fails."""
        return succeed(None) if self._nodes is None else self._nodes.stop()

    async def look(self) -> None:
        """Operators may have asked another node for something: do it here, too. Raises StoreUnavailable."""
        await self._turns.acquire()
        try:
            before, self._wishes = self._wishes, await self._read()
            for name, settings in self._configured.items():
                old, new = before.get(name, _AS_CONFIGURED), self._wish(name)
                if (old.throughput, old.window) != (new.throughput, new.window):
                    now = self._overlaid(settings)
                    self._dispatcher.set_limits(name, throughput=now.throughput, window=_window(now))
                if old.state != new.state:
                    self._apply(name, new.state)
        finally:
            self._turns.release()

    async def _read(self) -> dict[str, ConnectorWish]:
        """What operators want, by connector."""
        wishes: dict[str, ConnectorWish] = {}
        after = ""
        while found := await self._records.page(CONNECTOR, "", after, _PAGE):
            for record in found:
                try:
                    wishes[record.key] = msgspec.json.decode(record.value, type=ConnectorWish)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    _log.error("record.unusable", kind=CONNECTOR, key=record.key, reason=str(error))
            after = found[-1].key
            if len(found) < _PAGE:
                break
        return wishes

    def reconfigure(self, configured: Sequence[AnySettings]) -> Reconfigured:
        """A reload: these are the connectors now (`ConnectorDispatcher.reconfigure`). What operators want goes on."""
        done = self._dispatcher.reconfigure([self._overlaid(settings) for settings in configured])
        self._configured = {settings.id: settings for settings in configured}
        for name in done.added:
            self._tell(name)
        self._say_owners_unknown()
        if self._nodes is not None:
            self._nodes.declare(configured)
        return done

    # -- ops.connectors.Desk ---------------------------------------------------------------------------------------

    def wish(self, connector: str) -> dict[str, Any]:
        """See ops.connectors.Desk."""
        self._known(connector)
        wish = self._wish(connector)
        return {name: getattr(wish, name) for name in wish.__struct_fields__}

    def config(self, connector: str) -> dict[str, Any]:
        """See ops.connectors.Desk."""
        self._known(connector)
        return shown(self._dispatcher.settings(connector))

    def configured(self, connector: str) -> tuple[float, int]:
        """See ops.connectors.Desk."""
        settings = self._known(connector)
        return settings.throughput, _window(settings)

    def want(self, connector: str, who: str, verb: Verb, reason: str = "") -> Deferred[None]:
        """See ops.connectors.Desk."""
        return Deferred.fromCoroutine(self._want(connector, who, verb, reason))

    def limit(self, connector: str, who: str, limits: Mapping[str, float | int | None]) -> Deferred[None]:
        """See ops.connectors.Desk."""
        return Deferred.fromCoroutine(self._limit(connector, who, limits))

    def rebind(self, connector: str, bind: int | None) -> None:
        """See ops.connectors.Desk."""
        settings = self._known(connector)
        if isinstance(settings, ProviderSettings):
            if bind is not None:
                raise Refused(Refusal.INVALID, f"{connector} has no binds: without `bind` its plugin is started anew")
            count = 1
        else:
            count = settings.binds * (2 if settings.bind == "tx_rx" else 1)
        if bind is not None and not 0 <= bind < count:
            raise Refused(Refusal.INVALID, f"{connector} has no bind {bind}; they are numbered from 0 to {count - 1}")
        if self._wish(connector).state == "stopped":
            raise Refused(Refusal.INVALID, f"{connector} is stopped: connector start {connector} binds it")
        try:
            self._dispatcher.rebind(connector, bind)
        except ValueError as error:
            whose = "" if self._nodes is None or bind is None else " (this node's: see `node binds`)"
            raise Refused(Refusal.INVALID, f"{error}{whose}") from None
        if self._nodes is not None and bind is None:
            self._nodes.rebind(connector)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _rebind_too(self, connector: str) -> None:
        """An operator asked another node for it."""
        if connector in self._configured and self._wish(connector).state != "stopped":
            with contextlib.suppress(ValueError):  # it stops, or is gone by now
                self._dispatcher.rebind(connector, None)

    async def _want(self, connector: str, who: str, verb: Verb, reason: str) -> None:
        closed: Deferred[None] | None = None
        await self._turns.acquire()
        try:
            self._known(connector)
            wish = self._wish(connector)
            if verb in ("pause", "resume") and wish.state == "stopped":
                raise Refused(Refusal.INVALID, f"{connector} is stopped: connector start {connector} binds it")
            new = msgspec.structs.replace(wish, state=_STATES[verb], reason=reason, who=who, at=self._clock.now_ms())
            await self._keep(connector, new)
            closed = self._asked(lambda: self._apply(connector, new.state))
        finally:
            self._turns.release()
        if closed is not None:
            await closed

    async def _limit(self, connector: str, who: str, limits: Mapping[str, float | int | None]) -> None:
        await self._turns.acquire()
        try:
            settings = self._known(connector)
            wish = msgspec.structs.replace(self._wish(connector), who=who, at=self._clock.now_ms(), **limits)
            await self._keep(connector, wish)
            now = self._overlaid(settings)
            self._asked(lambda: self._dispatcher.set_limits(connector, throughput=now.throughput, window=_window(now)))
        finally:
            self._turns.release()

    async def _keep(self, connector: str, wish: ConnectorWish) -> None:
        """Make it durable. One that says nothing but what the configuration says is not kept."""
        if (wish.state, wish.throughput, wish.window) == ("on", None, None):
            await self._records.drop(CONNECTOR, "", connector)
            self._wishes.pop(connector, None)
        else:
            await self._records.put(CONNECTOR, "", connector, msgspec.json.encode(wish))
            self._wishes[connector] = wish
        if self._nodes is not None:
            self._nodes.changed()

    def _apply(self, connector: str, state: str) -> Deferred[None] | None:
        if state == "stopped":
            return self._dispatcher.stop(connector)
        if state == "paused":
            self._dispatcher.pause(connector)
        else:
            self._dispatcher.start_one(connector)
        return None

    def _tell(self, connector: str) -> None:
        """Tell the sending side what is wanted of one that begins."""
        wish = self._wish(connector)
        if wish is _AS_CONFIGURED:
            return
        now = self._overlaid(self._configured[connector])
        self._dispatcher.set_limits(connector, throughput=now.throughput, window=_window(now))
        if wish.state != "on":
            _log.warning("connector.not_on", connector=connector, state=wish.state, who=wish.who, reason=wish.reason)
            self._apply(connector, wish.state)

    def _say_owners_unknown(self) -> None:
        """The tenants file need not have all tenants, so `smsgwd check` cannot say it."""
        for settings in self._configured.values():
            owner = settings.tenant if isinstance(settings, ProviderSettings) else None
            if owner is not None and self._tenants(owner) is None:
                _log.warning("provider.tenant_unknown", connector=settings.id, tenant=owner)

    def _overlaid(self, settings: AnySettings) -> AnySettings:
        """The settings of the configuration with what operators want over them."""
        wish = self._wish(settings.id)
        if wish.throughput is not None:
            settings = replace(settings, throughput=wish.throughput)
        if wish.window is not None:
            if isinstance(settings, ProviderSettings):
                return replace(settings, window=wish.window)
            settings = replace(settings, session=replace(settings.session, window=wish.window))
        return settings

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the sending side refuses (it stops, the connector is gone by now) is told as a refusal."""
        try:
            return ask()
        except ValueError as error:
            raise Refused(Refusal.INVALID, str(error)) from None

    def _wish(self, connector: str) -> ConnectorWish:
        return self._wishes.get(connector, _AS_CONFIGURED)

    def _known(self, connector: str) -> AnySettings:
        found = self._configured.get(connector)
        if found is None:
            there = ", ".join(self._configured) or "none"
            raise Refused(Refusal.INVALID, f"there is no connector {connector}; there are: {there}")
        return found


def _window(settings: AnySettings) -> int:
    return settings.window if isinstance(settings, ProviderSettings) else settings.session.window
