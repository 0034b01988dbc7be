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


def test_one_name_may_have_several_secrets_the_newest_first():
    old = Credential("password", "ann", "h1", expires_at=1000)
    new = Credential("password", "ann", "h2", serial=1)
    directory = Directory([tenant("a", old, new)])
    assert [each.credential.serial for each in directory.named("password", "ann")] == [1, 0]
    assert directory.password("ann").credential is new
    assert [each.credential.serial for each in directory.live("password", "ann", 999)] == [1, 0]
    assert [each.credential.serial for each in directory.live("password", "ann", 1000)] == [1]
    assert directory.live("password", "nobody", 0) == ()
    assert directory.next_expiry(999) == 1000
    assert directory.next_expiry(1000) is None


def test_names_are_of_one_tenant_and_have_few_secrets():
    with pytest.raises(ValueError, match="has the password credential 'ann' twice"):
        Directory([tenant("a", Credential("password", "ann", "h1"), Credential("password", "ann", "h2"))])
    many = [Credential("password", "ann", f"h{n}", serial=n) for n in range(6)]
    assert len(Directory([tenant("a", *many[:5])]).named("password", "ann")) == 5
    with pytest.raises(ValueError, match="has 5 secrets already"):
        Directory([tenant("a", *many)])
    with pytest.raises(ValueError, match="share the smpp"):
        Directory([tenant("a", Credential("smpp", "x", "h")), tenant("b", Credential("smpp", "x", "h", serial=1))])


def family(**enabled):
    """a above b above c, each with a password of its name."""
    parents = {"a": None, "b": "a", "c": "b"}
    return [
        Tenant(name, parent=parents[name], enabled=enabled.get(name, True),
               credentials=(Credential("password", name, "h"),))
        for name in "cab"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("disabled", "working"), [((), "abc"), (("a",), ""), (("b",), "a"), (("c",), "ab"), (("a", "c"), "")]
)
def test_a_child_of_a_disabled_tenant_is_disabled_too(disabled, working):
    directory = Directory(family(**dict.fromkeys(disabled, False)))
    assert "".join(name for name in "abc" if directory.password(name)) == working
    assert "".join(name for name in "abc" if directory.enabled(name)) == working
    assert len(directory.tenants()) == 3


def test_parents_are_there_and_above():
    directory = Directory(family())
    assert [each.id for each in directory.children("a")] == ["b"]
    with pytest.raises(ValueError, match="parent of tenant 'x' is not there: 'y'"):
        directory.replace([*family(), Tenant("x", parent="y")])
    with pytest.raises(ValueError, match="would be its own ancestor"):
        directory.replace([Tenant("x", parent="x")])
    with pytest.raises(ValueError, match="would be its own ancestor"):
        directory.replace([Tenant("x", parent="y"), Tenant("y", parent="z"), Tenant("z", parent="y")])
    assert directory.tenant("x") is None


def test_a_directory_that_was_checked_can_be_taken_over():
    directory, other = Directory([A]), Directory(family(b=False))
    directory.become(other)
    assert directory.password("ann") is None and directory.password("a") is not None
    assert directory.enabled("a") and not directory.enabled("c")
    assert len(directory) == 3
