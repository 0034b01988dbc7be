"""Tenants' HTTP: served by the gateway's own process, or by workers (`listeners.http.workers`). And operators', which
the gateway always serves itself.

What a worker runs is `edge_main`. Limits that count connections are shared out: each worker has its part of them.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from smsgwd.app.certificates import Certificates
from smsgwd.app.dialect_mounts import mounted, refuser
from smsgwd.app.observe import Requests
from smsgwd.config import Config
from smsgwd.config.model.listeners import HttpListener as HttpSection
from smsgwd.config.model.listeners import OpsListener
from smsgwd.dialects.mounts import Mounts
from smsgwd.net.edge_core import HttpWorkers
from smsgwd.net.edge_frames import Log, Setup
from smsgwd.net.http_message import Handler
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.tls import ReloadableServerOptions
from smsgwd.net.turn import Turn
from smsgwd.telemetry import Metrics

#: -P: no file that happens to lie in the working directory is taken for a module.
COMMAND = (sys.executable, "-P", "-m", "smsgwd.app.edge_main")


class RelayedCertificate(ReloadableServerOptions):
    """A certificate that the workers use. It is read here too: whoever asks for a reload hears what is wrong."""

    def __init__(self, cert: Path, key: Path) -> None:
        super().__init__(cert, key)
        self.relay: Callable[[], None] = lambda: None

    def prepare(self, cert: Path, key: Path, client_ca: Path | None) -> Callable[[], None]:
        """Read the files; to apply it is to have the workers read them, too: they know only those they began with."""
        apply = super().prepare(cert, key, client_ca)

        def apply_everywhere() -> None:
            apply()
            self.relay()

        return apply_everywhere


def build_http(
    reactor: Any,
    turn: Turn,
    handler: Handler,
    mounts: Mounts,
    config: Config,
    metrics: Metrics,
    certificates: Certificates,
) -> HttpListener | HttpWorkers | None:
    """Who serves tenants' HTTP, not listening yet; None without that listener. What is refused before `handler` sees it
    is told in the way of `mounts`. Raises net.tls.TlsError."""
    section = config.listeners.http
    if section is None:
        return None
    limits = HttpLimits(
        max_body=section.max_body,
        max_headers=section.max_headers,
        header_timeout_s=section.header_timeout_s,
        body_timeout_s=section.body_timeout_s,
        idle_timeout_s=section.idle_timeout_s,
        max_connections=section.max_connections,
    )
    observer = Requests(metrics, "http")
    tls = section.tls
    if not section.workers:
        return HttpListener(
            reactor,
            handler,
            limits,
            trusted_proxies=tuple(ipaddress.ip_network(network) for network in section.trusted_proxies),
            observer=observer,
            refuse=refuser(mounts),
            tls=None if tls is None else certificates.add("http", ReloadableServerOptions(tls.cert, tls.key)),
        )
    certificate = None if tls is None else RelayedCertificate(tls.cert, tls.key)
    workers = HttpWorkers(
        reactor,
        turn,
        handler,
        _setup(config, section, limits),
        COMMAND,
        section.workers,
        observer=observer,
        on_up=metrics.http_workers.set,
    )
    if certificate is not None:
        certificates.add("http", certificate)
        certificate.relay = workers.reload
    return workers


def build_ops(reactor: Any, handler: Handler, section: OpsListener, certificates: Certificates) -> HttpListener:
    """Who serves operators' HTTP, not listening yet. Raises net.tls.TlsError."""
    tls = section.tls
    return HttpListener(
        reactor,
        handler,
        HttpLimits(max_connections=section.max_connections),
        trusted_proxies=tuple(ipaddress.ip_network(network) for network in section.trusted_proxies),
        tls=None if tls is None else certificates.add("ops", ReloadableServerOptions(tls.cert, tls.key)),
    )


def _setup(config: Config, section: HttpSection, limits: HttpLimits) -> Setup:
    """What all workers are told."""
    log = config.log
    own = msgspec.structs.replace(limits, max_connections=-(-limits.max_connections // section.workers))
    return Setup(
        number=0,
        sockets=[],
        shares=(-1, 0),
        limits=msgspec.structs.asdict(own),
        trusted_proxies=[str(network) for network in section.trusted_proxies],
        certificate="" if section.tls is None else str(section.tls.cert),
        key="" if section.tls is None else str(section.tls.key),
        log=Log(log.level, log.format, log.show_numbers, log.show_text),
        mounts=mounted(config),
    )
