"""Links, lookups and other times over the embedded store: what is durable, what is paid, what a restart leaves."""

import json
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred, succeed
from twisted.trial.unittest import TestCase

from smsgwd.app.link_desk import LinkDesk
from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.app.messages import MessageService
from smsgwd.app.reschedule import Rescheduler
from smsgwd.config.model.lookups import Lookups as Section
from smsgwd.config.model.runtime import Limits
from smsgwd.model.changes import PutTenant, Submit
from smsgwd.model.ids import IdGenerator
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.message import State
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.clock import SystemClock
from smsgwd.northbound.bills import Bills
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeDispatcher, FakeOutbox
from tests.app.made import message

MOTHER = Tenant("mother", credit=1_000_000, lookup_price=2_000)
SHOP = Tenant("shop", credit=12_000, parent="mother", lookup_price=5_000, webhook_url="https://shop.example/events")
TENANTS = {"mother": MOTHER, "shop": SHOP}
FOUND = LookupFacts(LookupState.DELIVERED, "GR", "Cosmote", "202", "01", source="hlr")
URL = "https://shop.example/?x=1"


class Source:
    name = "hlr"

    def __init__(self, answer):
        self.answer = answer

    def lookup(self, msisdn):
        return self.answer if isinstance(self.answer, Deferred) else succeed(self.answer)


class BusinessStoreTests(TestCase):
    timeout = 60

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.clock = SystemClock()
        self.ids = IdGenerator(1)
        return ensureDeferred(self.opened(new=True))

    async def opened(self, *, new=False):
        self.store = EmbeddedStore(reactor, self.directory)
        highest = await self.store.open()
        if new:
            at = self.clock.now_ms()
            assert await self.store.commit([PutTenant(MOTHER, at=at), PutTenant(SHOP, at=at)]) == [True, True]
        return highest

    async def restart(self):
        await self.store.close()
        return await self.opened()

    def tearDown(self):
        return self.store.close()

    def desk(self, answer):
        section = Section()
        return LookupDesk(
            section,
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            tenants=TENANTS.get,
            asking=Asking(reactor, section, [Source(answer)]),
            later=reactor.callLater,
        )

    async def balances(self):
        return tuple([(await self.store.funds(tenant)).balance for tenant in ("shop", "mother")])

    async def found(self, desk, any_id):
        """Its lookups, once nobody is asked any more."""
        while desk.waiting:
            done = Deferred()
            reactor.callLater(0.005, done.callback, None)
            await done
        return await desk.get("shop", any_id)

    async def sound(self):
        assert (await self.store.ledger_check()).problems == ()

    def test_lookups(self):
        return ensureDeferred(self.lookups_are_paid_answered_and_refunded())

    async def lookups_are_paid_answered_and_refunded(self):
        desk = self.desk(FOUND)
        asked = await desk.ask("shop", ["+306971234567", "nonsense"])
        assert await self.balances() == (7_000, 998_000)
        found = await self.found(desk, asked[0].request)
        assert [each.facts.state for each in found] == [LookupState.DELIVERED, LookupState.FAILED]
        assert desk.network_of("306971234567") == "20201"
        [known] = await desk.ask("shop", ["+306971234567"])
        assert known.facts == FOUND and known.done_at == found[0].done_at
        assert await self.balances() == (2_000, 996_000)
        with self.assertRaises(Refused) as refused:
            await desk.ask("shop", ["+306971234568"])
        assert refused.exception.refusal.code == "no_credit"
        assert await self.balances() == (2_000, 996_000)
        await self.sound()

    def test_unknown(self):
        return ensureDeferred(self.unknown_is_free())

    async def unknown_is_free(self):
        desk = self.desk(None)
        [asked] = await desk.ask("shop", ["+306971234567"])
        [found] = await self.found(desk, asked.id)
        assert (found.facts.state, found.price) == (LookupState.UNKNOWN, 0)
        assert await self.balances() == (12_000, 1_000_000)
        bill = (await Bills(self.store).page(SHOP, None, 12, self.clock.now_ms())).bills[0]
        assert (bill.charged, bill.refunded, bill.closing_balance) == ("0.0000", "0.0050", "0.0120")
        await self.sound()

    def test_restart(self):
        return ensureDeferred(self.open_lookups_go_on_after_a_restart())

    async def open_lookups_go_on_after_a_restart(self):
        before = self.desk(Deferred())
        [asked] = await before.ask("shop", ["+306971234567"])
        before.stop()
        assert await self.restart() == asked.id
        after = self.desk(FOUND)
        await after.start()
        [found] = await self.found(after, asked.id)
        assert found.facts == FOUND and await self.balances() == (7_000, 998_000)
        again = self.desk(Deferred())
        await again.start()
        assert again.network_of("306971234567") == "20201" and again.waiting == 0
        await self.sound()

    def test_links(self):
        return ensureDeferred(self.openings_are_durable_and_told())

    async def openings_are_durable_and_told(self):
        config = SimpleNamespace(public_url="https://x.example", links=SimpleNamespace(base_url=None, repeat_s=5.0))
        outbox = FakeOutbox()
        parts = {"store": self.store, "clock": self.clock, "tenants": TENANTS.get, "outbox": outbox}
        desk = LinkDesk(config, **parts)
        now = self.clock.now_ms()
        link, _ = desk.make(SHOP, 77, "306912345678", URL, now, "ref")
        await self.store.commit([Submit("shop", [message(77, tenant="shop", price=0)], now, links=(link,))])
        assert await desk.open(link.code, "192.0.2.1", bot=True) == URL
        both = [desk.open(link.code, f"192.0.2.{n}", bot=False) for n in (1, 2)]
        assert [await each for each in both] == [URL, URL]
        assert sorted(json.loads(item.payload)["first"] for item in outbox.items) == [False, True]
        await self.restart()
        view = await self.store.link(link.code)
        assert (view.clicks, view.bots) == (2, 1) and view.link == link
        [target] = await self.store.outbox_targets()
        owed = await self.store.outbox(target.target, None, 10)
        assert [(item.type, item.url) for item in owed] == [("link.clicked", SHOP.webhook_url)] * 2
        assert [item.payload for item in owed] == [item.payload for item in outbox.items]

    def test_reschedule(self):
        return ensureDeferred(self.scheduled_messages_move())

    async def scheduled_messages_move(self):
        now = self.clock.now_ms()
        later, hour = now + 86_400_000, 3_600_000
        waiting = message(
            77, tenant="shop", price=0, submission=76, state=State.SCHEDULED, due_at=now + hour, deadline=now + 3 * hour
        )
        queued = message(78, tenant="shop", price=0, submission=76, submitted_at=now, deadline=now + hour)
        await self.store.commit([Submit("shop", [waiting, queued], now)])
        woken = []
        messages = MessageService(self.store, FakeDispatcher(), FakeOutbox(), self.clock)
        rescheduler = Rescheduler(
            store=self.store, messages=messages, clock=self.clock, limits=Limits(), wake_at=woken.append
        )
        moved, same = await rescheduler.reschedule(SHOP, 76, later, None)
        assert (moved.message.due_at, moved.message.deadline) == (later, later + 2 * hour)
        assert same.message.state is State.QUEUED and woken == [later]
        with self.assertRaises(Refused) as refused:
            await rescheduler.reschedule(SHOP, 78, later, None)
        assert refused.exception.refusal.code == "too_late"
        at_once = await rescheduler.reschedule(SHOP, 77, None, 60)
        assert at_once.message.due_at <= self.clock.now_ms() and woken[-1] <= self.clock.now_ms()
        assert await self.store.next_due() == at_once.message.due_at
