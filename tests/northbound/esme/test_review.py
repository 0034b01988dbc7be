"""Who is bound, after a tenant or credential has changed."""

import msgspec
import pytest

from smsgwd.accounts.directory import Account
from smsgwd.model.tenant import Credential, Tenant
from tests.northbound.esme.stand import Stand, account

CREDENTIAL = Credential("smpp", "ann", "hash", 5)


def of(*credentials, **members):
    tenant = Tenant(members.pop("id", "demo"), credentials=credentials, **members)
    return [Account(tenant, credential, limited=True) for credential in credentials]


def changed(**members):
    return msgspec.structs.replace(CREDENTIAL, **members)


@pytest.mark.parametrize(
    ("live", "stays"),
    [
        (of(CREDENTIAL), True),
        (of(changed(max_binds=1, label="x")), True),
        (of(changed(secret_hash="new", serial=1), CREDENTIAL), True),
        (of(changed(scopes=("bind",), allow=("192.0.2.0/24",))), True),
        (of(CREDENTIAL, allow=("192.0.2.0/24",)), True),
        ([], False),
        (of(changed(secret_hash="new")), False),
        (of(changed(scopes=("send",))), False),
        (of(changed(allow=("198.51.100.0/24",))), False),
        (of(CREDENTIAL, allow=("198.51.100.0/24",)), False),
        (of(CREDENTIAL, id="other"), False),
    ],
)
def test_who_could_not_bind_any_more_is_unbound(live, stays):
    stand = Stand(account(max_binds=5), account("bob"))
    ann, bob = stand.bind(), stand.bind(b"bob")
    assert ann.bound and bob.bound
    asked = {"ann": live, "bob": [stand.auth.accounts["bob"]]}
    assert stand.server.review(asked.__getitem__) == (0 if stays else 1)
    stand.advance(2)
    assert ann.bound is stays and ann.unbound_by_peer is not stays
    assert bob.bound
    assert stand.server.review(asked.__getitem__) == 0


def test_who_stays_goes_by_the_settings_of_now():
    stand = Stand(account(max_binds=1))
    stand.bind()
    assert stand.bind().refused == 0x05
    [owner] = of(CREDENTIAL, throughput=7)
    stand.auth.accounts["ann"] = owner
    stand.server.review(lambda name: [owner])
    assert stand.only_bind().account.owner is owner
    assert stand.bind().bound


@pytest.mark.parametrize(
    ("limits", "status"),
    [({"scopes": ("send",)}, 0x0E), ({"allow": ("198.51.100.0/24",)}, 0x0D), ({"scopes": ("bind", "send")}, None)],
)
def test_a_credential_binds_where_and_for_what_it_may(limits, status):
    stand = Stand(*of(changed(**limits)))
    assert stand.bind().refused == status


def test_a_tenant_may_be_told_another_status():
    stand = Stand(*of(changed(scopes=("send",)), smpp_errors={"out_of_scope": 0x410}))
    assert stand.bind().refused == 0x410
