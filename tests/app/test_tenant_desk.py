"""Tenants and credentials changed while the gateway runs."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock as Reactor
from twisted.trial.unittest import TestCase

from smsgwd.accounts.hashing import token_digest, verify
from smsgwd.app import bootstrap, tenancy, tenant_desk
from smsgwd.app.credential_watch import CredentialWatch
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.config import Tenant as Declared
from smsgwd.config.given import read_mapping
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.ports.store import StoreUnavailable

VAULT = Vault(b"the installation's secret key")
NOW = 1_000_000


class Store:
    """Keeps tenants. `held` a list: commits wait there. `broken` True: they fail."""

    def __init__(self, *tenants):
        self.kept = {tenant.id: tenant for tenant in tenants}
        self.changes = []
        self.held = None
        self.broken = False

    def tenants(self):
        return succeed(list(self.kept.values()))

    def commit(self, changes):
        if self.broken:
            return fail(StoreUnavailable("disk full"))
        [change] = changes
        self.changes.append(change)
        if self.held is not None:
            self.held.append((Deferred(), change))
            return self.held[-1][0]
        return succeed([self.apply(change)])

    def apply(self, change):
        if (change.tenant.id in self.kept) is not change.replace:
            return False
        self.kept[change.tenant.id] = change.tenant
        return True


class Wall:
    ms = NOW

    def now_ms(self):
        return self.ms

    def monotonic(self):
        return self.ms / 1000


class _World(TestCase):
    def setUp(self):
        def at_once(call, *args):
            return succeed(call(*args))

        for module in (tenancy, tenant_desk):
            self.patch(module, "deferToThread", at_once)
        # What a hash is worth is tests.accounts' affair.
        self.patch(bootstrap, "hash_secret", lambda secret, salt: f"hash of {secret}")
        self.wall = Wall()
        self.told = []
        self.store = Store(
            Tenant("demo", credentials=(Credential("smpp", "ann", "old", 3, EsmeSettings(window=9), label="x"),)),
            Tenant("reseller", credit=0, prices=(("", 5), ("30", 4)), webhook_secret=VAULT.seal("whsec_x")),
        )
        self.start()

    def start(self, declared=(), **options):
        self.tenancy = Tenancy(VAULT, changed=lambda tenants: self.told.append(list(tenants)), **options)
        self.desk = TenantDesk(self.tenancy, VAULT, self.wall)
        self.successResultOf(Deferred.fromCoroutine(self.tenancy.load(self.store, declared)))

    def options(self, text):
        return read_mapping(text)

    def done(self, deferred):
        return self.successResultOf(deferred)

    def refused(self, deferred, refusal, detail=""):
        error = self.failureResultOf(deferred, Refused).value
        self.assertIs(error.refusal, refusal)
        self.assertIn(detail, error.detail)

    def create(self, text):
        return self.done(self.desk.create(self.options(text)))

    def names(self, tenant):
        return [
            (each.kind, each.name, each.serial, each.secret_hash)
            for each in self.store.kept[tenant].credentials
        ]  # fmt: skip


class TenantTests(_World):
    def test_a_tenant_is_created_and_counts_at_once(self):
        tenant, secrets = self.create(
            "{id: shop, parent: reseller, credit: 10, price: '0.04', quiet: {hours: 21:00-08:00, days: [mon]},"
            " credentials: [{kind: token, label: web}, {kind: password, username: shop, secret: mine}]}"
        )
        self.assertEqual(self.store.kept["shop"], tenant)
        self.assertEqual(self.store.changes[0].at, NOW)
        self.assertEqual((tenant.parent, tenant.credit, tenant.quiet.days), ("reseller", 10_000_000, (1,)))
        [made] = secrets  # only what was made here
        self.assertEqual(made.credential.label, "web")
        self.assertEqual(made.credential.name, token_digest(made.secret, VAULT.token_key))
        self.assertGreaterEqual(len(made.secret), 40)
        self.assertEqual(self.tenancy.directory.token(made.credential.name).tenant, tenant)
        self.assertIn(tenant, self.told[-1])
        self.assertTrue(self.tenancy.secrets("shop")[0].startswith("whsec_"))

    def test_what_cannot_be_created(self):
        for text, refusal, detail in (
            ("{id: demo}", Refusal.EXISTS, "a tenant demo already"),
            ("{id: shop, parent: nobody}", Refusal.INVALID, "parent of tenant 'shop' is not there"),
            ("{id: shop, credentials: [{kind: smpp, system_id: ann}]}", Refusal.INVALID, "share the smpp credential"),
            ("{id: shop, price: x}", Refusal.INVALID, "price: must be a decimal amount"),
            ("{credit: 1}", Refusal.INVALID, "id: is required"),
        ):
            self.refused(self.desk.create(self.options(text)), refusal, detail)
        self.assertEqual(self.store.changes, [])

    def test_settings_change_and_the_others_stay(self):
        for text in (
            "{region: GR, senders: [A]}",
            "{price: 0.01}",
            "{prices: {49: 0.02}}",
            "{webhook: {url: 'http://h/'}}",
        ):
            self.done(self.desk.change("reseller", self.options(text)))
        tenant = self.store.kept["reseller"]
        self.assertEqual((tenant.region, tenant.senders, tenant.credit), ("GR", ("A",), 0))
        self.assertEqual(tenant.prices, (("", 10_000), ("49", 20_000)))
        self.assertEqual((tenant.webhook_url, VAULT.open(tenant.webhook_secret)), ("http://h/", "whsec_x"))
        self.assertTrue(all(change.replace for change in self.store.changes))
        self.done(self.desk.change("reseller", self.options("{region: null}")))
        self.assertIsNone(self.store.kept["reseller"].region)
        self.assertEqual(self.store.kept["reseller"].senders, ("A",))

    def test_what_cannot_be_set(self):
        for text, refusal, detail in (
            ("{currency: USD}", Refusal.INVALID, "keeps its currency"),
            ("{id: other}", Refusal.INVALID, "keeps its id"),
            ("{credit: 5}", Refusal.INVALID, "ledger topup"),
            ("{credentials: []}", Refusal.INVALID, "credential commands"),
            ("{}", Refusal.INVALID, "no option"),
            ("{parent: demo}", Refusal.INVALID, "not its own parent"),
            ("{speed: 5}", Refusal.INVALID, "unknown key 'speed'"),
        ):
            self.refused(self.desk.change("demo", self.options(text)), refusal, detail)
        self.refused(self.desk.change("nobody", self.options("{region: GR}")), Refusal.NO_SUCH, "no tenant nobody")
        self.assertEqual(self.store.changes, [])

    def test_prepaid_becomes_postpaid(self):
        self.done(self.desk.change("reseller", self.options("{credit: null}")))
        self.assertIsNone(self.store.kept["reseller"].credit)

    def test_parents_make_no_circle(self):
        self.done(self.desk.change("demo", self.options("{parent: reseller}")))
        self.refused(self.desk.change("reseller", self.options("{parent: demo}")), Refusal.INVALID, "own ancestor")
        self.assertIsNone(self.store.kept["reseller"].parent)

    def test_who_is_below_a_disabled_tenant_is_told_as_disabled(self):
        self.done(self.desk.change("demo", self.options("{parent: reseller}")))
        self.done(self.desk.change("reseller", self.options("{enabled: false}")))
        self.assertEqual({tenant.id: tenant.enabled for tenant in self.told[-1]}, {"demo": False, "reseller": False})
        self.assertTrue(self.store.kept["demo"].enabled)
        self.assertIsNone(self.tenancy.directory.system_id("ann"))
        self.done(self.desk.change("reseller", self.options("{enabled: true}")))
        self.assertEqual({tenant.id: tenant.enabled for tenant in self.told[-1]}, {"demo": True, "reseller": True})

    def test_nothing_is_changed_while_the_store_cannot_write(self):
        self.store.broken = True
        told = len(self.told)
        self.failureResultOf(self.desk.change("demo", self.options("{region: GR}")), StoreUnavailable)
        self.assertIsNone(self.tenancy.directory.tenant("demo").region)
        self.assertEqual(len(self.told), told)

    def test_changes_come_one_after_the_other(self):
        self.store.held = []
        first = self.desk.change("demo", self.options("{region: GR}"))
        second = self.desk.change("demo", self.options("{language: el}"))
        self.assertEqual(len(self.store.held), 1)
        self.assertIsNone(self.tenancy.directory.tenant("demo").region)
        while self.store.held:
            waiting, change = self.store.held.pop(0)
            waiting.callback([self.store.apply(change)])
        self.done(first), self.done(second)
        self.assertEqual((self.store.kept["demo"].region, self.store.kept["demo"].language), ("GR", "el"))

    def test_a_tenant_that_cannot_be_compiled_is_refused(self):
        def checked(tenant):
            if tenant.price_list:
                raise ValueError("there is no such price list")

        self.start(checked=checked)
        self.refused(self.desk.change("demo", self.options("{price_list: x}")), Refusal.INVALID, "no such price list")
        self.assertEqual(self.store.changes, [])

    def test_who_listens_hears_last_and_keeps_nobody_from_it(self):
        heard = []
        self.tenancy.listen(lambda: heard.append(len(self.told)) or 1 / 0)
        self.tenancy.listen(lambda: heard.append("next"))
        self.done(self.desk.change("demo", self.options("{region: GR}")))
        self.assertEqual(heard, [2, "next"])

    def test_the_file_creates_what_is_not_there_and_changes_nothing(self):
        declared = [Declared(id="demo", currency="USD"), Declared(id="new", parent="demo")]
        self.start(declared)
        self.assertEqual(self.store.kept["demo"].currency, "EUR")
        self.assertEqual(self.store.kept["new"].parent, "demo")
        tenancy = Tenancy(VAULT)
        loading = Deferred.fromCoroutine(tenancy.load(self.store, [Declared(id="x", parent="nobody")]))
        self.assertIn("not there: 'nobody'", str(self.failureResultOf(loading, ValueError).value))
        self.assertNotIn("x", self.store.kept)


class CredentialTests(_World):
    def add(self, text, tenant="demo"):
        return self.done(self.desk.add_credential(tenant, self.options(text)))

    def test_a_credential_is_added_and_its_secret_told(self):
        new = self.add("{kind: smpp, system_id: bob, max_binds: 2, scopes: [bind]}")
        self.assertEqual((new.credential.name, new.credential.max_binds, new.credential.scopes), ("bob", 2, ("bind",)))
        self.assertLessEqual(len(new.secret), 8)
        self.assertEqual(new.credential.secret_hash, f"hash of {new.secret}")
        self.assertEqual(self.tenancy.directory.system_id("bob").credential, new.credential)
        self.assertEqual(new.credential.created_at, NOW)

    def test_a_name_of_its_own_gets_one_more_secret(self):
        self.add("{kind: password, username: demo, secret: password}")
        new = self.add("{kind: password, username: demo, secret: accesskey}")
        self.assertEqual(new.credential.serial, 1)
        self.assertEqual([each[2] for each in self.names("demo") if each[0] == "password"], [0, 1])
        for _ in range(3):
            self.add("{kind: password, username: demo}")
        self.refused(
            self.desk.add_credential("demo", self.options("{kind: password, username: demo}")),
            Refusal.INVALID, "has 5 secrets already",
        )  # fmt: skip

    def test_what_cannot_be_added(self):
        self.add("{kind: token, secret: token-of-demo}")
        for tenant, text, refusal, detail in (
            ("nobody", "{kind: token}", Refusal.NO_SUCH, "no tenant nobody"),
            ("reseller", "{kind: smpp, system_id: ann}", Refusal.INVALID, "share the smpp credential"),
            ("demo", "{kind: token, secret: token-of-demo}", Refusal.EXISTS, "this token already"),
            ("demo", "{kind: carrier-pigeon}", Refusal.INVALID, "kind must be one of"),
            ("demo", "{kind: smpp}", Refusal.INVALID, "system_id: is required"),
            ("demo", "{kind: smpp, system_id: x, secret: 123456789}", Refusal.INVALID, "secret: is too long"),
        ):
            self.refused(self.desk.add_credential(tenant, self.options(text)), refusal, detail)

    def test_rotation_leaves_the_old_secret_for_a_while(self):
        new = self.done(self.desk.rotate("demo", "smpp", "ann", 60_000))
        old, fresh = self.store.kept["demo"].credentials
        self.assertEqual((old.secret_hash, old.expires_at), ("old", NOW + 60_000))
        self.assertEqual(fresh, new.credential)
        self.assertEqual((fresh.serial, fresh.expires_at, fresh.max_binds), (1, None, 3))
        self.assertEqual((fresh.esme.window, fresh.label), (9, "x"))
        self.wall.ms = NOW + 60_000
        self.done(self.desk.rotate("demo", "smpp", "ann", 0))
        self.assertEqual([each[2] for each in self.names("demo")], [2])  # what has expired is gone, so is the old one

    def test_rotation_never_makes_a_secret_last_longer(self):
        self.done(self.desk.expire("demo", "smpp", "ann", None, NOW + 5))
        self.done(self.desk.rotate("demo", "smpp", "ann", 1000))
        self.assertEqual([each.expires_at for each in self.store.kept["demo"].credentials], [NOW + 5, NOW + 5])

    def test_rotating_often_keeps_five(self):
        for _ in range(7):
            self.done(self.desk.rotate("demo", "smpp", "ann", 1000))
        self.assertEqual([each[2] for each in self.names("demo")], [3, 4, 5, 6, 7])

    def test_a_token_is_named_by_its_label_or_digest(self):
        first = self.add("{kind: token, label: web}")
        new = self.done(self.desk.rotate("demo", "token", "web", 1000))
        self.assertNotEqual(new.credential.name, first.credential.name)
        self.assertEqual(new.credential.label, "web")
        self.refused(self.desk.remove("demo", "token", "web", None), Refusal.INVALID, "several tokens")
        self.wall.ms = NOW + 1000
        gone = self.done(self.desk.remove("demo", "token", "web", None))
        self.assertEqual(gone, [new.credential])
        self.done(self.desk.remove("demo", "token", first.credential.name[:12], None))
        self.assertEqual([each[0] for each in self.names("demo")], ["smpp"])

    def test_expiry_and_removal(self):
        [credential] = self.done(self.desk.expire("demo", "smpp", "ann", None, NOW + 9))
        self.assertEqual(credential.expires_at, NOW + 9)
        [credential] = self.done(self.desk.expire("demo", "smpp", "ann", 0, None))
        self.assertIsNone(credential.expires_at)
        self.refused(self.desk.remove("demo", "smpp", "ann", 7), Refusal.NO_SUCH, "no such smpp credential")
        self.refused(self.desk.rotate("demo", "password", "ann", 0), Refusal.NO_SUCH)
        self.done(self.desk.remove("demo", "smpp", "ann", None))
        self.assertEqual(self.names("demo"), [])


class WatchTests(_World):
    def test_bound_ones_are_reviewed_at_changes_and_when_credentials_expire(self):
        reactor, seen = Reactor(), []

        def review(live):
            seen.append([each.credential.serial for each in live("ann")])

        watch = CredentialWatch(reactor, self.wall, self.tenancy.directory, review)
        self.tenancy.listen(watch.look)
        watch.look()
        self.done(self.desk.rotate("demo", "smpp", "ann", 12_000))
        self.assertEqual(seen, [[0], [1, 0]])
        for _ in range(11):
            self.wall.ms += 1000
            reactor.advance(1)
        self.assertEqual(len(seen), 2)
        self.wall.ms += 1000
        reactor.advance(1)
        self.assertEqual(seen[2:], [[1]])
        self.assertEqual(reactor.getDelayedCalls(), [])
        self.done(self.desk.expire("demo", "smpp", "ann", None, self.wall.ms + 60_000))
        self.wall.ms += 60_000  # the clock is set
        reactor.advance(5)
        self.assertEqual(seen[-1], [])
        watch.stop()
        self.assertEqual(reactor.getDelayedCalls(), [])


def test_secrets_made_here_are_good_ones():
    stored = bootstrap.stored_tenant(Declared(id="a"), VAULT)
    assert VAULT.open(stored.webhook_secret).startswith("whsec_")
    assert len({bootstrap.new_secret("smpp") for _ in range(50)}) == 50
    assert {len(bootstrap.new_secret("smpp")) for _ in range(20)} == {8}
    assert verify("s", bootstrap.hashed_secret("s"))
