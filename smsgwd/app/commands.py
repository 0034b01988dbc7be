"""The commands of the admin socket, each family with what it works on."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.app.catalog import Catalog
from smsgwd.app.certificates import Certificates
from smsgwd.app.connector_desk import ConnectorDesk
from smsgwd.app.contact_pushes import ContactPushes
from smsgwd.app.erasure import Erasure
from smsgwd.app.event_desk import EventDesk
from smsgwd.app.looking import Looking
from smsgwd.app.messages import MessageService
from smsgwd.app.operations import Operations
from smsgwd.app.outboxes import Outboxes
from smsgwd.app.pdus import EncodedAgain
from smsgwd.app.queue_desk import QueueDesk
from smsgwd.app.resend import Resend
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.northbound.esme.server import EsmeServer
from smsgwd.ops.audit import Audit
from smsgwd.ops.blacklist import Blacklist
from smsgwd.ops.cdr import Cdr
from smsgwd.ops.certificates import Tls
from smsgwd.ops.connectors import Connectors
from smsgwd.ops.contact_pushes import ContactPushCommands
from smsgwd.ops.content import Content
from smsgwd.ops.credentials import Credentials
from smsgwd.ops.credit import Credit
from smsgwd.ops.dlr import Receipts
from smsgwd.ops.esmes import Esmes
from smsgwd.ops.events import Events
from smsgwd.ops.figures import Figures
from smsgwd.ops.held import Held
from smsgwd.ops.ledger import Ledger
from smsgwd.ops.messages import Messages
from smsgwd.ops.optouts import OptOuts
from smsgwd.ops.orphans import Orphans
from smsgwd.ops.outbox import Outbox
from smsgwd.ops.plans import Plans
from smsgwd.ops.prices import Prices
from smsgwd.ops.queue import Queues
from smsgwd.ops.registry import Registry
from smsgwd.ops.routes import Routing
from smsgwd.ops.secrets import Keys, Secrets
from smsgwd.ops.sender_files import SenderFiles
from smsgwd.ops.senders import Senders
from smsgwd.ops.status import Status
from smsgwd.ops.store import StoreCommands
from smsgwd.ops.tenant_files import TenantFiles
from smsgwd.ops.tenants import Tenants, TenantSettings
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.records import Records
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
    records: Records,
    catalog: Catalog,
    desk: TenantDesk,
    wake: Callable[[int], None],
    queues: QueueDesk,
    messages: MessageService,
    resend: Resend,
    connectors: ConnectorDesk,
    encoding: EncodedAgain,
    secrets: Keys,
    operations: Operations,
    looking: Looking,
    figures: Figures,
    contact_pushes: ContactPushes,
) -> Registry:
    """Every command there is."""

    def erasing() -> dict[str, Progress]:
        progress = erasure.progress
        return queues.progress | ({} if progress is None else {"message erase": progress})

    directory = tenancy.directory

    def known(tenant: str) -> bool:
        return directory.tenant(tenant) is not None

    def region(tenant: str) -> str | None:
        found = directory.tenant(tenant)
        return None if found is None else found.region

    events = EventDesk(store=store, tenants=directory.tenant, outbox=outboxes)

    def payers(price_list: str) -> list[str]:
        return sorted(tenant.id for tenant in directory.tenants() if tenant.price_list == price_list)

    ledger = Ledger(store, clock, directory.tenant)
    return Registry(
        [
            *status.commands(),
            *figures.commands(),
            *Connectors(dispatcher, connectors, store, clock).commands(),
            *ContactPushCommands(contact_pushes).commands(),
            *Tenants(tenancy.secrets).commands(),
            *Esmes(esmes).commands(),
            *looking.commands(dispatcher, known),
            *Outbox(store, clock, outboxes.look).commands(),
            *Queues(store, clock, dispatcher, queues).commands(),
            *Messages(store, erasure.erase, messages, resend, encoding).commands(),
            *Receipts(store, clock, outboxes.look).commands(),
            *Orphans(store, clock, outboxes, dispatcher).commands(),
            *OptOuts(store, clock, known, region).commands(),
            *Events(events.push, clock, known).commands(),
            *TenantSettings(directory, desk, store, clock).commands(),
            *TenantFiles(directory, desk).commands(),
            *Credentials(directory, desk, clock, records).commands(),
            *ledger.commands(),
            *Credit(store, desk, ledger, directory.tenant).commands(),
            *Prices(records, clock, payers).commands(),
            *Senders(records, clock, known).commands(),
            *SenderFiles(records, clock, known).commands(),
            *Content(records, known).commands(),
            *Blacklist(store, clock).commands(),
            *Held(store, clock, known, wake, outboxes.offer).commands(),
            *Plans(records).commands(),
            *Routing(records, clock, lambda: catalog.routes, catalog.explain, known, region).commands(),
            *StoreCommands(store, erasing).commands(),
            *Secrets(secrets).commands(),
            *Tls(certificates.reload).commands(),
            *Audit(store).commands(),
            *Cdr(operations.cdr).commands(),
            *operations.people.commands(),
        ],
        operations.journal,
    )
