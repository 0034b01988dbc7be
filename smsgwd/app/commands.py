"""The commands of the admin socket, each family with what it works on."""

from __future__ import annotations

from smsgwd.app.certificates import Certificates
from smsgwd.app.erasure import Erasure
from smsgwd.app.outboxes import Outboxes
from smsgwd.app.tenancy import Tenancy
from smsgwd.northbound.esme.server import EsmeServer
from smsgwd.ops.certificates import Tls
from smsgwd.ops.connectors import Connectors
from smsgwd.ops.esmes import Esmes
from smsgwd.ops.messages import Messages
from smsgwd.ops.optouts import OptOuts
from smsgwd.ops.orphans import Orphans
from smsgwd.ops.outbox import Outbox
from smsgwd.ops.registry import Registry
from smsgwd.ops.status import Status
from smsgwd.ops.store import StoreCommands
from smsgwd.ops.tenants import Tenants
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Progress, Store


def build_registry(
    *,
    status: Status,
    tenancy: Tenancy,
    esmes: EsmeServer,
    store: Store,
    clock: Clock,
    outboxes: Outboxes,
    dispatcher: Dispatcher,
    erasure: Erasure,
    certificates: Certificates,
) -> Registry:
    """Every command there is."""

    def erasing() -> dict[str, Progress]:
        progress = erasure.progress
        return {} if progress is None else {"message erase": progress}

    directory = tenancy.directory
    return Registry(
        [
            *status.commands(),
            *Connectors(dispatcher).commands(),
            *Tenants(tenancy.secrets).commands(),
            *Esmes(esmes).commands(),
            *Outbox(store, clock, outboxes.look).commands(),
            *Messages(store, erasure.erase).commands(),
            *Orphans(store, clock, outboxes, dispatcher).commands(),
            *OptOuts(store, clock, lambda tenant: directory.tenant(tenant) is not None).commands(),
            *StoreCommands(store, erasing).commands(),
            *Tls(certificates.reload).commands(),
        ]
    )
