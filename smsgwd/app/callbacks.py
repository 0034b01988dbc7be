"""Providers' callbacks, wired: their addresses, the desk that takes them, and where they come in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.app.callback_desk import CallbackDesk, Outcome, Receive, Receivers, Take
from smsgwd.app.callback_urls import CallbackUrls, roots_of
from smsgwd.app.certificates import Certificates
from smsgwd.app.core import Core
from smsgwd.app.observe import Requests
from smsgwd.config import Config
from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.net.http_message import Handler
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.tls import ReloadableServerOptions
from smsgwd.ops.access_log import AccessLog
from smsgwd.providers.callbacks import CallbackRequest
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.calls import Receive as AskToRead
from smsgwd.southbound.provider.connector import ProviderConnector as ProviderHost
from smsgwd.southbound.provider.settings import ProviderSettings

_READ_S: Final = 5.0  # that a plugin may take to read a callback: it makes no requests meanwhile


class Receiving:
    """Who reads the callbacks of each connector: its plugin, wherever that runs. Implements `callback_desk.Receivers`.

    A connector that is paused goes on reading; one whose plugin does not run answers that it does not.
    """

    def __init__(self, find: Callable[[str], ProviderHost | None]) -> None:
        """`find` gives a provider connector by id."""
        self._find = find

    def receiver(self, connector: str) -> tuple[ProviderSettings, Receive] | None:
        """See Receivers."""
        found = self._find(connector)
        if found is None:
            return None
        host = found

        def receive(request: CallbackRequest) -> Deferred[Done]:
            host.callbacks += 1
            return host.call(AskToRead(request), limit_s=_READ_S)

        return host.settings, receive


class Callbacks:
    """The desk, and the listener that is its own (None without section `listeners.callbacks`)."""

    def __init__(self, desk: CallbackDesk, listener: HttpListener | None, *, on_http: bool) -> None:
        self.desk = desk
        self.listener = listener
        self._on_http = on_http

    def over(self, behind: Handler) -> Handler:
        """What the tenants' listener serves: callbacks, where they are taken there, before what is behind."""
        return self.desk.over(behind) if self._on_http else behind

    def close(self) -> None:
        """The gateway stops: what comes from now on is to come again."""
        self.desk.close()

    async def stop(self, limit_s: float) -> None:
        """Close the listener of its own; those under way are answered within `limit_s` seconds."""
        if self.listener is not None:
            await self.listener.stop(limit_s)

    def follow(self, config: Config) -> None:
        """Addresses of a configuration that was read again; those of the one before are known on."""
        self.desk.follow(_roots(config))


def build_callbacks(
    config: Config,
    core: Core,
    reactor: Any,
    *,
    urls: CallbackUrls,
    receivers: Receivers,
    take: Take,
    access_log: AccessLog,
    certificates: Certificates,
) -> Callbacks:
    """`urls` know the addresses, `receivers` who reads what comes there, `take` makes it durable.

    Nothing is listening yet. Raises net.tls.TlsError for a certificate that cannot be used.
    """
    metrics = core.metrics

    def count(connector: str, outcome: Outcome) -> None:
        metrics.provider(connector).callback(outcome).inc()

    desk = CallbackDesk(
        urls=urls,
        receivers=receivers,
        take=take,
        clock=core.clock,
        roots=_roots(config),
        count=count,
    )
    section = config.listeners.callbacks
    if section is None:
        return Callbacks(desk, None, on_http=True)
    tls = section.tls
    listener = HttpListener(
        reactor,
        access_log.over(desk.handle),
        HttpLimits(
            max_body=section.max_body,
            max_headers=section.max_headers,
            header_timeout_s=section.header_timeout_s,
            body_timeout_s=section.body_timeout_s,
            idle_timeout_s=section.idle_timeout_s,
            max_connections=section.max_connections,
        ),
        trusted_proxies=tuple(ipaddress.ip_network(network) for network in section.trusted_proxies),
        observer=Requests(metrics, "callbacks"),
        tls=None if tls is None else certificates.add("callbacks", ReloadableServerOptions(tls.cert, tls.key)),
    )
    return Callbacks(desk, listener, on_http=section.also_on_http)


def _roots(config: Config) -> tuple[str, ...]:
    own = [each.callbacks.base_url for each in config.connectors if isinstance(each, ProviderConnector)]
    return roots_of(config.public_url, own)
