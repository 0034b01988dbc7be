"""People log in: right, wrong, disabled, unknown, throttled; codes are counted by name alone."""

from twisted.internet.defer import succeed

from smsgwd.accounts.hashing import hash_secret
from smsgwd.app.console_logins import TenantLogins
from smsgwd.app.console_sessions import fingerprint
from smsgwd.console.given import Person
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.northbound import auth
from tests.app.people_world import HERE, PeopleCase

ALICE = Person("", "alice", "f", True)


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
        self.assertEqual((found.tenant, found.who, found.totp), ("", "alice", False))
        cookie, _ = await self.sessions.begin("operators", "", found.who, found.fingerprint, HERE, "")
        self.assertEqual(self.sessions.caller_of(await self.sessions.find(cookie)).role, "operate")
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
        self.assertTrue((await self.logins.password("alice", "correct horse", HERE)).totp)
        await self.logins.code(ALICE, self.code(secret), HERE)
        for number in range(3):
            again = self.logins.code(ALICE, self.code(secret), f"192.0.2.{number}")
            self.assertEqual(await self.refused(again), "unauthenticated")
        self.clock.advance(1)
        late = self.logins.code(ALICE, self.code(secret, 1), "198.51.100.7")
        self.assertEqual(await self.refused(late), "too_many_failures")
        self.clock.advance(60)
        self.assertIsNone(await self.refused(self.logins.code(ALICE, self.code(secret), HERE)))

    async def test_who_guesses_codes_under_many_names_stops_nobody_elses(self):
        secret, _ = await self.desk.begin_codes("alice")
        await self.desk.confirm_codes("alice", self.code(secret))
        self.clock.advance(30)

        async def wrong():
            return False

        for number in range(40):
            for _ in range(3):
                self.assertEqual(await self.refused(self.auth.code(f"tenant {number}", wrong)), "unauthenticated")
        self.assertIsNone(await self.refused(self.logins.code(ALICE, self.code(secret), HERE)))

    async def test_a_store_that_is_away_is_no_guess(self):
        secret, _ = await self.desk.begin_codes("alice")
        await self.desk.confirm_codes("alice", self.code(secret))
        self.clock.advance(30)
        for _ in range(5):
            self.records.away = True
            with self.assertRaisesRegex(Exception, "no disk"):
                await self.logins.code(ALICE, self.code(secret), HERE)
        self.records.away = False
        self.assertIsNone(await self.refused(self.logins.code(ALICE, self.code(secret), HERE)))


class Codes:
    """`on` has the user names that are asked for a code, which is 123456, once."""

    def __init__(self, *on):
        self.on, self.used = on, False

    def state(self, tenant, name):
        return succeed((tenant, name) in self.on or None)

    def check(self, tenant, name, code):
        good = not self.used and code == "123456"
        self.used = self.used or good
        return succeed(good)


class TenantLoginTests(PeopleCase):
    async def setUp(self):
        await super().setUp()
        hashed = hash_secret("secret", b"0123456789abcdef")
        self.fingerprint = fingerprint(hashed)
        names = {"ann": (), "bob": ("192.0.2.0/24",)}
        self.directory.replace(
            [
                Tenant(f"of-{name}", credentials=(Credential("password", name, hashed, allow=allow),))
                for name, allow in names.items()
            ]
        )
        self.tenants = TenantLogins(self.auth, Codes(("of-bob", "bob")))

    async def test_name_and_password_and_where_it_may_be_used_from(self):
        ann = await self.tenants.password("ann", "secret", HERE)
        self.assertEqual(ann, Person("of-ann", "ann", self.fingerprint, False))
        cookie, _ = await self.sessions.begin("tenants", ann.tenant, ann.who, ann.fingerprint, HERE, "")
        self.assertEqual(self.sessions.account_of(await self.sessions.find(cookie)).tenant.id, "of-ann")
        self.assertEqual(
            await self.refused(self.tenants.password("bob", "secret", "198.51.100.7")), "address_not_allowed"
        )
        self.assertEqual(await self.refused(self.tenants.password("nobody", "secret", HERE)), "unauthenticated")
        self.assertEqual(self.failures, ["console"])

    async def test_a_code_where_that_is_on(self):
        bob = await self.tenants.password("bob", "secret", HERE)
        self.assertTrue(bob.totp)
        self.assertIsNone(await self.refused(self.tenants.code(bob, "123456", HERE)))
        for _ in range(3):
            self.assertEqual(await self.refused(self.tenants.code(bob, "123456", HERE)), "unauthenticated")
        self.assertEqual(await self.refused(self.tenants.code(bob, "123456", HERE)), "too_many_failures")
        self.assertIsNone(await self.refused(self.tenants.password("bob", "secret", HERE)))
