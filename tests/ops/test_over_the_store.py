"""Operators' decisions over the real store: held messages, the blacklist, sender ids."""

from tempfile import TemporaryDirectory

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, maybeDeferred
from twisted.trial.unittest import TestCase

from smsgwd.app.records import StoredRecords
from smsgwd.model.business import PutTenant
from smsgwd.model.changes import Submit
from smsgwd.model.message import HELD, State
from smsgwd.model.records import SENDER, Sender
from smsgwd.model.tenant import Tenant
from smsgwd.ops.blacklist import Blacklist
from smsgwd.ops.held import Held
from smsgwd.ops.ledger import Ledger
from smsgwd.ops.registry import Registry
from smsgwd.ops.senders import Senders
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.made import message

TENANTS = {"demo": Tenant("demo", credit=1_000_000), "other": Tenant("other", credit=1_000_000)}
NOW = 1_800_000_000_000


class Wall:
    def now_ms(self):
        return NOW

    def monotonic(self):
        return 0.0


class OverTheStoreTests(TestCase):
    async def begin(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.store = EmbeddedStore(reactor, directory.name)
        await self.store.open()
        self.addCleanup(self.store.close)
        await self.store.commit([PutTenant(tenant, at=NOW) for tenant in TENANTS.values()])
        self.woken, self.owed, self.compiled = [], [], []
        wall = Wall()
        records = StoredRecords(self.store, wall, after=lambda kind, tenant: self.compiled.append((kind, tenant)))
        self.records = records
        self.registry = Registry(
            [
                *Held(self.store, wall, TENANTS.__contains__, self.woken.append, self.owed.extend).commands(),
                *Blacklist(self.store, wall).commands(),
                *Senders(records, wall, TENANTS.__contains__).commands(),
                *Ledger(self.store, wall, TENANTS.get).commands(),
            ]
        )

    async def run_command(self, noun, verb, **params):
        return await maybeDeferred(self.registry.run, noun, verb, params)

    async def hold(self, message_id, tenant, number):
        made = message(
            message_id, tenant=tenant, msisdn=number, price=40_000, state=State.SCHEDULED, due_at=HELD,
            dlr_url="http://shop.example/dlr",
        )  # fmt: skip
        await self.store.commit([Submit(tenant, [made], NOW)])

    async def balance(self, tenant):
        shown = await self.run_command("ledger", "statement", tenant=tenant)
        return shown["balance"], shown["reserved"]

    def test_held_messages(self):
        return ensureDeferred(self._held())

    async def _held(self):
        await self.begin()
        for message_id, tenant, number in (
            (1, "demo", "306912345671"), (2, "demo", "306912345672"), (3, "demo", "447700900123"),
            (4, "other", "306912345673"),
        ):  # fmt: skip
            await self.hold(message_id, tenant, number)
        rows = await self.run_command("held", "list")
        self.assertEqual(
            [(row["id"], row["tenant"]) for row in rows], [("1", "demo"), ("2", "demo"), ("3", "demo"), ("4", "other")]
        )
        self.assertEqual(
            [row["id"] for row in await self.run_command("held", "list", tenant="demo", after="1")], ["2", "3"]
        )
        self.assertIsNone(await self.store.next_due())

        released = await self.run_command("held", "release", tenant="demo", prefix="3069")
        self.assertEqual(released["released"], 2)
        self.assertEqual((self.woken, self.owed), ([NOW], []))
        self.assertLessEqual(await self.store.next_due(), NOW)
        rejected = await self.run_command("held", "reject", prefix="all")
        self.assertEqual(rejected["rejected"], 2)
        self.assertEqual({item.message_id for item in self.owed}, {3, 4})
        self.assertIs((await self.store.message("other", 4)).message.state, State.REJECTED)
        self.assertEqual(await self.run_command("held", "list"), [])
        self.assertEqual(await self.balance("demo"), ("0.9200", "0.0800"))
        self.assertEqual(await self.balance("other"), ("1.0000", "0.0000"))
        self.assertEqual((await self.run_command("ledger", "check"))["problems"], [])

    def test_the_blacklist_counts_for_everybody(self):
        return ensureDeferred(self._blacklist())

    async def _blacklist(self):
        await self.begin()
        self.assertEqual((await self.run_command("blacklist", "add", number="306912345678,306912345679"))["changed"], 2)
        self.assertEqual((await self.run_command("blacklist", "add", number="306912345678"))["changed"], 0)
        rows = await self.run_command("blacklist", "list", after="306912345678")
        self.assertEqual([row["number"] for row in rows], ["306912345679"])
        for tenant in TENANTS:
            [result] = await self.store.commit([Submit(tenant, [message(len(tenant), tenant=tenant)], NOW)])
            self.assertEqual(result.refused, {0: "blacklisted"})
        self.assertEqual((await self.run_command("blacklist", "remove", number="306912345678"))["changed"], 1)
        [result] = await self.store.commit([Submit("demo", [message(9)], NOW)])
        self.assertEqual(result.refused, {})

    def test_senders_of_all_tenants(self):
        return ensureDeferred(self._senders())

    async def _senders(self):
        await self.begin()
        for tenant, name in (("demo", "Shop"), ("other", "Shop"), ("other", "Bank")):
            await self.records.put(SENDER, tenant, name, msgspec.json.encode(Sender(name)))
        self.compiled.clear()
        rows = await self.run_command("sender", "list")
        self.assertEqual(
            [(row["tenant"], row["name"]) for row in rows], [("demo", "Shop"), ("other", "Bank"), ("other", "Shop")]
        )
        await self.run_command("sender", "approve", tenant="other", name="Shop")
        self.assertEqual(self.compiled, [(SENDER, "other")])
        rows = await self.run_command("sender", "list", status="approved")
        self.assertEqual([(row["tenant"], row["name"]) for row in rows], [("other", "Shop")])
