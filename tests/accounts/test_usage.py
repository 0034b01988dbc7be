import pytest

from smsgwd.accounts.usage import barred, expired, limited, within
from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Credential


def credential(**members):
    return Credential("password", "ann", "h", **members)


def test_a_plain_credential_has_no_limits():
    plain = credential(label="shop", created_at=1, serial=3)
    assert not limited(plain)
    assert not expired(plain, 1 << 62)
    assert barred(plain, "192.0.2.1", "send") is None


def test_expiry_is_exclusive():
    ending = credential(expires_at=1000)
    assert limited(ending)
    assert not expired(ending, 999)
    assert expired(ending, 1000)
    assert expired(credential(expires_at=0), 1)


@pytest.mark.parametrize(
    ("scopes", "scope", "refusal"),
    [
        (("send", "read"), "send", None),
        (("send", "read"), "money", Refusal.OUT_OF_SCOPE),
        (("send",), "bind", Refusal.OUT_OF_SCOPE),
        (("send",), "", None),
        ((), "bind", None),
    ],
)
def test_scopes(scopes, scope, refusal):
    assert barred(credential(scopes=scopes), "192.0.2.1", scope) is refusal


def test_the_network_goes_first():
    both = credential(scopes=("read",), allow=("192.0.2.0/24",))
    assert barred(both, "198.51.100.1", "send") is Refusal.ADDRESS_NOT_ALLOWED
    assert barred(both, "192.0.2.7", "send") is Refusal.OUT_OF_SCOPE
    assert barred(both, "192.0.2.7", "read") is None


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.9", True),
        ("::ffff:192.0.2.9", True),
        ("192.0.3.9", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("/run/socket", False),
    ],
)
def test_networks(address, inside):
    assert within(address, ("192.0.2.0/24", "2001:db8::/32")) is inside
