"""Tenants as a file, and back."""

from tempfile import TemporaryDirectory

import yaml
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, maybeDeferred
from twisted.trial.unittest import TestCase

from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.net.clock import SystemClock
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ops.tenant_files import TenantFiles, options_of
from smsgwd.store.embedded.store import EmbeddedStore

RICH = """
tenants:
  - id: top
    currency: USD
    credit: "0.0000"
    price: "0.0350"
    prices: {"30": "0.0200", "44": "0.012345"}
    credit_limit: "5.0000"
    lookup_price: "0.0050"
    time_zone: Europe/Athens
    senders: [Shop, "30*"]
    allow: [192.0.2.0/24]
    destinations: [GR, "49"]
    barred: ["3090"]
    refunds: [expired]
    throughput: 50
    default_sender: Shop
    dlr_url: https://shop.example/dlr
    dlr_batch: 20
    texts_d: 3.5
    language: el
    region: GR
    strict_numbers: true
    duplicate_s: 60
    link_days: 7
    device_fallback: true
    smpp_errors: {no_credit: 1031}
    test_numbers: {"306900000000": delivered}
    webhook: {url: https://shop.example/events}
    callbacks: {style: ardary, url: https://shop.example/ardary}
    content: {max_length: 100, banned: [casino], templates_only: true}
    quiet: {hours: "21:00-08:30", days: [sat, sun], action: refuse, time_zone: Europe/Athens}
    flood: {prefix: 6, window_s: 60, most: 10, factor: 2.5, action: refuse}
    dialects: {ardary: {failures: true, parameters: {status: calls}}, smsclub: {base64: true}}
    credentials:
      - {kind: password, username: shop, scopes: [send, read], label: the till}
      - {kind: token, label: web, allow: [192.0.2.0/25], expires_at: "2030-01-31T00:00:00Z"}
      - {kind: smpp, system_id: shop1, max_binds: 3, window: 5, throughput: 10.0, alphabet: latin1,
         receipts_by: data_sm, outbind: "esme.example:2775"}
  - {id: child, parent: top, currency: USD}
  - {id: a-grandchild, parent: child, currency: USD, enabled: false}
"""


class World:
    """A store with tenants, and the commands over it."""

    async def open(self, case):
        directory = TemporaryDirectory()
        case.addCleanup(directory.cleanup)
        self.store = EmbeddedStore(reactor, directory.name)
        await self.store.open()
        case.addCleanup(self.store.close)
        self.tenancy = Tenancy(Vault(b"the installation's secret key"))
        await self.tenancy.load(self.store, ())
        desk = TenantDesk(self.tenancy, Vault(b"the installation's secret key"), SystemClock())
        self.registry = Registry(TenantFiles(self.tenancy.directory, desk).commands())
        return self

    async def run(self, verb, **params):
        return await maybeDeferred(self.registry.run, "tenant", verb, params)


class TestTenantFiles(TestCase):
    def test_there_and_back(self):
        return ensureDeferred(self._there_and_back())

    async def _there_and_back(self):
        first, second = await World().open(self), await World().open(self)
        done = await first.run("import", yaml=RICH)
        self.assertEqual((done["created"], done["changed"]), (["top", "child", "a-grandchild"], []))
        self.assertEqual(
            [(each["kind"], each["name"]) for each in done["secrets"]],
            [("password", "shop"), ("token", "web"), ("smpp", "shop1")],
        )
        text = await first.run("export")
        self.assertEqual([row["id"] for row in yaml.safe_load(text)["tenants"]], ["top", "child", "a-grandchild"])
        for secret in (each["secret"] for each in done["secrets"]):
            self.assertNotIn(secret, text)
        await second.run("import", yaml=text)
        for tenant in first.tenancy.directory.tenants():
            there = second.tenancy.directory.tenant(tenant.id)
            for name in tenant.__struct_fields__:
                if name not in ("credentials", "webhook_secret"):
                    self.assertEqual(getattr(there, name), getattr(tenant, name), name)
            self.assertEqual(options_of(there), options_of(tenant))
            for here, other in zip(tenant.credentials, there.credentials, strict=True):
                for name in ("kind", "max_binds", "esme", "expires_at", "scopes", "allow", "label"):
                    self.assertEqual(getattr(other, name), getattr(here, name), name)
        again = await first.run("import", yaml=text)
        self.assertEqual((again["created"], again["changed"]), ([], []))

    def test_what_is_there_gets_the_settings_of_the_file(self):
        return ensureDeferred(self._changes())

    async def _changes(self):
        world = await World().open(self)
        await world.run("import", yaml="tenants: [{id: shop, throughput: 5, region: GR}]")
        text = "tenants: [{id: shop, throughput: 9, credit: 100}, {id: new}]"
        told = await world.run("import", yaml=text, dry="yes")
        self.assertEqual((told["created"], told["changed"], told["dry"]), (["new"], ["shop"], True))
        self.assertEqual(world.tenancy.directory.tenant("shop").throughput, 5)
        await world.run("import", yaml=text)
        shop = world.tenancy.directory.tenant("shop")
        self.assertEqual((shop.throughput, shop.region), (9, "GR"))
        self.assertIsNotNone(world.tenancy.directory.tenant("new"))
        self.assertEqual(
            yaml.safe_load(await world.run("export", id="new"))["tenants"], [{"id": "new", "currency": "EUR"}]
        )

    def test_nothing_is_changed_by_a_file_with_a_mistake(self):
        return ensureDeferred(self._mistakes())

    async def _mistakes(self):
        world = await World().open(self)
        await world.run("import", yaml="tenants: [{id: shop, throughput: 5}]")
        for text, said in (
            ("tenants: [{id: new}, {id: shop, throughput: many}]", "tenant shop: throughput"),
            ("tenants: [{id: new}, {id: shop, currency: USD}]", "keeps its currency, EUR"),
            ("tenants: [{id: new}, {colour: red}]", r"tenants\[1\]: must be"),
            ("tenants: [{id: new}, {id: x, colour: red}]", "tenant x: .*colour"),
            ("tenants: {id: new}", "a list called"),
            ("tenant: []", "a list called"),
            ("tenants: [", "yaml: line 1"),
        ):
            with self.assertRaisesRegex(CommandError, said):
                await world.run("import", yaml=text)
        self.assertIsNone(world.tenancy.directory.tenant("new"))
        with self.assertRaisesRegex(CommandError, "there is no tenant nobody"):
            await world.run("export", id="nobody")
