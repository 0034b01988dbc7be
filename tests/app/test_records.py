"""Records are checked before they are kept, one change at a time, and in effect before a change is told as done."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from smsgwd.app.records import StoredRecords
from smsgwd.model.records import CONTACT, GROUP, LARGEST_VALUE, LONGEST_KEY, ROUTE, Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock, FakeStore


class RecordsTests(TestCase):
    timeout = 30

    async def setUp(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        self.clock = FakeClock()
        self.asked = []
        self.told = []
        self.records = StoredRecords(self.store, self.clock, before=self.before, after=self.after)

    async def tearDown(self):
        await self.store.close()

    def before(self, kind, tenant, rows):
        self.asked.append((kind, tenant, rows))
        if any(value == b"bad" for _, value in rows):
            raise Refused(Refusal.INVALID, "this cannot be compiled")

    def after(self, kind, tenant):
        self.told.append((kind, tenant))

    async def refusal(self, deferred):
        """Why a change was refused."""
        refused = await self.assertFailure(deferred, Refused)
        self.assertIs(refused.refusal, Refusal.INVALID)
        return refused.detail

    async def test_put_found_and_dropped(self):
        put = self.records.put
        self.assertIs(await put(GROUP, "demo", "vip", b"{}", old=True), False)
        self.assertEqual(self.told, [])
        self.assertIs(await put(GROUP, "demo", "vip", b"{}", new=True), True)
        self.assertIs(await put(GROUP, "demo", "vip", b"[]", new=True), False)
        vip = Record(GROUP, "demo", "vip", b"{}", self.clock.now_ms())
        self.assertEqual(await self.records.get(GROUP, "demo", "vip"), vip)
        self.assertEqual(await self.records.page(GROUP, "demo", "", 5, beginning="v"), [vip])
        self.assertEqual(await self.records.page(GROUP, None, "demo\0vip", 5), [])
        self.assertEqual(await self.records.at(GROUP, "demo", ["vip", "x"]), [vip])
        self.assertEqual(await self.records.drop(GROUP, "demo", "v"), 0)
        self.assertEqual(await self.records.drop(GROUP, "demo", "v", beginning=True), 1)
        self.assertEqual(self.told, [(GROUP, "demo")] * 2)

    async def test_many_all_or_none(self):
        rows = [(f"306{n}", b"{}") for n in range(50)]
        await self.records.put_many(CONTACT, "demo", rows)
        self.assertEqual([each.key for each in await self.records.page(CONTACT, "demo", "", 99)], sorted(dict(rows)))
        self.assertEqual((self.asked, self.told), ([(CONTACT, "demo", rows)], [(CONTACT, "demo")]))
        await self.refusal(self.records.put_many(CONTACT, "demo", [("1", b"{}"), ("2", b"bad")]))
        await self.refusal(self.records.put_many(CONTACT, "demo", [("1", b"{}"), ("", b"{}")]))
        self.assertIsNone(await self.records.get(CONTACT, "demo", "1"))
        await self.records.put_many(CONTACT, "demo", [])
        self.assertEqual(self.told, [(CONTACT, "demo")])

    async def test_what_cannot_be_compiled_changes_nothing(self):
        self.assertIn("cannot be compiled", await self.refusal(self.records.put(ROUTE, "", "1/a", b"bad")))
        self.assertIsNone(await self.records.get(ROUTE, "", "1/a"))
        self.assertEqual(self.told, [])
        self.assertIs(await self.records.put(ROUTE, "", "1/a", b"{}"), True)  # and nothing is stuck
        self.assertEqual(await self.records.drop(ROUTE, "", "1/a"), 1)
        self.assertEqual(self.asked[-1], (ROUTE, "", [("1/a", None)]))

    async def test_what_no_record_may_be(self):
        put = self.records.put
        self.assertIn("no records of kind", await self.refusal(put("nonsense", "demo", "k", b"{}")))
        self.assertIn("no records of kind", await self.refusal(self.records.drop("nonsense", "demo", "k")))
        self.assertIn("needs a name", await self.refusal(put(GROUP, "demo", "", b"{}")))
        self.assertIn("at most 200", await self.refusal(put(GROUP, "demo", "x" * (LONGEST_KEY + 1), b"{}")))
        for key in ("a\0b", "a\nb", "\x7f", "\ud800"):
            self.assertIn("no name may have", await self.refusal(put(GROUP, "demo", key, b"{}")))
        self.assertIn("larger than 32 MiB", await self.refusal(put(GROUP, "demo", "k", bytes(LARGEST_VALUE + 1))))
        self.assertIs(await put(GROUP, "demo", "Φίλοι 👨‍👩‍👧", b"{}"), True)
        self.assertEqual(len(self.asked), 1)


class OrderTests(TestCase):
    def test_one_change_at_a_time_told_when_it_counts(self):
        store, compiled = FakeStore(), []

        def after(kind, tenant):
            compiled.append(Deferred())
            return compiled[-1]

        records = StoredRecords(store, FakeClock(), after=after)
        first, second = records.put(GROUP, "demo", "a", b"{}"), records.drop(GROUP, "demo", "a")
        self.assertEqual(len(store.log), 1)
        store.finish([True])
        self.assertEqual((len(compiled), len(store.log)), (1, 1))
        self.assertNoResult(first)
        compiled[0].callback(None)
        self.assertIs(self.successResultOf(first), True)
        self.assertEqual(len(store.log), 2)
        store.finish([0])
        self.assertEqual(self.successResultOf(second), 0)
        self.assertEqual(len(compiled), 1)

    def test_a_commit_that_fails_holds_up_nobody(self):
        store = FakeStore()
        records = StoredRecords(store, FakeClock())
        first, second = records.put(GROUP, "demo", "a", b"{}"), records.put(GROUP, "demo", "b", b"{}")
        store.fail(RuntimeError("disk full"))
        self.failureResultOf(first, RuntimeError)
        store.finish([True])
        self.assertIs(self.successResultOf(second), True)
