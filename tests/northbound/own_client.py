"""A client of `own.Own`, with hashes that cost nothing."""

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.app import bootstrap, tenancy, tenant_desk
from tests.northbound import own
from tests.northbound.fakes import FakeRecords
from tests.northbound.harness import Client


@pytest.fixture
def at_once(monkeypatch):
    for module in (tenancy, tenant_desk):
        monkeypatch.setattr(module, "deferToThread", lambda call, *args: succeed(call(*args)))
    # What a hash is worth is tests.accounts' affair.
    monkeypatch.setattr(bootstrap, "hash_secret", lambda secret, salt: f"hash of {secret}")


class OwnClient(Client):
    def __init__(self, *tenants):
        records = FakeRecords()
        self.own = own.Own(records, *tenants)
        loaded = []
        Deferred.fromCoroutine(self.own.load()).addCallback(loaded.append)
        assert loaded
        super().__init__(records=records, families=self.own.families, token="boss", now=self.own.clock.now_ms)
        self.gateway.proven, self.gateway.known = self.own.proven, self.own.known

    def by(self, token, method, target, body=b""):
        self.token, before = token, self.token
        try:
            return self.ask(method, target, body)
        finally:
            self.token = before
