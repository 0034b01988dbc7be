"""What an account's own programs are told of it, and what they are not."""

import json

import pytest
from twisted.internet.defer import succeed

from smsgwd.accounts.directory import Account
from smsgwd.model.ledger import Funds
from smsgwd.model.tenant import SCOPES, Credential, EsmeSettings, Tenant
from smsgwd.northbound.account import ACCOUNT_ROUTES, Accounts, HttpPlace, Places, SmppPlace
from smsgwd.northbound.api import OwnFamily
from tests.app.fakes import FakeClock
from tests.northbound.fakes import T0, FakeGateway
from tests.northbound.harness import Client, is_problem

PLACES = Places(
    (HttpPlace("native", "https://sms.example.net"), HttpPlace("isms", "https://sms.example.net/isms")),
    (SmppPlace("sms.example.net", 3550, True),),
)
TOKEN = Credential("token", "ab" * 32, label="website", key="k1")
USER = Credential(
    "password", "shop", "$argon2id$hash", scopes=("send", "read"), expires_at=T0 + 1, allow=("10.0.0.0/8",)
)
ESME = Credential("smpp", "shop1", "$argon2id$hash", esme=EsmeSettings(outbind_password="sealed"))
OLD = Credential("password", "gone", "$argon2id$hash", expires_at=T0)
SHOP = Tenant(
    "shop",
    credit=0,
    time_zone="Europe/Athens",
    region="GR",
    default_sender="Shop",
    senders=("Shop*",),
    throughput=20,
    lookup_price=5_000,
    webhook_secret="whsec_sealed",
    credentials=(TOKEN, USER, ESME, OLD),
)


def account(credential, tenant=SHOP, funds=Funds(5_000_000, 40_000, -1_000_000)):  # noqa: B008 -- it is frozen
    gateway = FakeGateway()
    gateway.funds = lambda name: succeed(funds)
    gateway.proven = lambda name, secret, address, scope="": succeed(Account(tenant, credential))
    family = OwnFamily(ACCOUNT_ROUTES, Accounts(gateway, FakeClock(T0), PLACES).handlers())
    reply = Client(gateway, families=[family]).ask("GET", "/v1/account")
    assert reply.status == 200
    return reply.json


def test_one_without_limits_is_told_everything():
    every = list(SCOPES)
    website = {"kind": "token", "name": None, "label": "website", "scopes": every, "expires_at": None}
    assert account(TOKEN) == {
        "id": "shop",
        "currency": "EUR",
        "time_zone": "Europe/Athens",
        "language": "en",
        "region": "GR",
        "default_sender": "Shop",
        "senders": ["Shop*"],
        "any_sender": False,
        "throughput": 20,
        "lookup_price": "0.0050",
        "prepaid": True,
        "balance": "5.0000",
        "available": "6.0000",
        "credential": website,
        "credentials": [
            website,
            {
                "kind": "password",
                "name": "shop",
                "label": "",
                "scopes": ["send", "read"],
                "expires_at": "2023-11-14T22:13:20.001Z",
            },
            {"kind": "smpp", "name": "shop1", "label": "", "scopes": every, "expires_at": None},
        ],
        "http": [
            {"api": "native", "base_url": "https://sms.example.net"},
            {"api": "isms", "base_url": "https://sms.example.net/isms"},
        ],
        "smpp": [{"host": "sms.example.net", "port": 3550, "tls": True}],
    }


def test_one_with_limits_sees_itself_and_no_money():
    found = account(USER)
    assert found["credentials"] == [found["credential"]]
    assert found["credential"]["scopes"] == ["send", "read"]
    assert (found["balance"], found["available"]) == (None, None)


@pytest.mark.parametrize(("scope", "sees"), [("money", (True, False)), ("credentials", (False, True))])
def test_a_scope_shows_what_it_is_for(scope, sees):
    found = account(Credential("password", "clerk", "$argon2id$hash", scopes=(scope,)))
    assert (found["balance"] is not None, len(found["credentials"]) > 1) == sees


@pytest.mark.parametrize("funds", [None, Funds(-80_000, 0, None)])
def test_without_a_limit_there_is_no_balance(funds):
    found = account(TOKEN, Tenant("post"), funds)
    assert (found["prepaid"], found["balance"], found["available"]) == (False, None, None)
    assert (found["throughput"], found["any_sender"]) == (None, True)


@pytest.mark.parametrize("credential", [TOKEN, USER, ESME])
def test_nothing_secret_is_told(credential):
    told = json.dumps(account(credential))
    for secret in ("argon2", "whsec", "sealed", "abab", "k1"):
        assert secret not in told


def test_nobody_is_told_nothing():
    gateway = FakeGateway()
    family = OwnFamily(ACCOUNT_ROUTES, Accounts(gateway, FakeClock(T0), PLACES).handlers())
    client = Client(gateway, families=[family])
    assert is_problem(client.ask("GET", "/v1/account", auth=False), 401, "unauthenticated")
    assert is_problem(client.ask("GET", "/v1/account", auth="Bearer nobody"), 401, "unauthenticated")
