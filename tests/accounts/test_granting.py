import pytest

from smsgwd.accounts.granting import beyond, in_charge
from smsgwd.model.tenant import Credential


def token(**limits):
    return Credential("token", "x", **limits)


@pytest.mark.parametrize(
    ("giver", "given"),
    [
        (token(), token()),
        (token(), token(scopes=("send",), allow=("192.0.2.0/24",), expires_at=5)),
        (token(scopes=("send", "read")), token(scopes=("read",))),
        (token(allow=("192.0.2.0/24",)), token(allow=("192.0.2.7", "192.0.2.128/25"))),
        (token(allow=("2001:db8::/32", "192.0.2.0/24")), token(allow=("2001:db8:1::/48",))),
        (token(expires_at=9), token(expires_at=9)),
    ],
)
def test_no_more_than_it_has(giver, given):
    assert beyond(giver, given) is None


@pytest.mark.parametrize(
    ("giver", "given", "why"),
    [
        (token(scopes=("send",)), token(), "good for more"),
        (token(scopes=("send",)), token(scopes=("send", "read")), "good for more"),
        (token(allow=("192.0.2.0/24",)), token(), "more places"),
        (token(allow=("192.0.2.0/24",)), token(allow=("192.0.0.0/16",)), "more places"),
        (token(allow=("192.0.2.0/24",)), token(allow=("192.0.2.0/25", "::/0")), "more places"),
        (token(allow=("::/0",)), token(allow=("0.0.0.0/0",)), "more places"),
        (token(expires_at=9), token(), "longer"),
        (token(expires_at=9), token(expires_at=10), "longer"),
    ],
)
def test_more_than_it_has(giver, given, why):
    assert why in beyond(giver, given)


def test_who_is_in_charge():
    assert in_charge([token()])
    assert in_charge([Credential("password", "x", allow=("192.0.2.0/24",))])
    assert not in_charge([])
    assert not in_charge([token(scopes=("credentials",)), token(expires_at=9), Credential("smpp", "x")])
