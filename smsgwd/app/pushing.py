"""What tenants are owed, wired: the notifier for URLs, the outbox of ESMEs, and where several nodes share the store,
who of them pushes what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smsgwd.app.core import Core
from smsgwd.app.outbox_shares import OutboxShares
from smsgwd.app.outboxes import Outboxes
from smsgwd.config import Config
from smsgwd.net.turn import Turn
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.notify.notifier import Notifier
from smsgwd.ports.push import HttpClient


@dataclass(slots=True)
class Pushing:
    """Nothing of it is started."""

    notifier: Notifier
    esmes: EsmeOutbox
    outboxes: Outboxes


def build_pushing(
    config: Config, core: Core, reactor: Any, *, http: HttpClient, turn: Turn, absent: Callable[[str], None]
) -> Pushing:
    """`absent` is told of accounts that are owed something and have nothing bound anywhere that receives."""
    clock, store, tenancy, metrics = core.clock, core.store, core.tenancy, core.metrics
    shares = None if core.cluster.alone else OutboxShares(core.cluster, reactor)

    def missing(name: str) -> None:
        if shares is None or shares.calls(name):
            absent(name)

    notifier = Notifier(
        reactor,
        clock,
        store,
        http,
        tenancy.secrets,
        config.notify,
        batch_of=tenancy.dlr_batch,
        metrics=metrics,
        mine=None if shares is None else shares.mine,
    )
    esmes = EsmeOutbox(reactor, clock, store, absent=missing, metrics=metrics, turn=turn, elsewhere=shares)
    if shares is not None:
        shares.join(notifier, esmes)
    return Pushing(notifier, esmes, Outboxes(notifier, esmes, shares))
