"""The authenticator: cached pairs, shared verifications, limited failures. Real Argon2 in real threads."""

import base64

from twisted.internet import reactor
from twisted.internet.defer import DeferredList, gatherResults, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.accounts.directory import Directory
from smsgwd.accounts.failures import FailureLimiter
from smsgwd.accounts.hashing import hash_secret, token_digest
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.northbound import auth
from smsgwd.northbound.auth import PasswordAuthenticator

KEY = b"installation key"
SALT = b"0123456789abcdef"
HASH = hash_secret("secret", SALT)
OTHER_HASH = hash_secret("changed", SALT)


def demo(secret_hash=HASH, **members):
    credentials = (
        Credential("password", "ann", secret_hash),
        Credential("token", token_digest("tok", KEY)),
        Credential("smpp", "ann-smpp", secret_hash, max_binds=3),
    )
    return Tenant("demo", credentials=credentials, **members)


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now

    def now_ms(self):
        return 0


class _World(TestCase):
    def setUp(self):
        self.clock = Clock()
        self.directory = Directory([demo()])
        self.failures = []
        self.verified = []
        self.auth = self.made()
        real = auth.verify

        def counted(secret, phc):
            self.verified.append(phc)
            return real(secret, phc)

        self.patch(auth, "verify", counted)

    def made(self, **options):
        options.setdefault("limiter", FailureLimiter(by_name=3, by_address=6))
        made = PasswordAuthenticator(
            reactor, self.directory, KEY, self.clock, on_failure=self.failures.append, **options
        )
        self.addCleanup(made.stop)
        return made

    @inlineCallbacks
    def refused(self, deferred, refusal):
        failure = yield self.assertFailure(deferred, Refused)
        self.assertIs(failure.refusal, refusal)


class AuthenticatorTests(_World):
    @inlineCallbacks
    def test_a_good_pair_is_verified_once(self):
        for _ in range(5):
            tenant = yield self.auth.password("ann", "secret", "192.0.2.1")
            self.assertEqual(tenant.id, "demo")
        self.assertEqual(len(self.verified), 1)
        self.clock.now += 301
        yield self.auth.password("ann", "secret", "192.0.2.1")
        self.assertEqual(len(self.verified), 2)
        self.assertEqual(self.failures, [])

    @inlineCallbacks
    def test_the_credential_that_was_proven_is_told(self):
        for _ in range(2):
            account = yield self.auth.proven("ann", "secret", "192.0.2.1")
            self.assertEqual((account.tenant.id, account.credential.name), ("demo", "ann"))
        self.assertEqual(len(self.verified), 1)
        account = yield self.auth.proven(None, "tok", "192.0.2.1")
        self.assertEqual((account.tenant.id, account.credential.kind), ("demo", "token"))
        yield self.refused(self.auth.proven("ann", "wrong", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.proven(None, "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.proven(None, "x" * 2000, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertEqual(len(self.failures), 3)

    @inlineCallbacks
    def test_what_it_is_limited_to_holds_for_it_too(self):
        limits = {"scopes": ("send",), "allow": ("192.0.2.0/24",)}
        self.directory.replace([Tenant("demo", credentials=(Credential("token", token_digest("t", KEY), **limits),))])
        account = yield self.auth.proven(None, "t", "192.0.2.1", "send")
        self.assertEqual(account.credential.scopes, ("send",))
        yield self.refused(self.auth.proven(None, "t", "192.0.2.1", "read"), Refusal.OUT_OF_SCOPE)
        yield self.refused(self.auth.proven(None, "t", "198.51.100.1", "send"), Refusal.ADDRESS_NOT_ALLOWED)

    @inlineCallbacks
    def test_smpp_binds_are_verified_against_their_own_credential(self):
        account = yield self.auth.bind("ann-smpp", "secret", "192.0.2.1")
        self.assertEqual(account.credential.max_binds, 3)
        yield self.refused(self.auth.bind("ann", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_a_changed_or_disabled_tenant_is_noticed_at_once(self):
        yield self.auth.password("ann", "secret", "192.0.2.1")
        self.directory.replace([demo(OTHER_HASH)])
        yield self.refused(self.auth.password("ann", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.auth.password("ann", "changed", "192.0.2.1")
        self.directory.replace([demo(OTHER_HASH, enabled=False)])
        yield self.refused(self.auth.password("ann", "changed", "192.0.2.1"), Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_the_tenant_returned_is_the_one_of_now(self):
        yield self.auth.password("ann", "secret", "192.0.2.1")
        self.directory.replace([demo(currency="USD")])
        tenant = yield self.auth.password("ann", "secret", "192.0.2.1")
        self.assertEqual(tenant.currency, "USD")
        self.assertEqual(len(self.verified), 1)

    @inlineCallbacks
    def test_a_change_while_the_threads_work_counts(self):
        pending = self.auth.password("ann", "secret", "192.0.2.1")
        self.directory.replace([])
        yield self.refused(pending, Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_an_old_password_does_not_ride_on_a_verification_begun_before_the_change(self):
        before = self.auth.password("ann", "secret", "192.0.2.1")
        self.directory.replace([demo(OTHER_HASH)])
        after = self.auth.password("ann", "secret", "192.0.2.1")
        yield self.refused(before, Refusal.UNAUTHENTICATED)
        yield self.refused(after, Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_equal_pairs_in_flight_share_one_verification_and_one_charge(self):
        tenants = yield gatherResults([self.auth.password("ann", "secret", "192.0.2.1") for _ in range(50)])
        self.assertEqual({tenant.id for tenant in tenants}, {"demo"})
        self.assertEqual(len(self.verified), 1)

    @inlineCallbacks
    def test_an_unknown_name_costs_a_verification_too(self):
        yield self.refused(self.auth.password("nobody", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.password("ann", "wrong", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertEqual(self.verified, [auth.DUMMY_HASH, HASH])
        self.assertEqual(len(self.failures), 2)

    @inlineCallbacks
    def test_guessing_is_stopped_here_and_not_elsewhere(self):
        yield self.auth.password("ann", "secret", "192.0.2.1")  # in the cache now
        for n in range(3):
            yield self.refused(self.auth.password("ann", f"guess{n}", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        count = len(self.verified)
        yield self.refused(self.auth.password("ann", "guess", "192.0.2.1"), Refusal.TOO_MANY_FAILURES)
        # Also the right guess: or the cache would answer guesses as fast as they come.
        yield self.refused(self.auth.password("ann", "secret", "192.0.2.1"), Refusal.TOO_MANY_FAILURES)
        self.assertEqual(len(self.verified), count)
        yield self.auth.password("ann", "secret", "192.0.2.2")
        self.clock.now += 20
        yield self.auth.password("ann", "secret", "192.0.2.1")

    @inlineCallbacks
    def test_a_burst_of_guesses_at_once_is_counted_before_it_is_verified(self):
        results = yield DeferredList(
            [self.auth.password("ann", f"guess{n}", "192.0.2.1") for n in range(20)], consumeErrors=True
        )
        refusals = [failure.value.refusal for _, failure in results]
        self.assertEqual(refusals.count(Refusal.UNAUTHENTICATED), 3)
        self.assertEqual(refusals.count(Refusal.TOO_MANY_FAILURES), 17)
        self.assertEqual(len(self.verified), 3)

    @inlineCallbacks
    def test_an_address_that_tries_many_names_is_stopped(self):
        for n in range(6):
            yield self.refused(self.auth.password(f"name{n}", "x", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.password("another", "x", "192.0.2.1"), Refusal.TOO_MANY_FAILURES)
        yield self.refused(self.auth.token("tok", "192.0.2.1"), Refusal.TOO_MANY_FAILURES)

    @inlineCallbacks
    def test_tokens(self):
        tenant = yield self.auth.token("tok", "192.0.2.1")
        self.assertEqual(tenant.id, "demo")
        for n in range(3):
            yield self.refused(self.auth.token(f"t{n}", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.token("tok", "192.0.2.1"), Refusal.TOO_MANY_FAILURES)
        yield self.auth.token("tok", "192.0.2.2")
        self.assertEqual(self.verified, [])

    @inlineCallbacks
    def test_the_digest_kept_of_a_token_is_no_token(self):
        yield self.refused(self.auth.token(token_digest("tok", KEY), "192.0.2.1"), Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_secrets_of_absurd_length_are_refused_without_hashing(self):
        yield self.refused(self.auth.password("ann", "x" * 10_000, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.password("x" * 10_000, "x", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.token("x" * 10_000, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertEqual(self.verified, [])

    @inlineCallbacks
    def test_failures_are_told_by_the_way_in(self):
        yield self.refused(self.auth.token("t", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.password("ann", "wrong", "192.0.2.2"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.bind("ann-smpp", "wrong", "192.0.2.3"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.bind("x" * 2000, "wrong", "192.0.2.4"), Refusal.UNAUTHENTICATED)
        self.assertEqual(self.failures, ["http", "http", "smpp", "smpp"])

    @inlineCallbacks
    def test_waiting_verifications_are_bounded(self):
        bounded = self.made(limiter=FailureLimiter(100, 100), max_waiting=2)
        results = yield DeferredList(
            [bounded.password("ann", f"guess{n}", "192.0.2.1") for n in range(4)], consumeErrors=True
        )
        refusals = [failure.value.refusal for _, failure in results]
        self.assertEqual(refusals, [Refusal.UNAUTHENTICATED] * 2 + [Refusal.OVERLOADED] * 2)

    @inlineCallbacks
    def test_a_crash_of_the_verification_reaches_every_waiter_and_is_not_remembered(self):
        def broken(secret, phc):
            raise MemoryError("no 19 MiB left")

        self.patch(auth, "verify", broken)
        both = [self.auth.password("ann", "secret", "192.0.2.1") for _ in range(2)]
        for one in both:
            yield self.assertFailure(one, MemoryError)
        self.patch(auth, "verify", lambda secret, phc: True)
        yield self.auth.password("ann", "secret", "192.0.2.1")


def basic(name, secret):
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


class KnownTests(_World):
    """What is told at once: nothing that `password` and `token` would not say now."""

    def known(self, header, address="192.0.2.1"):
        tenant = self.auth.known(header, address)
        return None if tenant is None else tenant.id

    def test_a_token_is_known_at_once_and_only_as_long_as_it_is_good(self):
        for _ in range(2):
            self.assertEqual(self.known("Bearer tok"), "demo")
            self.directory.replace([demo(enabled=False)])
            self.assertIsNone(self.known("Bearer tok"))
            self.directory.replace([])
            self.assertIsNone(self.known("Bearer tok"))
            self.directory.replace([demo(currency="USD")])
            self.assertEqual(self.auth.known("Bearer tok", "192.0.2.1").currency, "USD")
        self.assertEqual(self.failures, [])

    @inlineCallbacks
    def test_a_password_is_known_once_it_was_verified_until_it_changes_or_is_too_old(self):
        header = basic("ann", "secret")
        self.assertIsNone(self.known(header))
        yield self.auth.password("ann", "secret", "192.0.2.1")
        self.assertEqual(self.known(header), "demo")
        self.assertEqual(self.known(header), "demo")
        self.assertIsNone(self.known(basic("ann", "wrong")))
        self.assertIsNone(self.known(basic("ann-smpp", "secret")))
        self.clock.now += 301
        self.assertIsNone(self.known(header))
        yield self.auth.password("ann", "secret", "192.0.2.1")
        self.assertEqual(self.known(header), "demo")
        self.directory.replace([demo(OTHER_HASH)])
        self.assertIsNone(self.known(header))
        self.directory.replace([demo()])
        self.assertIsNone(self.known(header))
        self.assertEqual(len(self.verified), 2)

    @inlineCallbacks
    def test_who_is_stopped_is_not_known_there_whatever_it_brings(self):
        yield self.auth.password("ann", "secret", "192.0.2.1")
        header = basic("ann", "secret")
        self.assertEqual((self.known(header), self.known("Bearer tok")), ("demo", "demo"))
        for guess in "abc":
            yield self.refused(self.auth.password("ann", guess, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertIsNone(self.known(header))
        self.assertEqual(self.known(header, "198.51.100.1"), "demo")
        for guess in "abc":
            yield self.refused(self.auth.token(guess, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertIsNone(self.known("Bearer tok"))
        self.assertEqual(self.known("Bearer tok", "198.51.100.1"), "demo")
        self.clock.now += 61
        self.assertEqual((self.known(header), self.known("Bearer tok")), ("demo", "demo"))

    def test_what_is_no_credential_is_not_known_and_not_remembered(self):
        for header in (
            "",
            "Bearer",
            "Bearer a b",
            "Basic ?",
            "Basic " + "x" * 4000,
            "Bearer " + "x" * 2000,
            "Bearer x",
        ):
            self.assertIsNone(self.known(header))
        self.assertEqual(self.auth._ways, {})

    def test_the_memory_of_headers_is_bounded(self):
        for spaces in range(auth._HEADERS_REMEMBERED + 10):
            self.assertEqual(self.known("Bearer" + " " * (spaces + 1) + "tok"), "demo")
        self.assertLessEqual(len(self.auth._ways), auth._HEADERS_REMEMBERED)


class LimitedTests(_World):
    """Expiry, networks, scopes, and more than one secret of a name."""

    def tenant(self, *credentials):
        self.directory.replace([Tenant("demo", credentials=credentials)])

    def setUp(self):
        super().setUp()
        self.wall = 0
        self.clock.now_ms = lambda: self.wall

    @inlineCallbacks
    def test_both_secrets_work_while_a_password_is_changed_over(self):
        self.tenant(
            Credential("password", "ann", HASH, expires_at=1000),
            Credential("password", "ann", OTHER_HASH, serial=1),
        )
        for secret in ("secret", "changed"):
            tenant = yield self.auth.password("ann", secret, "192.0.2.1")
            self.assertEqual(tenant.id, "demo")
            self.assertIsNotNone(self.auth.known(basic("ann", secret), "192.0.2.1"))
        self.assertEqual(self.verified, [OTHER_HASH, HASH, OTHER_HASH])  # the newest first
        self.wall = 1000
        self.assertIsNone(self.auth.known(basic("ann", "secret"), "192.0.2.1"))
        yield self.refused(self.auth.password("ann", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.auth.password("ann", "changed", "192.0.2.1")
        self.assertEqual(self.verified[3:], [OTHER_HASH])

    @inlineCallbacks
    def test_what_has_expired_costs_what_an_unknown_name_costs(self):
        self.tenant(
            Credential("password", "ann", HASH, expires_at=1000),
            Credential("token", token_digest("tok", KEY), expires_at=1000),
            Credential("smpp", "ann", HASH, expires_at=1000),
        )
        self.wall = 1000
        yield self.refused(self.auth.password("ann", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.bind("ann", "secret", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.token("tok", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertIsNone(self.auth.known("Bearer tok", "192.0.2.1"))
        self.assertEqual(self.verified, [auth.DUMMY_HASH] * 2)
        self.assertEqual(self.failures, ["http", "smpp", "http"])

    @inlineCallbacks
    def test_a_secret_that_expires_while_it_is_verified_does_not_let_in(self):
        self.tenant(Credential("password", "ann", HASH, expires_at=1000))
        pending = self.auth.password("ann", "secret", "192.0.2.1")
        self.wall = 1000
        yield self.refused(pending, Refusal.UNAUTHENTICATED)

    @inlineCallbacks
    def test_people_log_in_with_a_password_credential_and_learn_what_it_is_limited_to(self):
        self.tenant(Credential("password", "ann", HASH, scopes=("read",), allow=("192.0.2.0/24",)))
        account = yield self.auth.login("ann", "secret", "192.0.2.1")
        self.assertEqual((account.tenant.id, account.credential.scopes), ("demo", ("read",)))
        yield self.refused(self.auth.login("ann", "secret", "198.51.100.1"), Refusal.ADDRESS_NOT_ALLOWED)
        yield self.refused(self.auth.login("ann", "wrong", "192.0.2.1"), Refusal.UNAUTHENTICATED)
        yield self.refused(self.auth.login("ann", "x" * 2000, "192.0.2.1"), Refusal.UNAUTHENTICATED)
        self.assertEqual(self.failures, ["console", "console"])

    @inlineCallbacks
    def test_scopes_and_networks_are_told_to_who_knows_the_secret_only(self):
        limits = {"scopes": ("send",), "allow": ("192.0.2.0/24",)}
        self.tenant(
            Credential("password", "ann", HASH, **limits), Credential("token", token_digest("tok", KEY), **limits)
        )
        header = basic("ann", "secret")
        yield self.refused(self.auth.password("ann", "wrong", "198.51.100.1", "send"), Refusal.UNAUTHENTICATED)
        for _ in range(2):  # verified, then remembered
            yield self.auth.password("ann", "secret", "192.0.2.1", "send")
            yield self.refused(self.auth.password("ann", "secret", "192.0.2.1", "read"), Refusal.OUT_OF_SCOPE)
            yield self.refused(self.auth.password("ann", "secret", "198.51.100.1", "send"), Refusal.ADDRESS_NOT_ALLOWED)
        yield self.auth.token("tok", "192.0.2.1", "send")
        yield self.refused(self.auth.token("tok", "192.0.2.1", "money"), Refusal.OUT_OF_SCOPE)
        yield self.refused(self.auth.token("tok", "198.51.100.1", "send"), Refusal.ADDRESS_NOT_ALLOWED)
        for good in (header, "Bearer tok"):
            self.assertIsNotNone(self.auth.known(good, "192.0.2.1", "send"))
            self.assertIsNotNone(self.auth.known(good, "192.0.2.1"))
            self.assertIsNone(self.auth.known(good, "192.0.2.1", "read"))
            self.assertIsNone(self.auth.known(good, "198.51.100.1", "send"))
        self.assertEqual(self.failures, ["http"])  # of who is no guesser
