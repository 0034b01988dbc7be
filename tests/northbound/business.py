"""A NativeApi with the endpoints of money, scheduled messages, links and lookups, over a store in memory."""

from twisted.internet.task import Clock as Reactor

from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.app.messages import MessageService
from smsgwd.app.reschedule import Rescheduler
from smsgwd.config.model.lookups import Lookups as LookupSection
from smsgwd.config.model.runtime import Limits
from smsgwd.model.ids import IdGenerator
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.links import LINK_ROUTES, Links
from smsgwd.northbound.lookups import LOOKUP_ROUTES, Lookups
from smsgwd.northbound.money import Money
from smsgwd.northbound.money_routes import MONEY_ROUTES
from smsgwd.northbound.scheduled import SCHEDULED_ROUTES, Scheduled
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeClock, FakeDispatcher, FakeOutbox
from tests.northbound import fakes, harness

NOW_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z


class BusinessClient(harness.Client):
    """Asks it as `tenant`, which may be any the test likes."""

    def __init__(self, tenant, *sources):
        self.store = BusinessStore()
        self.store.floors[tenant.id] = 0
        self.clock = FakeClock(NOW_MS)
        self.woken = []
        self.gateway = fakes.FakeGateway()
        self.gateway.known = lambda authorization, address, scope="": self.tenant
        self.tenant = tenant
        self.token = "any"
        reactor = Reactor()
        section = LookupSection()
        desk = LookupDesk(
            section,
            store=self.store,
            clock=self.clock,
            ids=IdGenerator(1),
            tenants={tenant.id: tenant}.get,
            asking=Asking(reactor, section, sources),
            later=reactor.callLater,
        )
        messages = MessageService(self.store, FakeDispatcher(), FakeOutbox(), self.clock)
        rescheduler = Rescheduler(
            store=self.store, messages=messages, clock=self.clock, limits=Limits(), wake_at=self.woken.append
        )
        now = self.clock.now_ms
        self.api = NativeApi(
            Intake(self.gateway),
            messages,
            self.store,
            self.gateway,
            families=[
                (MONEY_ROUTES, Money(self.store, self.clock).handlers()),
                (SCHEDULED_ROUTES, Scheduled(self.store, rescheduler, now).handlers()),
                (LINK_ROUTES, Links(self.store, lambda code: f"https://go.example.net/{code}").handlers()),
                (LOOKUP_ROUTES, Lookups(desk).handlers()),
            ],
        )
