"""Tenants over SMPP, wired: who may bind, what they ask, what they are owed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred

from smsgwd.admission.admit import Account
from smsgwd.app.certificates import Certificates
from smsgwd.app.esmes import EsmeService
from smsgwd.app.messages import MessageService
from smsgwd.app.pipeline import Pipeline
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.config import Config
from smsgwd.config.model.listeners import SmppListener, SmppsListener
from smsgwd.net.tls import ReloadableServerOptions
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import Wiretap
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.northbound.esme.outbinds import Outbinds
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.northbound.esme.requests import Requests
from smsgwd.northbound.esme.server import EsmeServer
from smsgwd.northbound.esme.shared_binds import Counts
from smsgwd.northbound.pace import Pace
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store
from smsgwd.telemetry import Metrics


@dataclass(slots=True)
class SmppEdge:
    """The server with what calls absent accounts; opened once everything behind it runs."""

    server: EsmeServer
    requests: Requests
    outbinds: Outbinds
    sections: dict[str, SmppListener]
    certificates: Certificates
    shared: bool = False  #: other nodes on this host listen there, too

    def open(self, name: str) -> list[tuple[str, int]]:
        """Open a listener; (host, port) of each of its addresses. Raises CannotListenError, TlsError."""
        section = self.sections[name]
        options = None
        if isinstance(section, SmppsListener):
            tls = section.tls
            options = ReloadableServerOptions(
                tls.cert, tls.key, client_ca=tls.client_ca, required=tls.client_cert == "required"
            )
            self.certificates.add(name, options)
        return self.server.listen(name, section, options, shared=self.shared)

    def close(self) -> None:
        """Take nothing new: requests and binds are answered 0x08, what was taken goes on."""
        self.requests.close()
        self.outbinds.stop()
        self.server.stopping = True

    def follow(self, max_parts: int) -> None:
        """Refuse what is longer than so many parts from now on."""
        self.requests.follow(max_parts, [bind for account in self.server.accounts() for bind in account.binds])

    def stop(self, limit_s: float) -> Deferred[None]:
        """Unbind everybody in order; fires when all are gone, cut off after `limit_s` seconds."""
        return self.server.stop(limit_s)


def build_smpp_edge(
    config: Config,
    *,
    reactor: Any,
    clock: Clock,
    turn: Turn,
    tenancy: Tenancy,
    accounts: Callable[[str], Account | None],
    vault: Vault,
    authenticator: PasswordAuthenticator,
    pipeline: Pipeline,
    messages: MessageService,
    store: Store,
    dispatcher: Dispatcher,
    outbox: EsmeOutbox,
    certificates: Certificates,
    pace: Pace,
    pressed: Callable[[], bool],
    scheduled: Callable[[int], None],
    metrics: Metrics,
    tap: Wiretap,
    counts: Counts | None = None,
) -> SmppEdge:
    """The server, with nothing open yet. The first section sets what holds for all listeners together."""
    listeners = config.listeners
    sections: dict[str, SmppListener] = {}
    if listeners.smpp is not None:
        sections["smpp"] = listeners.smpp
    if listeners.smpps is not None:
        sections["smpps"] = listeners.smpps
    first = next(iter(sections.values()), None)
    limits = {} if first is None else {"inbound_window": first.inbound_window}
    esmes = EsmeService(
        store=store,
        dispatcher=dispatcher,
        clock=clock,
        pipeline=pipeline,
        messages=messages,
        accounts=accounts,
        scheduled=scheduled,
    )
    requests = Requests(
        submitter=pipeline,
        messages=messages,
        esmes=esmes,
        clock=clock,
        reactor=reactor,
        metrics=metrics,
        pace=pace,
        fill=pipeline.fill,
        ready=dispatcher.ready,
        pressed=pressed,
        max_parts=config.limits.max_parts,
        **limits,
    )
    server = EsmeServer(
        reactor=reactor,
        clock=clock,
        turn=turn,
        authenticator=authenticator,
        requests=requests,
        answers=outbox,
        metrics=metrics,
        tap=tap,
        counts=counts,
    )
    outbinds = Outbinds(
        reactor=reactor, server=server, directory=tenancy.directory, open_secret=vault.open, random=random.random
    )
    return SmppEdge(server, requests, outbinds, sections, certificates, config.listeners.shared)


def throttle_delay_s(config: Config) -> float:
    """How long an ESME over its rate waits; the first SMPP listener says so for all."""
    section = config.listeners.smpp or config.listeners.smpps
    return 0.0 if section is None else section.throttle_delay_s
