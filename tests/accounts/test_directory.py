import pytest

from smsgwd.accounts.directory import Directory
from smsgwd.model.tenant import Credential, Tenant


def tenant(name, *credentials, enabled=True):
    return Tenant(name, credentials=credentials, enabled=enabled)


A = tenant("a", Credential("password", "ann", "h1"), Credential("token", "d1"), Credential("smpp", "ann", "h2"))
B = tenant("b", Credential("password", "bob", "h3"))


def test_lookups_by_kind():
    directory = Directory([A, B])
    assert directory.password("ann").tenant is A
    assert directory.password("ann").credential.secret_hash == "h1"
    assert directory.system_id("ann").credential.secret_hash == "h2"
    assert directory.token("d1").tenant is A
    assert directory.tenant("b") is B
    assert len(directory) == 2
    for nothing in (
        directory.password("d1"),
        directory.token("ann"),
        directory.system_id("bob"),
        directory.password(""),
        directory.tenant("c"),
    ):
        assert nothing is None


def test_disabled_tenants_have_no_credentials_that_work():
    directory = Directory([tenant("a", Credential("password", "ann", "h"), enabled=False)])
    assert directory.password("ann") is None
    assert directory.tenant("a") is not None


def test_replace_takes_all_or_nothing():
    directory = Directory([A])
    with pytest.raises(ValueError, match="'a' and 'c' share the password credential 'ann'"):
        directory.replace([A, tenant("c", Credential("password", "ann", "x"))])
    assert directory.password("ann").tenant is A
    directory.replace([B])
    assert directory.password("ann") is None
    assert directory.password("bob").tenant is B


def test_clashes_are_found_also_with_disabled_tenants_and_tokens_are_not_shown():
    with pytest.raises(ValueError, match="two tenants are called 'a'"):
        Directory([A, A])
    with pytest.raises(ValueError, match=r"token credential$") as caught:
        Directory([A, tenant("z", Credential("token", "d1"), enabled=False)])
    assert "d1" not in str(caught.value)
