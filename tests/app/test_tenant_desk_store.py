"""Tenants and credentials changed at run time, with the real store, the real hashes and the real authenticator."""

from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import TestCase

from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.config.given import read_mapping
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.net.clock import SystemClock
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.store.embedded.store import EmbeddedStore

VAULT = Vault(b"the installation's secret key")
HERE = "192.0.2.1"


class Shifted(SystemClock):
    shift_ms = 0

    def now_ms(self):
        return super().now_ms() + self.shift_ms


class TenantDeskStoreTests(TestCase):
    async def begin(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.store = EmbeddedStore(reactor, directory.name)
        await self.store.open()
        self.addCleanup(self.store.close)
        self.clock = Shifted()
        await self.start()

    async def start(self):
        """As after a restart: only what the store has is known."""
        self.tenancy = Tenancy(VAULT)
        await self.tenancy.load(self.store, ())
        self.desk = TenantDesk(self.tenancy, VAULT, self.clock)
        self.auth = PasswordAuthenticator(reactor, self.tenancy.directory, VAULT.token_key, self.clock)
        self.addCleanup(self.auth.stop)

    async def refusal(self, deferred):
        try:
            await deferred
        except Refused as refused:
            return refused.refusal
        return None

    def test_a_tenant_from_creation_to_its_end(self):
        return ensureDeferred(self._from_creation_to_end())

    async def _from_creation_to_end(self):
        await self.begin()
        tenant, [password, token] = await self.desk.create(
            read_mapping(
                "{id: shop, credit: 10, credentials: [{kind: password, username: shop, scopes: [send]},"
                " {kind: token, label: web, allow: [192.0.2.0/24]}, {kind: smpp, system_id: shop, secret: smppsecr}]}"
            )
        )
        self.assertEqual((await self.store.funds("shop")).balance, 10_000_000)
        first = (await self.auth.bind("shop", "smppsecr", HERE)).credential
        self.assertEqual((await self.auth.password("shop", password.secret, HERE, "send")).id, "shop")
        self.assertIs(
            await self.refusal(self.auth.password("shop", password.secret, HERE, "money")), Refusal.OUT_OF_SCOPE
        )
        self.assertIs(await self.refusal(self.auth.token(token.secret, "198.51.100.1")), Refusal.ADDRESS_NOT_ALLOWED)

        rotated = await self.desk.rotate("shop", "smpp", "shop", 60_000)
        await self.start()
        self.assertEqual(self.tenancy.directory.password("shop").credential.scopes, ("send",))
        for secret in ("smppsecr", rotated.secret):
            await self.auth.bind("shop", secret, HERE)
        self.clock.shift_ms = 60_000
        self.assertIs(await self.refusal(self.auth.bind("shop", "smppsecr", HERE)), Refusal.UNAUTHENTICATED)
        self.assertEqual((await self.auth.bind("shop", rotated.secret, HERE)).credential.max_binds, first.max_binds)
        self.assertEqual((await self.auth.token(token.secret, HERE)).id, "shop")

        await self.desk.change("shop", {"enabled": False, "region": "GR"})
        self.assertFalse(self.tenancy.directory.enabled("shop"))
        self.assertIs(await self.refusal(self.auth.token(token.secret, HERE)), Refusal.UNAUTHENTICATED)
        await self.start()
        self.assertIs(await self.refusal(self.auth.bind("shop", rotated.secret, HERE)), Refusal.UNAUTHENTICATED)
        await self.desk.change("shop", {"enabled": True})
        await self.auth.bind("shop", rotated.secret, HERE)
        stored = self.tenancy.directory.tenant("shop")
        self.assertEqual((stored.region, stored.webhook_secret), ("GR", tenant.webhook_secret))
        self.assertEqual((await self.store.funds("shop")).balance, 10_000_000)

        await self.desk.remove("shop", "smpp", "shop", None)
        await self.start()
        self.assertEqual(
            [each.kind for each in self.tenancy.directory.tenant("shop").credentials], ["password", "token"]
        )

    def test_changes_at_once_are_all_kept(self):
        return ensureDeferred(self._at_once())

    async def _at_once(self):
        await self.begin()
        await self.desk.create({"id": "shop"})
        changes = [{"region": "GR"}, {"language": "el"}, {"duplicate_s": 5}, {"enabled": False}, {"link_days": 7}]
        for done in [self.desk.change("shop", change) for change in changes]:
            await done
        await self.start()
        tenant = self.tenancy.directory.tenant("shop")
        kept = {name: getattr(tenant, name) for change in changes for name in change}
        self.assertEqual(kept, {name: value for change in changes for name, value in change.items()})
