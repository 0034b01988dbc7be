"""A NativeApi with what tenants see to themselves, over tenants in memory; who asks is the credential of a token."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import fail, succeed

from smsgwd.accounts.directory import Account
from smsgwd.accounts.usage import barred
from smsgwd.app.secrets import Vault
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.app.tenant_totp import TenantTotp
from smsgwd.model.operators import Repushed
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.targets import BadTargetError, parse_target
from smsgwd.northbound.api import OwnFamily
from smsgwd.northbound.callback_routes import CALLBACK_ROUTES, PUSH_ROUTES
from smsgwd.northbound.callbacks import CallbackSettings
from smsgwd.northbound.credential_routes import CREDENTIAL_ROUTES
from smsgwd.northbound.own_credentials import OwnCredentials
from smsgwd.northbound.pushes import OwnPushes
from smsgwd.ports.push import Tried
from smsgwd.ports.pushed import PushPage
from tests.app.fakes import FakeClock

VAULT = Vault(b"the installation's secret key")
BOSS = Credential("token", "b" * 64, label="boss")
CLERK = Credential("password", "clerk", "hash of clerk", scopes=("credentials", "send"))
SHOP = Tenant("demo", webhook_secret=VAULT.seal("whsec_b2xkIHNlY3JldCBvZiB0aGUgc2hvcA=="), credentials=(BOSS, CLERK))
OTHER = Tenant("other", credentials=(Credential("password", "theirs", "h"), Credential("smpp", "their-id", "h")))


class TenantStore:
    """Keeps tenants."""

    def __init__(self, *tenants):
        self.kept = {tenant.id: tenant for tenant in tenants}

    def tenants(self):
        return succeed(list(self.kept.values()))

    def commit(self, changes):
        [change] = changes
        self.kept[change.tenant.id] = change.tenant
        return succeed([True])


class PushStore:
    """What was pushed: `views` of all tenants, newest first; `most` are looked at a call. `changes` are kept."""

    def __init__(self):
        self.views = []
        self.traces = {}
        self.changes = []
        self.answers = []
        self.most = 1000
        self.asked = 0

    def tenant_pushes(self, tenant, where, before, limit):
        self.asked += 1
        seen = [each for each in self.views if before is None or each.id < before][: self.most]
        found = [each for each in seen if each.tenant == tenant and where.status in ("", each.status)]
        more = len(found) > limit or len(seen) == self.most
        last = found[limit - 1].id if len(found) > limit else seen[-1].id if seen else None
        return succeed(PushPage(tuple(found[:limit]), last if more else None))

    def trace(self, message_id):
        return succeed(self.traces.get(message_id))

    def commit(self, changes):
        self.changes += changes
        return succeed([self.answers.pop(0) if self.answers else Repushed(0, ())])


class FakeTrial:
    """`faults` by URL, besides what no URL may be; `answer` is what any of them answers."""

    def __init__(self):
        self.faults = {}
        self.pushed = []
        self.answer = Tried(200, 12, "", b"ok")

    def fault(self, url):
        try:
            parse_target(url)
        except BadTargetError as error:
            return succeed(str(error))
        return succeed(self.faults.get(url))

    def push(self, tenant, url):
        self.pushed.append((tenant, url))
        return succeed(self.answer)


class Changes:
    """What tenants are known to have changed."""

    def __init__(self):
        self.kept = []

    def told(self, who, address, command, params):
        self.kept.append((who.tenant.id, who.credential.kind, address, command, dict(params)))
        return succeed(None)


class Own:
    """The endpoints, and what stands behind them."""

    def __init__(self, records, *tenants):
        self.clock = FakeClock()
        self.store = TenantStore(*(tenants or (SHOP, OTHER)))
        self.tenancy = Tenancy(VAULT)
        self.records = records
        self.desk = TenantDesk(self.tenancy, VAULT, self.clock)
        self.totp = TenantTotp(records, VAULT, self.clock)
        self.trial = FakeTrial()
        self.changes = Changes()
        self.pushes = PushStore()
        self.looked = []
        directory = self.tenancy.directory
        credentials = OwnCredentials(directory, self.desk, self.totp, self.changes, self.clock)
        callbacks = CallbackSettings(directory, self.desk, self.trial, self.changes, self.clock)
        self.families = [
            OwnFamily(CREDENTIAL_ROUTES, credentials.handlers()),
            OwnFamily(CALLBACK_ROUTES, callbacks.handlers()),
            (PUSH_ROUTES, OwnPushes(self.pushes, self.looked.append, self.clock).handlers()),
        ]

    async def load(self):
        """Read the tenants."""
        await self.tenancy.load(self.store, ())

    def tenant(self, tenant_id="demo"):
        """As it is now."""
        return self.tenancy.directory.tenant(tenant_id)

    def who(self, label, tenant_id="demo"):
        """The account of a credential by its label, else its name."""
        tenant = self.tenant(tenant_id)
        found = next(each for each in tenant.credentials if label in (each.label, each.name))
        return Account(tenant, found, limited=True)

    def proven(self, name, secret, address, scope=""):
        """A token that is the label or the name of a credential of the shop."""
        try:
            account = self.who(secret)
        except StopIteration:
            return fail(Refused(Refusal.UNAUTHENTICATED))
        refusal = barred(account.credential, address, scope)
        return succeed(account) if refusal is None else fail(Refused(refusal))

    def known(self, authorization, address, scope=""):
        """The same for what need not know the credential."""
        try:
            account = self.who(authorization.removeprefix("Bearer "))
        except StopIteration:
            return None
        return account.tenant if barred(account.credential, address, scope) is None else None

    def change(self, **fields):
        """Give the shop other settings, behind the desk's back."""
        kept = msgspec.structs.replace(self.store.kept["demo"], **fields)
        self.store.kept["demo"] = kept
        self.tenancy.directory.become(self.tenancy.directory.having(kept))
