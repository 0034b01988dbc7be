"""What tenants change of their own account stands in the audit."""

from twisted.internet.defer import fail, succeed

from smsgwd.accounts.directory import Account
from smsgwd.app.own_changes import OwnChanges
from smsgwd.model.operators import DONE, AuditEntry, PutAudit
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock

WHO = Account(Tenant("shop"), Credential("token", "digest"))


class Store:
    def __init__(self):
        self.kept = []
        self.broken = False

    def commit(self, changes):
        self.kept += changes
        return fail(StoreUnavailable("disk full")) if self.broken else succeed([1])


def told(store):
    done = []
    changes = OwnChanges(store, FakeClock(1000))
    changes.told(WHO, "192.0.2.7", "credential add", {"kind": "token"}).addCallback(done.append)
    return done


def test_it_says_who_from_where_and_what():
    store = Store()
    assert told(store) == [None]
    params = '{"tenant":"shop","kind":"token"}'
    entry = AuditEntry(0, 1000, "tenant:shop", "", "api", "192.0.2.7", "credential add", params, DONE)
    assert store.kept == [PutAudit(entry)]


def test_a_store_that_is_away_keeps_nobody_from_anything():
    store = Store()
    store.broken = True
    assert told(store) == [None]
