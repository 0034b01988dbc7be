"""Operators log in: right, wrong, disabled, unknown, throttled; codes are counted by name alone."""

from smsgwd.northbound import auth
from tests.app.people_world import HERE, PeopleCase


class OperatorLoginTests(PeopleCase):
    async def setUp(self):
        await super().setUp()
        await self.desk.add("alice", "operate", "correct horse")
        self.verified = []
        real = auth.verify

        def counted(secret, phc):
            self.verified.append(phc)
            return real(secret, phc)

        self.patch(auth, "verify", counted)

    async def test_name_and_password(self):
        found = await self.logins.password("alice", "correct horse", HERE)
        self.assertEqual((found.name, found.role), ("alice", "operate"))
        self.assertEqual(self.failures, [])

    async def test_whoever_is_not_let_in_is_verified_all_the_same(self):
        await self.desk.add("bob", "read", "correct horse")
        await self.desk.change("bob", disabled=True)
        for name, secret in (("alice", "wrong"), ("bob", "correct horse"), ("nobody", "x"), ("a\0b", "x")):
            self.assertEqual(await self.refused(self.logins.password(name, secret, HERE)), "unauthenticated", name)
        self.assertEqual(len(self.verified), 4)
        self.assertEqual(self.failures, ["console"] * 4)
        self.assertEqual(await self.refused(self.logins.password("alice", "x" * 1025, HERE)), "unauthenticated")
        self.assertEqual(len(self.verified), 4)

    async def test_guessing_is_stopped_for_that_address_only(self):
        for _ in range(3):
            self.assertEqual(await self.refused(self.logins.password("alice", "wrong", HERE)), "unauthenticated")
        self.assertEqual(await self.refused(self.logins.password("alice", "correct horse", HERE)), "too_many_failures")
        self.assertIsNone(await self.refused(self.logins.password("alice", "correct horse", "198.51.100.7")))
        self.clock.advance(60)
        self.assertIsNone(await self.refused(self.logins.password("alice", "correct horse", HERE)))

    async def test_a_password_that_was_changed_is_wrong(self):
        await self.logins.password("alice", "correct horse", HERE)
        await self.desk.password("alice", "battery staple")
        self.assertEqual(await self.refused(self.logins.password("alice", "correct horse", HERE)), "unauthenticated")

    async def test_codes_are_counted_by_name_from_wherever_they_come(self):
        secret, _ = await self.desk.begin_codes("alice")
        await self.desk.confirm_codes("alice", self.code(secret))
        self.clock.advance(30)
        await self.logins.code("alice", self.code(secret), HERE)
        for number in range(3):
            again = self.logins.code("alice", self.code(secret), f"192.0.2.{number}")
            self.assertEqual(await self.refused(again), "unauthenticated")
        self.clock.advance(1)
        late = self.logins.code("alice", self.code(secret, 1), "198.51.100.7")
        self.assertEqual(await self.refused(late), "too_many_failures")
        self.clock.advance(60)
        self.assertIsNone(await self.refused(self.logins.code("alice", self.code(secret), HERE)))

    async def test_a_store_that_is_away_is_no_guess(self):
        secret, _ = await self.desk.begin_codes("alice")
        await self.desk.confirm_codes("alice", self.code(secret))
        self.clock.advance(30)
        for _ in range(5):
            self.records.away = True
            with self.assertRaisesRegex(Exception, "no disk"):
                await self.logins.code("alice", self.code(secret), HERE)
        self.records.away = False
        self.assertIsNone(await self.refused(self.logins.code("alice", self.code(secret), HERE)))
