"""The console, joined: who may come."""

from types import SimpleNamespace

from twisted.internet.task import Clock

from smsgwd.accounts.directory import Account
from smsgwd.app.console import Consoles
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.net.http_message import HttpRequest
from tests.console.stand import COOKIE, FakeSessions

INSIDE, OUTSIDE = "192.0.2.7", "198.51.100.7"


def tenants(credential):
    """Tenants' pages, where everybody with the cookie is logged in with this credential."""
    account = Account(Tenant("shop", credentials=(credential,)), credential, limited=True)
    people = SimpleNamespace(sessions=FakeSessions("tenants", account=account), section=SimpleNamespace(title="smsgwd"))
    config = SimpleNamespace(console=SimpleNamespace(tenants=True), listeners=SimpleNamespace(http=None))
    core = SimpleNamespace(totp=None, vault=None, clock=SimpleNamespace(now_ms=lambda: 0))
    consoles = Consoles(config, core, Clock(), None, None, SimpleNamespace(people=people))
    return consoles.tenants(lambda request: None)


def status(handler, path, address):
    request = HttpRequest("GET", f"/ui{path}", [], {"cookie": f"smsgwd-tenants={COOKIE}"}, b"", address)
    found = []
    handler(request).addCallback(found.append)
    return found[0].status


def test_a_credential_for_some_networks_shows_no_page_elsewhere():
    """What moves is one stream for all with the same scopes: the API is asked for whoever of them came last."""
    handler = tenants(Credential("password", "shop-user", allow=("192.0.2.0/24",)))
    for path in ("/live/overview", "/keys/new"):
        assert status(handler, path, INSIDE) == 200
        assert status(handler, path, OUTSIDE) == 403
