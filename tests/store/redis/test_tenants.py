"""Tenants and their credentials, put by several nodes."""

import pytest

from smsgwd.model.business import CredentialTaken
from smsgwd.model.changes import PutTenant
from smsgwd.model.tenant import Credential
from smsgwd.store.redis.apply.tenants import put_tenant
from tests.store.redis.nodes import nodes
from tests.store.samples import EURO, begin_anew, tenant

ACME = Credential("smpp", "acme:1", "$argon2id$x")


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    yield both
    for each in both:
        each.close()


def put(node, new, *, replace=False):
    """Put a tenant."""
    return node.run(lambda work: put_tenant(work, PutTenant(new, replace=replace)))


def credentials(node):
    """Whose credential each is."""
    return {name: value for name, value in node.stored().items() if name.startswith("cr:")}


def test_two_nodes_create_one_tenant(pair):
    new = tenant(credit=5 * EURO)
    first, second = (node.begin(lambda work: put_tenant(work, PutTenant(new))) for node in pair)
    assert first.commit()
    assert not second.commit()
    assert put(pair[1], new) is False
    assert int(pair[1].stored()["a:demo"][b"b"]) == 5 * EURO


def test_two_nodes_give_one_credential_to_two_tenants(pair):
    one, other = (tenant(name, credentials=(ACME,)) for name in ("one", "other"))
    first = pair[0].begin(lambda work: put_tenant(work, PutTenant(one)))
    second = pair[1].begin(lambda work: put_tenant(work, PutTenant(other)))
    assert first.commit()
    assert not second.commit()
    with pytest.raises(CredentialTaken):
        put(pair[1], other)
    assert credentials(pair[0]) == {"cr:smpp:acme%3A1": b"one"}


def test_a_credential_that_was_given_up_elsewhere_is_free(pair):
    """What a node remembers of it may be long over."""
    put(pair[0], tenant("one", credentials=(ACME,)))
    with pytest.raises(CredentialTaken):
        put(pair[1], tenant("other", credentials=(ACME,)))
    put(pair[0], tenant("one", credentials=()), replace=True)
    assert credentials(pair[0]) == {}
    assert put(pair[1], tenant("other", credentials=(ACME,))) is True
    assert credentials(pair[0]) == {"cr:smpp:acme%3A1": b"other"}


def test_a_replaced_tenant_keeps_its_names(pair):
    both = (ACME, Credential("smpp", "acme:1", "$argon2id$y", serial=1))
    put(pair[0], tenant("one", credentials=both))
    before = pair[1].stored()["t"]
    assert put(pair[1], tenant("one", credentials=both[:1]), replace=True) is True
    assert put(pair[1], tenant("none", credentials=()), replace=True) is False
    assert pair[1].stored()["t"] == before == {b"one": 0}
    assert list(credentials(pair[1]).values()) == [b"one"]
