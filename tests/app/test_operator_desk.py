"""Operators: made, changed, removed; codes from a phone work once; what is sealed can be sealed anew."""

from smsgwd.accounts.hashing import verify
from smsgwd.app.secrets import Vault
from smsgwd.config.model.console import ConsoleAccount
from smsgwd.model.records import OPERATOR
from smsgwd.ports.store import StoreUnavailable
from tests.app.people_world import KEY, PeopleCase


class OperatorDeskTests(PeopleCase):
    async def test_made_changed_and_removed(self):
        made = await self.desk.add("alice", "operate", "correct horse")
        self.assertTrue(verify("correct horse", made.secret_hash))
        self.assertEqual((await self.another_desk().find("alice")), made)
        changed = await self.desk.change("alice", role="admin", disabled=True)
        self.assertEqual((changed.role, changed.disabled, changed.secret_hash), ("admin", True, made.secret_hash))
        self.assertEqual(await self.desk.change("alice"), changed)
        other = await self.desk.password("alice", "battery staple")
        self.assertTrue(verify("battery staple", other.secret_hash))
        self.assertEqual(await self.desk.everybody(), [other])
        self.assertTrue(self.desk.any())
        await self.desk.remove("alice")
        self.assertIsNone(await self.desk.find("alice"))
        self.assertIsNone(self.desk.known("alice"))
        self.assertFalse(self.desk.any())

    async def test_what_is_not_possible_is_refused(self):
        await self.desk.add("alice", "read", "correct horse")
        self.assertEqual(await self.refused(self.desk.add("alice", "admin", "correct horse")), "exists")
        for name in ("", "-x", "a b", "x\0y", "é", "x" * 65, "alice\n"):
            self.assertEqual(await self.refused(self.desk.add(name, "read", "correct horse")), "invalid", name)
            self.assertIsNone(await self.desk.find(name))
        for failing in (self.desk.add("bob", "read", "1234567"), self.desk.password("alice", "x" * 1025)):
            self.assertEqual(await self.refused(failing), "invalid")
        for doing in (self.desk.change("bob", role="read"), self.desk.password("bob", "12345678"),
                      self.desk.remove("bob"), self.desk.no_codes("bob")):  # fmt: skip
            self.assertEqual(await self.refused(doing), "no_such")

    async def test_those_of_the_configuration_are_made_where_they_are_not(self):
        await self.desk.add("alice", "read", "correct horse")
        declared = [
            ConsoleAccount(name="alice", role="admin", secret="other"),
            ConsoleAccount(name="demo", role="admin", secret="demo"),
        ]
        await self.desk.make(declared)
        await self.another_desk().make(declared)
        found = {each.name: each for each in await self.desk.everybody()}
        self.assertEqual({name: each.role for name, each in found.items()}, {"alice": "read", "demo": "admin"})
        self.assertTrue(verify("demo", found["demo"].secret_hash))
        self.assertTrue(verify("correct horse", found["alice"].secret_hash))

    async def test_codes_are_asked_for_from_the_first_good_one_and_each_works_once(self):
        await self.desk.add("alice", "read", "correct horse")
        self.assertFalse(await self.desk.good_code("alice", "000000"))
        self.assertEqual(await self.refused(self.desk.confirm_codes("alice", "000000")), "invalid")
        secret, uri = await self.desk.begin_codes("alice")
        self.assertIn(secret, uri)
        self.assertEqual((await self.desk.find("alice")).totp, "")
        self.assertNotIn(secret, str(await self.desk.find("alice")))
        wrong = str((int(self.code(secret)) + 1) % 1_000_000).zfill(6)
        if wrong not in (self.code(secret, -1), self.code(secret, 1)):
            self.assertEqual(await self.refused(self.desk.confirm_codes("alice", wrong)), "invalid")
        first = self.code(secret)
        self.assertTrue((await self.desk.confirm_codes("alice", first)).totp)
        self.assertFalse(await self.desk.good_code("alice", first))
        self.clock.advance(30)
        self.assertTrue(await self.desk.good_code("alice", self.code(secret)))
        self.assertFalse(await self.another_desk().good_code("alice", self.code(secret)))
        self.assertEqual(await self.refused(self.desk.begin_codes("alice")), "exists")
        self.assertEqual((await self.desk.no_codes("alice")).totp, "")
        self.assertFalse(await self.desk.good_code("nobody", first))

    async def test_what_is_sealed_is_sealed_anew_under_another_key(self):
        await self.desk.add("alice", "read", "correct horse")
        await self.desk.add("bob", "read", "correct horse")
        secret, _ = await self.desk.begin_codes("alice")
        await self.desk.confirm_codes("alice", self.code(secret))
        await self.desk.begin_codes("bob")
        self.vault.use([b"another key of ours", KEY])
        self.assertEqual({self.vault.sealed_under(each) for each in await self.desk.sealed()}, {self.vault.key_ids[1]})
        await self.desk.seal_anew(lambda sealed: self.vault.seal(self.vault.open(sealed)))
        self.assertEqual({self.vault.sealed_under(each) for each in await self.desk.sealed()}, {self.vault.key_ids[0]})
        self.assertEqual(len(await self.desk.sealed()), 2)
        self.clock.advance(30)
        self.assertTrue(await self.desk.good_code("alice", self.code(secret)))
        self.clock.advance(30)
        self.vault.use([b"a key that opens nothing"])
        self.assertFalse(await self.desk.good_code("alice", self.code(secret)))
        self.assertEqual(Vault(KEY).sealed_under((await self.desk.sealed())[0]), "")

    async def test_a_record_that_cannot_be_read_is_nobody_and_stops_nothing(self):
        await self.desk.add("alice", "read", "correct horse")
        await self.records.put(OPERATOR, "", "bob", b'{"name": "bob", "role": "king"}')
        self.assertIsNone(await self.desk.find("bob"))
        await self.desk.make(())
        self.assertEqual([each.name for each in await self.desk.everybody()], ["alice"])
        self.assertEqual(await self.refused(self.desk.change("bob", role="admin")), "no_such")
        await self.desk.remove("bob")
        self.assertEqual((await self.desk.add("bob", "read", "correct horse")).name, "bob")

    async def test_a_store_that_is_away_is_said(self):
        await self.desk.add("alice", "read", "correct horse")
        self.records.away = True
        for doing in (self.desk.find("alice"), self.desk.everybody(), self.desk.change("alice", role="admin"),
                      self.desk.remove("alice")):  # fmt: skip
            try:
                await doing
            except StoreUnavailable:
                continue
            self.fail("it did not say so")
        self.assertEqual(self.desk.known("alice").role, "read")
