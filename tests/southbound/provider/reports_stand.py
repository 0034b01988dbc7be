"""Reports of providers over the embedded store, for their tests."""

import shutil
import tempfile

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.app.event_desk import EventDesk
from smsgwd.model.changes import PartSent, PutTenant, Submit, TakeMo
from smsgwd.model.message import State
from smsgwd.model.tenant import Tenant
from smsgwd.net.clock import SystemClock
from smsgwd.net.turn import Turn
from smsgwd.providers.options import Options
from smsgwd.providers.plugin import Plugin, Provider
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.provider.reports import Reports
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeOutbox
from tests.store.samples import message

HOOK = "https://shop.example/events"
PLUGIN = Plugin("toy", "A toy.", Provider, Options)
ACCOUNTS = {"isms1": "isms", "isms2": "isms", "other": "other", "sim": "sim"}
OURS = ProviderSettings("isms1", PLUGIN, "isms", tenant="demo", number="306900000000")
GOOD = State.DELIVERED


class Wanted:
    """Routes of subscribers' messages: what `wants` says goes to demo's webhook."""

    def __init__(self):
        self.got, self.out = [], []
        self.wants = lambda mo: True

    def change(self, mo, group):
        self.got.append((mo, group))
        if not self.wants(mo):
            return None
        stop = mo.body == b"STOP"
        return TakeMo(
            "demo", account="esme", parts=(mo,), opts_out=True if stop else None, msisdn=mo.source, at=mo.received_at
        )

    def opted(self, change):
        self.out.append(change.msisdn)


class ReportCase(TestCase):
    """Reports over an embedded store with tenant demo."""

    timeout = 60

    async def setUp(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.clock = SystemClock()
        self.store = EmbeddedStore(reactor, directory)
        await self.store.open()
        self.demo = Tenant("demo", webhook_url=HOOK)
        await self.store.commit([PutTenant(self.demo)])
        self.outbox = FakeOutbox()
        self.wanted = Wanted()
        self.elsewhere, self.seen = [], []
        self.counts = Counts(None)
        self.reports = self.new_reports()

    def new_reports(self, timers=reactor, **options):
        return Reports(
            store=self.store,
            batch=Batch(self.store, self.outbox, timers, Turn(reactor)),
            clock=self.clock,
            account_of=ACCOUNTS.get,
            subscribers=self.wanted,
            events=EventDesk(store=self.store, tenants={"demo": self.demo}.get, outbox=self.outbox),
            tenants={"demo": self.demo}.get,
            accepted_elsewhere=lambda *told: told in self.elsewhere or self.elsewhere.append(told),
            counts=lambda connector: self.counts,
            seen=lambda *told: self.seen.append(told),
            **options,
        )

    async def tearDown(self):
        await self.store.close()

    async def put(self, parts=1, connector="isms1", **fields):
        now = self.clock.now_ms()
        new = message(
            parts=parts,
            connector=connector,
            submitted_at=now,
            deadline=now + 3_600_000,
            price=0,
            dlr_url=HOOK,
            **fields,
        )
        await self.store.commit([Submit("demo", [new], now)])
        return new

    async def sent(self, new, foreign_id, connector="isms1"):
        """The connector has its answer."""
        await self.store.commit(
            [
                PartSent(new.id, part + 1, foreign_id, ACCOUNTS[connector], connector, self.clock.now_ms(), "exact")
                for part in range(new.parts)
            ]
        )

    async def view(self, new):
        return await self.store.message("demo", new.id)

    async def state(self, new):
        return (await self.view(new)).message.state

    async def told(self, *events, settings=OURS):
        kept = await self.reports.take(settings, events)
        await deferLater(reactor, 0)  # what is owed is handed on behind the answer
        return kept
