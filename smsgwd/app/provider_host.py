"""The host of provider connectors: what all of them share, and how one is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smsgwd.app.account_permits import AccountPermits
from smsgwd.app.callback_urls import CallbackUrls
from smsgwd.app.callbacks import Callbacks, Receiving, build_callbacks
from smsgwd.app.certificates import Certificates
from smsgwd.app.core import Core
from smsgwd.app.event_desk import EventDesk
from smsgwd.config import Config
from smsgwd.model.message import Message
from smsgwd.model.tenant import Tenant
from smsgwd.ops.access_log import AccessLog
from smsgwd.ports.dispatch import Ways
from smsgwd.ports.mo import Subscribers
from smsgwd.ports.push import Outbox
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.provider.account import Account
from smsgwd.southbound.provider.connector import ProviderConnector, Tools
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.polling import Polling
from smsgwd.southbound.provider.reports import Reports
from smsgwd.southbound.provider.runner import Runner
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.runtime import Runtime
from smsgwd.telemetry import ConnectorMetrics


class ProviderHost:
    """Makes provider connectors (`southbound.dispatcher.Providers`); `join` before the first one starts."""

    _reports: Reports
    _find: Callable[[str], ProviderConnector | None]

    def __init__(
        self,
        config: Config,
        core: Core,
        runtime: Runtime,
        outbox: Outbox,
        *,
        ways: Ways,
        subscribers: Subscribers,
        tenants: Callable[[str], Tenant | None],
    ) -> None:
        self._runtime = runtime
        self._store = core.store
        self._outbox = outbox
        self._urls = CallbackUrls(config.public_url)
        core.vault.listen(self._urls.use)
        self._metrics = core.metrics
        self._ways = ways
        self._subscribers = subscribers
        self._events = EventDesk(store=core.store, tenants=tenants, outbox=outbox)
        self._tenants = tenants
        self._connectors: dict[str, ProviderConnector] = {}  # also those that leave: their last reports count
        self._permits = AccountPermits(runtime.reactor, core.cluster)

    def make(
        self,
        settings: ProviderSettings,
        batch: Batch,
        metrics: ConnectorMetrics | None,
        hand_over: Callable[[Sequence[Message]], None],
    ) -> ProviderConnector:
        """A connector, not started. All have one batch of changes, the dispatcher's."""
        tools = Tools(
            self._runtime,
            self._store,
            batch,
            self._runner,
            self._permits.of,
            self._callback_url,
            self._asking,
            self._figures,
            self._ways,
            metrics,
            self._metrics.provider(settings.id),
        )
        made = self._connectors[settings.id] = ProviderConnector(settings, tools, hand_over)
        return made

    def forget(self, connector: str) -> None:
        """A connector of any kind that a reload removed is closed."""
        self._connectors.pop(connector, None)
        self._permits.forget(connector)
        self._metrics.forget_connector(connector)

    def join(self, dispatcher: ConnectorDispatcher) -> None:
        """What providers report becomes durable with the changes of the connectors."""
        batch = dispatcher.batch
        self._find = dispatcher.provider
        self._reports = Reports(
            store=self._store,
            batch=batch,
            clock=self._runtime.clock,
            account_of=self._account_of,
            subscribers=self._subscribers,
            events=self._events,
            tenants=self._tenants,
            accepted_elsewhere=self._reported,
            counts=self._counts,
            seen=lambda connector, kind: self._metrics.provider(connector).event(kind).inc(),
        )

    def callbacks(
        self, config: Config, core: Core, reactor: Any, access_log: AccessLog, certificates: Certificates
    ) -> Callbacks:
        """Where providers call. Raises net.tls.TlsError."""
        return build_callbacks(
            config,
            core,
            reactor,
            urls=self._urls,
            receivers=Receiving(self._find),
            take=self._reports.take,
            access_log=access_log,
            certificates=certificates,
        )

    def _account_of(self, connector: str) -> str | None:
        found = self._connectors.get(connector)
        return None if found is None else found.settings.group

    def _counts(self, connector: str) -> Counts | None:
        found = self._connectors.get(connector)
        return None if found is None else found.counts

    def _reported(self, connector: str, message_id: int, foreign_id: str) -> None:
        found = self._connectors.get(connector)
        if found is not None:
            found.reported(message_id, foreign_id)

    def _runner(self, settings: ProviderSettings, permits: Permits) -> Runner:
        runtime = self._runtime
        metrics, url = self._metrics.provider(settings.id), self._callback_url(settings, 0)
        # Imported here: a gateway without providers shall not pay for them.
        if settings.isolated:
            from smsgwd.southbound.provider.worker import ProcessRunner

            return ProcessRunner(settings, runtime.reactor, runtime.clock, permits, url, metrics=metrics)
        from smsgwd.southbound.provider.local import LocalRunner

        return LocalRunner(settings, runtime.reactor, runtime.clock, permits, url, metrics=metrics)

    def _callback_url(self, settings: ProviderSettings, message_id: int) -> str:
        if not settings.callbacks:
            return ""
        return self._urls.url_for(settings.id, message_id or None, settings.callback_base)

    def _asking(self, connector: ProviderConnector) -> Polling:
        settings = connector.settings
        return Polling(
            settings,
            self._runtime.reactor,
            self._runtime.clock,
            self._store,
            connector.call,
            lambda reports: self._reports.take(connector.settings, reports),
            self._outbox,
            random=self._runtime.random,
            may_ask=lambda: connector.may_ask,
            heard=connector.heard,
            metrics=self._metrics.provider(settings.id),
        )

    def _figures(self, connector: ProviderConnector) -> Account:
        return Account(
            connector.settings,
            self._runtime.reactor,
            self._runtime.clock,
            connector.call,
            random=self._runtime.random,
            may_ask=lambda: connector.may_ask,
            metrics=self._metrics.provider(connector.id),
        )
