"""The API over fakes as a process, every family of endpoints: prints its port, ends when its standard input does."""

import sys

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO

from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.app.messages import MessageService
from smsgwd.app.reschedule import Rescheduler
from smsgwd.config.model.lookups import Lookups as LookupSection
from smsgwd.config.model.runtime import Limits
from smsgwd.model.ids import IdGenerator
from smsgwd.model.tenant import Credential
from smsgwd.net.http_server import HttpListener
from smsgwd.northbound.account import ACCOUNT_ROUTES, Accounts, Places
from smsgwd.northbound.api import NativeApi, OwnFamily
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.links import LINK_ROUTES, Links
from smsgwd.northbound.lookups import LOOKUP_ROUTES, Lookups
from smsgwd.northbound.money import Money
from smsgwd.northbound.money_routes import MONEY_ROUTES
from smsgwd.northbound.scheduled import SCHEDULED_ROUTES, Scheduled
from smsgwd.northbound.statistics import StatisticsDesk
from smsgwd.northbound.statistics_types import STATISTICS_ROUTES
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeClock, FakeDispatcher, FakeOutbox
from tests.northbound.fakes import DEMO, FakeGateway, FakeRecords
from tests.northbound.own import OTHER, SHOP, Own

NOW_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z
NUMBER = "+306912345678"


class _UntilEnd(Protocol):
    def connectionLost(self, reason=None):
        if reactor.running:
            reactor.stop()


class _Lenient(FakeGateway):
    """Takes numbers as the document shows them and any recipient of an even length, so that generated requests end both
    ways."""

    def _entry(self, submission, first, place, item):
        written = item.dest
        item = msgspec.structs.replace(item, dest=NUMBER if written == NUMBER or len(written) % 2 == 0 else "nobody")
        entry = super()._entry(submission, first, place, item)
        entry.dest = written
        if entry.id is not None:
            self.views[entry.id].message.dest = written
        return entry


def families(clock):
    """What stands beside messages and the address book."""
    store = BusinessStore()
    store.floors[DEMO.id] = 0
    section = LookupSection()
    desk = LookupDesk(
        section,
        store=store,
        clock=clock,
        ids=IdGenerator(1),
        tenants={DEMO.id: DEMO}.get,
        asking=Asking(reactor, section, ()),
        later=reactor.callLater,
    )
    rescheduler = Rescheduler(
        store=store,
        messages=MessageService(store, FakeDispatcher(), FakeOutbox(), clock),
        clock=clock,
        limits=Limits(),
        wake_at=lambda at: None,
    )
    return [
        (MONEY_ROUTES, Money(store, clock).handlers()),
        (SCHEDULED_ROUTES, Scheduled(store, rescheduler, clock.now_ms).handlers()),
        (LINK_ROUTES, Links(store, lambda code: f"https://go.example.net/{code}").handlers()),
        (LOOKUP_ROUTES, Lookups(desk).handlers()),
        (STATISTICS_ROUTES, StatisticsDesk(store, clock).handlers()),
        OwnFamily(ACCOUNT_ROUTES, Accounts(store, clock, Places()).handlers()),
    ]


def main():
    gateway = _Lenient()
    clock = FakeClock(NOW_MS)
    records = FakeRecords()
    boss = Credential(
        "token", "5d41402abc4b2a76b9719d911017c592" * 2, label="demo-token"
    )  # who asks for everything here
    own = Own(records, msgspec.structs.replace(SHOP, credentials=(boss, *SHOP.credentials)), OTHER)
    Deferred.fromCoroutine(own.load())
    gateway.proven = own.proven
    api = NativeApi(
        Intake(gateway),
        gateway,
        gateway,
        gateway,
        records=records,
        families=[*families(clock), *own.families],
        now=clock.now_ms,
    )
    listener = HttpListener(reactor, api)
    print(listener.listen("127.0.0.1", 0), flush=True)
    StandardIO(_UntilEnd())
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
