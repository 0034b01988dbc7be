"""Codes from a phone beside a tenant's passwords."""

import base64

import msgspec
import pytest
from twisted.internet.defer import Deferred

from smsgwd.accounts.totp import STEP_S, code_at
from smsgwd.app.secrets import Vault
from smsgwd.app.tenant_totp import TenantTotp
from smsgwd.model.records import TOTP, Totp
from smsgwd.model.refusals import Refusal, Refused
from tests.app.fakes import FakeClock
from tests.northbound.fakes import FakeRecords

OLD, NEW = b"the first secret key of all", b"the second secret key of all"


class Stand:
    def __init__(self):
        self.clock, self.records, self.vault = FakeClock(), FakeRecords(), Vault(OLD)
        self.totp = TenantTotp(self.records, self.vault, self.clock)

    def did(self, deferred):
        """What a Deferred fired with; raises what it failed with."""
        found, failed = [], []
        deferred.addCallbacks(found.append, failed.append)
        if failed:
            failed[0].raiseException()
        return found[0]

    def refused(self, deferred, refusal):
        with pytest.raises(Refused) as caught:
            self.did(deferred)
        return caught.value.refusal is refusal

    def code(self, new, steps=0):
        secret = base64.b32decode(new.secret)
        return code_at(secret, self.clock.now_ms() // 1000 // STEP_S + steps)

    def confirmed(self, tenant="shop", name="ann"):
        new = self.did(self.totp.begin(tenant, name))
        self.did(self.totp.confirm(tenant, name, self.code(new)))
        return new


@pytest.fixture
def stand():
    return Stand()


def test_no_code_is_asked_for_before_it_is_confirmed(stand):
    assert stand.did(stand.totp.state("shop", "ann")) is None
    stand.did(stand.totp.begin("shop", "ann"))
    assert stand.did(stand.totp.state("shop", "ann")) is False
    assert stand.did(stand.totp.check("shop", "ann", "")) is True
    assert stand.did(stand.totp.names("shop")) == frozenset()


def test_then_each_code_works_once(stand):
    new = stand.confirmed()
    assert stand.did(stand.totp.names("shop")) == {"ann"}
    assert stand.did(stand.totp.check("shop", "ann", "")) is False
    assert stand.did(stand.totp.check("shop", "ann", stand.code(new))) is False  # it confirmed
    assert stand.did(stand.totp.check("shop", "ann", stand.code(new, 1))) is True
    assert stand.did(stand.totp.check("shop", "ann", stand.code(new, 1))) is False
    stand.clock.advance(60)
    assert stand.did(stand.totp.check("shop", "ann", stand.code(new))) is True


def test_others_are_not_asked(stand):
    stand.confirmed()
    assert stand.did(stand.totp.check("shop", "ben", "")) is True
    assert stand.did(stand.totp.check("other", "ann", "")) is True
    assert stand.did(stand.totp.state("other", "ann")) is None


def test_what_cannot_be(stand):
    assert stand.refused(stand.totp.confirm("shop", "ann", "123456"), Refusal.NO_SUCH)
    stand.did(stand.totp.begin("shop", "ann"))
    assert stand.refused(stand.totp.confirm("shop", "ann", "x"), Refusal.INVALID)
    new = stand.confirmed()
    assert stand.refused(stand.totp.begin("shop", "ann"), Refusal.EXISTS)
    assert stand.refused(stand.totp.confirm("shop", "ann", stand.code(new, 1)), Refusal.EXISTS)
    assert stand.did(stand.totp.remove("shop", "ann")) is True
    assert stand.did(stand.totp.remove("shop", "ann")) is False
    assert stand.did(stand.totp.state("shop", "n" * 1000)) is None


def test_a_second_beginning_makes_another_secret(stand):
    first = stand.did(stand.totp.begin("shop", "ann"))
    second = stand.did(stand.totp.begin("shop", "ann"))
    assert first.secret != second.secret
    assert stand.refused(stand.totp.confirm("shop", "ann", stand.code(first)), Refusal.INVALID)


def test_secrets_are_sealed_and_sealed_anew(stand):
    new = stand.confirmed()
    stand.confirmed("other", "ben")
    [first, second] = stand.did(_as_deferred(stand.totp.sealed()))
    assert all(each.startswith("sealed:") for each in (first, second))
    stand.vault.use((NEW, OLD))
    stand.did(_as_deferred(stand.totp.seal_anew(lambda sealed: stand.vault.seal(stand.vault.open(sealed)))))
    kept = [msgspec.json.decode(each.value, type=Totp) for each in stand.records.rows.values() if each.kind == TOTP]
    assert {stand.vault.sealed_under(each.secret) for each in kept} == {stand.vault.key_id}
    stand.clock.advance(60)
    assert stand.did(stand.totp.check("shop", "ann", stand.code(new))) is True


def _as_deferred(coroutine):
    return Deferred.fromCoroutine(coroutine)
