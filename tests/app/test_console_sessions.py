"""Sessions: found by their cookie only, over in time, gone with their credential, there without the store."""

import hashlib

import msgspec

from smsgwd.app.console_sessions import fingerprint
from smsgwd.config.model.console import Console
from smsgwd.model.operators import Operator
from smsgwd.model.records import OPERATOR, SESSION
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.people_world import HERE, PeopleCase

HASH = "$argon2id$of ann's password"
OTHER = "$argon2id$of ann's other password"


def shop(*hashes, **fields):
    return Tenant(
        "shop", credentials=tuple(Credential("password", "ann", each, serial=n) for n, each in enumerate(hashes)),
        **fields,
    )  # fmt: skip


class SessionTests(PeopleCase):
    async def setUp(self):
        await super().setUp()
        await self.put(Operator("alice", "operate", HASH))
        self.directory.replace([shop(HASH)])

    async def put(self, operator):
        await self.records.put(OPERATOR, "", operator.name, msgspec.json.encode(operator))

    async def operator(self, sessions=None, who="alice"):
        cookie, _ = await (sessions or self.sessions).begin("operators", "", who, fingerprint(HASH), HERE, "Firefox")
        return cookie

    async def tenant(self):
        cookie, _ = await self.sessions.begin("tenants", "shop", "ann", fingerprint(HASH), HERE, "Firefox")
        return cookie

    async def test_found_by_the_cookie_at_every_node_and_kept_as_its_digest(self):
        cookie, begun = await self.sessions.begin("operators", "", "alice", fingerprint(HASH), HERE, "Firefox")
        self.assertGreaterEqual(len(cookie), 43)
        for node in (self.sessions, self.another_node()):
            found = await node.find(cookie)
            self.assertEqual(found, begun)
            self.assertEqual(node.caller_of(found).role, "operate")
            self.assertEqual(node.caller_of(found).via, "console")
            self.assertIsNone(node.account_of(found))
        [record] = await self.records.page(SESSION, "", "", 10)
        self.assertEqual(record.key, hashlib.sha256(cookie.encode()).hexdigest())
        self.assertNotIn(cookie.encode(), record.value)
        for wrong in ("", "x" * 43, "é" * 43, record.key, cookie + "x", "\0"):
            self.assertIsNone(await self.sessions.find(wrong))

    async def test_over_after_its_time_and_when_idle(self):
        cookie = await self.operator()
        for _ in range(23):
            self.clock.advance(30 * 60)
            self.assertIsNotNone(await self.sessions.find(cookie))
        self.clock.advance(30 * 60)
        self.assertIsNone(await self.sessions.find(cookie))
        cookie = await self.operator()
        self.clock.advance(60 * 60)
        self.assertIsNone(await self.sessions.find(cookie))
        self.assertEqual(await self.records.page(SESSION, "", "", 10), [])

    async def test_times_are_those_of_the_configuration_now(self):
        cookie = await self.operator()
        self.clock.advance(60)
        self.sessions.follow(Console(idle_min=1.0))
        self.assertIsNone(await self.sessions.find(cookie))

    async def test_requests_are_written_down_now_and_then_only(self):
        cookie = await self.operator()
        before = self.records.puts
        for _ in range(20):
            self.clock.advance(30)
            await self.sessions.find(cookie)
        self.assertEqual(self.records.puts - before, 2)
        self.clock.advance(59 * 60)
        self.assertIsNotNone(await self.sessions.find(cookie))
        self.clock.advance(59 * 60)
        self.assertIsNotNone(await self.another_node().find(cookie))

    async def test_who_only_looks_on_is_idle(self):
        cookie = await self.operator()
        for _ in range(59):
            self.clock.advance(60)
            self.assertIsNotNone(await self.sessions.find(cookie, touch=False))
        self.clock.advance(60)
        self.assertIsNone(await self.sessions.find(cookie, touch=False))
        self.assertIsNone(await self.sessions.find(cookie))

    async def test_logging_out_ends_one_and_only_that(self):
        one, two = await self.operator(), await self.operator()
        await self.sessions.end(one)
        self.assertIsNone(await self.sessions.find(one))
        self.assertIsNone(await self.another_node().find(one))
        self.assertIsNotNone(await self.sessions.find(two))
        await self.sessions.end("never begun")

    async def test_an_operator_who_is_changed_is_logged_out(self):
        for other in (Operator("alice", "operate", OTHER), Operator("alice", "operate", HASH, disabled=True)):
            await self.put(Operator("alice", "operate", HASH))
            cookie = await self.operator()
            await self.put(other)
            self.assertIsNone(await self.sessions.find(cookie))
        await self.put(Operator("alice", "operate", HASH))
        cookie = await self.operator()
        await self.put(Operator("alice", "read", HASH))
        found = await self.sessions.find(cookie)
        self.assertEqual(self.sessions.caller_of(found).role, "read")
        await self.records.drop(OPERATOR, "", "alice")
        self.assertIsNone(await self.sessions.find(cookie))
        self.assertEqual(self.sessions.caller_of(found).role, "")

    async def test_a_tenant_whose_credential_is_changed_is_logged_out(self):
        expired = Tenant("shop", credentials=(Credential("password", "ann", HASH, expires_at=1),))
        other = Tenant("other", credentials=shop(HASH).credentials)
        for now in ([shop(OTHER)], [shop()], [shop(HASH, enabled=False)], [expired], [other], []):
            self.directory.replace([shop(HASH)])
            cookie = await self.tenant()
            account = self.sessions.account_of(await self.sessions.find(cookie))
            self.assertEqual((account.tenant.id, account.credential.name), ("shop", "ann"))
            self.directory.replace(now)
            self.assertIsNone(await self.sessions.find(cookie))

    async def test_of_several_secrets_the_one_that_logged_in_counts(self):
        self.directory.replace([shop(HASH, OTHER)])
        found = await self.sessions.find(await self.tenant())
        self.assertEqual(self.sessions.account_of(found).credential.secret_hash, HASH)
        self.assertEqual(self.sessions.caller_of(found).role, "")

    async def test_what_was_seen_goes_on_without_the_store(self):
        seen, tenant, unseen = await self.operator(), await self.tenant(), await self.operator(self.another_node())
        await self.sessions.find(seen)
        self.records.away = True
        self.clock.advance(59 * 60)
        self.assertEqual(self.sessions.caller_of(await self.sessions.find(seen)).role, "operate")
        self.assertIsNotNone(await self.sessions.find(tenant))
        for _ in range(2):
            with self.assertRaises(StoreUnavailable):  # it is not over: the browser is to keep its cookie
                await self.sessions.find(unseen)
        with self.assertRaises(StoreUnavailable):
            await self.operator()
        self.clock.advance(61 * 60)
        self.assertIsNone(await self.sessions.find(seen))

    async def test_who_logs_out_without_the_store_stays_out(self):
        cookie = await self.operator()
        self.records.away = True
        await self.sessions.end(cookie)
        self.assertIsNone(await self.sessions.find(cookie))
        self.records.away = False
        self.assertIsNone(await self.sessions.find(cookie))
        self.assertIsNone(await self.another_node().find(cookie))

    async def test_the_oldest_of_too_many_goes_and_what_is_over_is_forgotten(self):
        await self.put(Operator("bob", "read", HASH))
        first, bob = await self.operator(), await self.operator(who="bob")
        for _ in range(49):
            self.clock.advance(1)
            await self.operator()
        self.assertIsNotNone(await self.sessions.find(first))
        await self.operator()
        self.assertIsNone(await self.sessions.find(first))
        self.assertIsNotNone(await self.sessions.find(bob))
        self.clock.advance(66 * 60)
        await self.operator()
        self.assertEqual(len(await self.records.page(SESSION, "", "", 100)), 1)

    async def test_listed_and_ended_for_somebody(self):
        await self.put(Operator("bob", "read", HASH))
        one, bob = await self.operator(), await self.operator(who="bob")
        self.clock.advance(1)
        two = await self.operator()
        listed = await self.sessions.of("operators", "", "alice")
        self.assertEqual([each.agent for _, each in listed], ["Firefox"] * 2)
        self.assertGreater(listed[0][1].begun_at, listed[1][1].begun_at)
        self.assertEqual(await self.sessions.end_all("operators", "", "alice", listed[0][0]), 1)
        self.assertIsNone(await self.sessions.find(two))
        self.assertIsNotNone(await self.sessions.find(one))
        self.assertEqual(await self.sessions.end_all("operators", "", "alice"), 1)
        self.assertIsNone(await self.sessions.find(one))
        self.assertIsNotNone(await self.sessions.find(bob))

    async def test_a_record_that_cannot_be_read_is_no_session(self):
        cookie = await self.operator()
        [record] = await self.records.page(SESSION, "", "", 10)
        await self.records.put(SESSION, "", record.key, b'{"face": 1}')
        self.assertIsNone(await self.sessions.find(cookie))
        self.assertEqual(await self.sessions.of("operators", "", "alice"), [])
        self.assertEqual(await self.records.page(SESSION, "", "", 10), [])
