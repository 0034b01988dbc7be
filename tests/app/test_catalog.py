"""What is compiled follows what is stored, whatever happens at the same time."""

from pathlib import Path

import msgspec
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.app import account_tables
from smsgwd.app.catalog import Catalog
from smsgwd.model.prices import PriceTable
from smsgwd.model.records import (
    CONTENT_RULE,
    MOST,
    PRICE_LIST,
    ROUTE,
    SENDER,
    TEMPLATE,
    ContentRule,
    PriceListRecord,
    Record,
    Sender,
    Template,
    price_list_key,
)
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import ContentPolicy, Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock
from tests.config.files import good

NUMBER = "306912345678"


class Kept:
    """The records of a store; `held` keeps the next page from being answered, `broken` makes reads fail."""

    def __init__(self):
        self.rows = {}
        self.held = None
        self.broken = False

    def put(self, kind, key, value, tenant=""):
        self.rows[kind, tenant, key] = Record(kind, tenant, key, msgspec.json.encode(value), 0)

    def records(self, kind, tenant, after, limit, *, beginning=""):
        if self.broken:
            return fail(StoreUnavailable("the disk is gone"))
        owner, _, key = after.rpartition("\0") if tenant is None else (tenant, "", after)
        found = [
            record
            for (of, whose, name), record in sorted(self.rows.items())
            if of == kind and tenant in (None, whose) and (whose, name) > (owner, key)
        ]
        held, self.held = self.held, None
        return succeed(found[:limit]) if held is None else held.addCallback(lambda _: found[:limit])


class CatalogTests(TestCase):
    timeout = 30

    def setUp(self):
        self.reactor = Clock()
        self.clock = FakeClock()
        self.kept = Kept()
        self.catalog = Catalog(good(self.directory(), ""), self.reactor, self.clock)

    def directory(self):
        directory = Path(self.mktemp())
        directory.mkdir()
        return directory

    async def begin(self, *tenants):
        await self.catalog.load(self.kept)
        self.catalog.tenants_changed(tenants or [Tenant("demo", price_list="l")])

    def list_from(self, moment, price):
        record = PriceListRecord("l", valid_from=moment, rates=(("", price),))
        self.kept.put(PRICE_LIST, price_list_key("l", moment), record)

    def price(self):
        return self.catalog.account("demo").prices.price(NUMBER)

    def changed(self, kind=PRICE_LIST, tenant=""):
        return self.catalog.changed(kind, tenant)

    async def others_could_be_done(self):
        """What is compiled in a thread now, and waits for nothing else, is done."""
        for _ in range(10):
            await deferToThread(lambda: None)

    def pass_time(self, seconds):
        self.clock.advance(seconds)
        self.reactor.advance(seconds)

    async def test_what_an_older_reading_found_does_not_come_last(self):
        self.list_from(0, 10)
        await self.begin()
        self.kept.held = slow = Deferred()
        older = self.changed()
        self.list_from(0, 20)
        newer = self.changed()
        await self.others_could_be_done()
        slow.callback(None)
        await older
        await newer
        self.assertEqual(self.price(), 20)

    async def test_a_list_begins_while_another_is_put(self):
        begins = self.clock.now_ms() + 5_000
        self.list_from(0, 10)
        self.list_from(begins, 20)
        await self.begin()
        self.assertEqual(self.price(), 10)
        self.kept.held = slow = Deferred()
        self.pass_time(5)  # it begins, and is read slowly
        self.list_from(begins, 30)
        put = self.changed()
        await self.others_could_be_done()
        slow.callback(None)
        await put
        self.assertEqual(self.price(), 30)

    async def put(self, kind, key, value):
        """As `StoredRecords` does it."""
        checked = self.catalog.check(kind, "", [(key, msgspec.json.encode(value))])
        if checked is not None:
            await checked
        self.kept.put(kind, key, value)
        await self.changed(kind)

    async def test_a_long_list_is_compiled_once_and_each_of_its_versions_counts(self):
        await self.begin()
        made = []
        self.patch(account_tables, "PriceTable", lambda rates: made.append(1) or PriceTable(rates))
        rest = [(str(number), 1) for number in range(10_000_000, 10_007_000)]
        for price in (10, 20):
            record = PriceListRecord("l", valid_from=0, rates=(("", price), *rest))
            await self.put(PRICE_LIST, price_list_key("l", 0), record)
            self.assertEqual(self.price(), price)
        self.assertEqual(len(made), 2)
        await self.changed()
        self.assertEqual(len(made), 2)

    async def test_a_route_that_was_checked_and_not_stored_does_not_count(self):
        connector = "connectors: [{id: sim, kind: smpp, host: h, port: 2775, system_id: s, password: p}]"
        self.catalog = Catalog(good(self.directory(), connector), self.reactor, self.clock)
        await self.begin()
        refused = {"connectors": ["sim"], "match": {"to": "30*", "min_parts": 2}}
        self.assertIsNone(self.catalog.check(ROUTE, "", [("00000001/r", msgspec.json.encode(refused))]))
        before = len(self.catalog.routes)
        await self.put(ROUTE, "00000001/s", {"connectors": ["sim"]})
        self.assertEqual(len(self.catalog.routes), before + 1)
        await self.put(ROUTE, "00000001/s", refused)
        self.assertEqual(self.catalog.routes.conditions[0].rule.min_parts, 2)

    async def test_what_could_not_be_read_is_read_later(self):
        self.list_from(0, 10)
        await self.begin()
        self.list_from(0, 20)
        self.kept.broken = True
        await self.assertFailure(self.changed(), StoreUnavailable)
        self.pass_time(1)
        self.kept.broken = False
        self.assertEqual(self.price(), 10)
        self.pass_time(1)
        await self.changed(CONTENT_RULE)  # behind what is being read
        self.assertEqual(self.price(), 20)

    async def test_nothing_is_looked_for_after_the_end(self):
        self.list_from(self.clock.now_ms() + 5_000, 10)
        await self.begin()
        self.kept.broken = True
        await self.assertFailure(self.changed(CONTENT_RULE), StoreUnavailable)
        self.assertEqual(len(self.reactor.getDelayedCalls()), 2)
        self.catalog.stop()
        await self.assertFailure(self.changed(CONTENT_RULE), StoreUnavailable)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    async def test_a_tenant_has_so_many_templates_and_senders_and_no_more(self):
        """All of them are read again with each that changes, and others wait meanwhile."""
        for kind, value in ((TEMPLATE, Template("x", "x")), (SENDER, Sender("x"))):
            most = MOST[kind]
            for number in range(most - 1):
                self.kept.put(kind, f"n{number:04d}", value, "demo")
        await self.begin(Tenant("demo"), Tenant("other"))
        for kind, value in ((TEMPLATE, Template("x", "x")), (SENDER, Sender("x"))):
            row = msgspec.json.encode(value)
            self.assertIsNone(self.catalog.check(kind, "demo", [("last", row)]))
            self.assertRaises(Refused, self.catalog.check, kind, "demo", [("last", row), ("more", row)])
            self.kept.put(kind, "last", value, "demo")
            await self.changed(kind, "demo")
            self.assertRaises(Refused, self.catalog.check, kind, "demo", [("more", row)])
            self.assertIsNone(self.catalog.check(kind, "demo", [("last", row)]))
            self.assertIsNone(self.catalog.check(kind, "demo", [("n0001", None)]))
            self.assertIsNone(self.catalog.check(kind, "other", [("more", row)]))
            del self.kept.rows[kind, "demo", "n0001"]
            await self.changed(kind, "demo")
            self.assertIsNone(self.catalog.check(kind, "demo", [("more", row)]))

    async def test_rules_about_texts_leave_every_tenant_its_own(self):
        """Each is small enough alone; together they could keep all tenants from sending anything."""
        rules = [ContentRule(f"rule{place:03d}", f"w{place}[a-c]{{900}}[d-f]{{900}}") for place in range(100)]
        for rule in rules[:45]:
            self.kept.put(CONTENT_RULE, rule.name, rule)
        await self.begin(Tenant("demo", content=ContentPolicy(banned=("casino",))))
        taken = 0
        for rule in rules[45:]:
            put = self.catalog.check(CONTENT_RULE, "", [(rule.name, msgspec.json.encode(rule))])
            try:
                await put
            except Refused as refused:
                self.assertIn("too large together", refused.detail)
                break
            self.kept.put(CONTENT_RULE, rule.name, rule)
            await self.changed(CONTENT_RULE)
            self.assertIsNotNone(self.catalog.account("demo"))
            taken += 1
        self.assertTrue(0 < taken < 50)
        self.assertIsNone(self.catalog.check(CONTENT_RULE, "", [("rule000", None)]))  # fewer are never refused
