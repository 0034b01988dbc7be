"""A change of one tenant costs the others nothing."""

from twisted.internet.defer import ensureDeferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.model.tenant import Tenant


class Opened(Vault):
    def __init__(self, secret):
        super().__init__(secret)
        self.opened = []

    def open(self, sealed):
        self.opened.append(sealed)
        return super().open(sealed)


class Kept:
    def __init__(self, tenants):
        self.kept = tenants

    def tenants(self):
        return succeed(self.kept)

    def commit(self, changes):
        return succeed([True for _ in changes])


class TenancyTests(SynchronousTestCase):
    def test_secrets_that_are_as_they_were_are_not_opened_again(self):
        vault = Opened(b"the installation's secret key")
        one, two, three = (vault.seal(text) for text in ("one", "two", "three"))
        tenancy = Tenancy(vault)
        store = Kept([Tenant("a", webhook_secret=one), Tenant("b", webhook_secret=two), Tenant("c")])
        self.successResultOf(ensureDeferred(tenancy.load(store, ())))
        self.assertEqual(vault.opened, [one, two])
        self.successResultOf(tenancy.change("b", lambda _: Tenant("b", webhook_secret=three), 0))
        self.assertEqual(vault.opened, [one, two, three])
        self.assertEqual([tenancy.secrets(name) for name in "abc"], [("one",), ("three",), ()])
        self.successResultOf(tenancy.change("a", lambda _: Tenant("a"), 0))
        self.assertEqual([tenancy.secrets(name) for name in "abc"], [(), ("three",), ()])
        self.successResultOf(tenancy.change("a", lambda _: Tenant("a", webhook_secret=one), 0))
        self.assertEqual(tenancy.secrets("a"), ("one",))
