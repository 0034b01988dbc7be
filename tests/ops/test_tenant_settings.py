"""Commands about tenants and credentials, over the real desk and a store in memory."""

import json

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.app import bootstrap, tenancy, tenant_desk
from smsgwd.app.tenancy import Tenancy
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.model.ledger import Funds
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ops.credentials import Credentials
from smsgwd.ops.registry import CommandError
from smsgwd.ops.tenants import TenantSettings
from tests.app.test_tenant_desk import NOW, VAULT, Store, Wall
from tests.northbound.fakes import FakeRecords
from tests.ops.asking import run


class Funded(Store):
    def funds(self, tenant):
        return succeed(Funds(5_000_000, 40_000, None if tenant == "demo" else -1_000_000))


class World:
    def __init__(self):
        self.wall = Wall()
        self.store = Funded(
            Tenant("demo", credit=5_000_000, credentials=(Credential("smpp", "ann", "argon", 3),)),
            Tenant("below", parent="demo"),
        )
        self.tenancy = Tenancy(VAULT)
        Deferred.fromCoroutine(self.tenancy.load(self.store, ()))
        desk = TenantDesk(self.tenancy, VAULT, self.wall)
        self.records = FakeRecords()
        self.tenants = TenantSettings(self.tenancy.directory, desk, self.store, self.wall)
        self.credentials = Credentials(self.tenancy.directory, desk, self.wall, self.records)

    def tenant(self, verb, **params):
        return run(self.tenants, "tenant", verb, **params)

    def credential(self, verb, **params):
        return run(self.credentials, "credential", verb, **params)


@pytest.fixture
def world(monkeypatch):
    for module in (tenancy, tenant_desk):
        monkeypatch.setattr(module, "deferToThread", lambda call, *args: succeed(call(*args)))
    monkeypatch.setattr(bootstrap, "hash_secret", lambda secret, salt: f"hash of {secret}")
    return World()


def test_tenants_are_listed_with_their_money(world):
    below, demo = world.tenant("list")
    assert demo == {
        "id": "demo", "parent": None, "enabled": True, "currency": "EUR", "balance": "5.0000", "reserved": "0.0400",
        "lowest": "none", "credentials": 1,
    }  # fmt: skip
    assert (below["parent"], below["lowest"]) == ("demo", "-1.0000")


def test_a_tenant_is_shown_without_secrets(world):
    world.tenant("set", id="demo", json='{"webhook": {"secret": "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="}}')
    shown = world.tenant("show", id="demo")
    assert (shown["credit"], shown["children"], shown["prices"]) == ("5.0000", ["below"], {"else": "0.0000"})
    assert [row["name"] for row in shown["credentials"]] == ["ann"]
    for secret in ("whsec", "sealed", "argon"):
        assert secret not in json.dumps(shown)
    with pytest.raises(CommandError, match="there is no tenant nobody"):
        world.tenant("show", id="nobody")


def test_a_tenant_is_created_of_a_document_and_of_single_options(world):
    made = world.tenant(
        "create", id="shop", credit="10.5", price="0.04", parent="demo", duplicate_s="120",
        json='{"senders": ["Shop"], "credentials": [{"kind": "token", "label": "web"}]}',
    )  # fmt: skip
    [secret] = made["secrets"]
    assert (made["tenant"], secret["kind"], secret["label"], len(secret["secret"])) == ("shop", "token", "web", 43)
    stored = world.store.kept["shop"]
    assert (stored.credit, stored.prices, stored.senders, stored.duplicate_s) == (
        10_500_000, (("", 40_000),), ("Shop",), 120,
    )  # fmt: skip
    assert secret["secret"] not in repr(stored)
    assert secret["secret"] not in json.dumps(world.tenant("show", id="shop"))


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"id": "demo"}, "there is a tenant demo already"),
        ({}, "id: is required"),
        ({"json": "{"}, "^json: line 1"),
        ({"id": "x", "price": "much"}, "price: must be a decimal amount"),
        ({"id": "x", "price": "1", "json": '{"price": 2}'}, "price: given in json and beside it"),
        ({"id": "x", "json": '{"prize": 2}'}, "prize: unknown key"),
        ({"id": "x", "prices": "2"}, 'takes no parameter prices; it is more than a word: json=.{"prices": ...}'),
        ({"id": "x", "parent": "nobody"}, "parent of tenant 'x' is not there"),
    ],
)
def test_what_is_not_created(world, params, complaint):
    with pytest.raises(CommandError, match=complaint):
        world.tenant("create", **params)
    assert set(world.store.kept) == {"demo", "below"}


def test_money_is_not_set_but_booked(world):
    with pytest.raises(CommandError, match=r"takes no parameter credit; .* booked with `ledger topup`"):
        world.tenant("set", id="demo", credit="5")


def test_lists_have_commas_between_their_words(world):
    shown = world.tenant("set", id="demo", senders="Shop, Shop24*", destinations="GR,357", refunds="undelivered")
    assert (shown["senders"], shown["destinations"]) == (("Shop", "Shop24*"), ("GR", "357"))
    assert shown["refunds"] == ("undelivered",)
    assert world.tenant("set", id="demo", destinations="null")["destinations"] == ()
    with pytest.raises(CommandError, match=r"refunds\[0\]: "):
        world.tenant("set", id="demo", refunds="always")


def test_what_may_not_have_been_meant_is_said(world):
    assert [line.split(":")[0] for line in world.tenant("create", id="free")["mind"].split("; ")] == [
        "postpaid without a limit",
        "its messages cost nothing",
    ]
    assert "mind" not in world.tenant("create", id="paid", credit="5", price="0.04")


def test_a_tenant_is_shown_with_its_money_and_hours(world):
    world.tenant("create", id="paid", credit="5", price="0.04", json='{"quiet": {"hours": "21:00-08:30"}}')
    shown = world.tenant("show", id="paid")
    assert (shown["balance"], shown["reserved"], shown["lowest_balance"]) == ("5.0000", "0.0400", "-1.0000")
    assert shown["quiet"] == {"hours": "21:00-08:30"}


def test_settings_are_changed(world):
    shown = world.tenant("set", id="demo", region="GR", json='{"prices": {"30": "0.01"}}')
    assert (shown["region"], shown["prices"]) == ("GR", {"else": "0.0000", "30": "0.0100"})
    assert world.tenant("set", id="demo", region="null")["region"] is None
    for params, complaint in (
        ({"region": "Greece"}, "region: .*no country that has phone numbers"),
        ({}, "no option is given"),
        ({"json": '{"currency": "USD"}'}, "keeps its currency"),
    ):
        with pytest.raises(CommandError, match=complaint):
            world.tenant("set", id="demo", **params)


def test_disabling_reaches_those_below(world):
    assert world.tenant("disable", id="demo")["in_use"] is False
    assert world.tenant("show", id="below")["in_use"] is False
    assert world.tenant("show", id="below")["enabled"] is True
    assert world.tenancy.directory.system_id("ann") is None
    assert world.tenant("enable", id="demo")["in_use"] is True
    assert world.tenancy.directory.enabled("below")
    with pytest.raises(CommandError, match="no tenant nobody"):
        world.tenant("disable", id="nobody")


def test_codes_from_a_phone_are_asked_for_no_more(world):
    world.credential("add", tenant="demo", kind="password", name="clerk")
    for _ in range(2):
        world.records.put("totp", "demo", "password/clerk", b"{}")
        assert world.credential("totp-off", tenant="demo", name="clerk") == {
            "tenant": "demo",
            "name": "clerk",
            "totp": "off",
        }
        with pytest.raises(CommandError, match="no code is asked for"):
            world.credential("totp-off", tenant="demo", name="clerk")
    with pytest.raises(CommandError, match="no tenant nobody"):
        world.credential("totp-off", tenant="nobody", name="clerk")


def test_codes_go_with_the_last_password_of_a_name(world):
    world.credential("add", tenant="demo", kind="password", name="clerk")
    world.credential("add", tenant="demo", kind="password", name="clerk")
    world.records.put("totp", "demo", "password/clerk", b"{}")
    world.credential("remove", tenant="demo", kind="password", name="clerk", serial="0")
    assert len(world.records.rows) == 1
    world.credential("remove", tenant="demo", kind="password", name="clerk")
    assert world.records.rows == {}


def test_credentials_from_beginning_to_end(world):
    made = world.credential(
        "add", tenant="demo", kind="smpp", name="bob", scopes="bind, send", allow="192.0.2.0/24", label="till",
        json='{"max_binds": 2}',
    )  # fmt: skip
    assert (made["name"], made["scopes"], made["allow"], made["binds"], made["label"]) == (
        "bob", "bind send", "192.0.2.0/24", 2, "till",
    )  # fmt: skip
    assert len(made["secret"]) == 8
    rotated = world.credential("rotate", tenant="demo", kind="smpp", name="bob", grace_s="60")
    assert rotated["serial"] == 1 and rotated["secret"] != made["secret"]
    rows = {(row["name"], row["serial"]): row for row in world.credential("list", tenant="demo")}
    assert rows["bob", 0]["expires"] == "1970-01-01T00:17:40.000Z" and rows["bob", 0]["live"]
    assert rows["bob", 1]["expires"] is None
    assert not any("secret" in row for row in rows.values())
    world.wall.ms = NOW + 60_000
    assert [row["live"] for row in world.credential("list", tenant="demo")] == [True, False, True]
    [row] = world.credential("expire", tenant="demo", kind="smpp", name="bob", serial="1", at="2027-01-01T00:00:00Z")
    assert row["expires"] == "2027-01-01T00:00:00.000Z"
    [row] = world.credential("expire", tenant="demo", kind="smpp", name="bob", serial="1", at="never")
    assert row["expires"] is None
    [row] = world.credential("expire", tenant="demo", kind="smpp", name="bob", serial="1")
    assert not row["live"]
    assert len(world.credential("remove", tenant="demo", kind="smpp", name="bob")) == 2
    assert [row["name"] for row in world.credential("list", tenant="demo")] == ["ann"]


def test_a_secret_that_the_operator_chose_is_not_shown(world):
    made = world.credential("add", tenant="demo", kind="password", name="demo", secret="own choice")
    assert "secret" not in made
    assert world.store.kept["demo"].credentials[-1].secret_hash == "hash of own choice"


def test_a_token_is_named_as_it_is_listed(world):
    made = world.credential("add", tenant="demo", kind="token", name="web")
    assert (made["label"], len(made["name"])) == ("web", 12)
    [row] = world.credential("remove", tenant="demo", kind="token", name=made["name"])
    assert row["label"] == "web"


@pytest.mark.parametrize(
    ("verb", "params", "complaint"),
    [
        ("add", {"kind": "pigeon"}, "kind must be one of password, token, smpp"),
        ("add", {"kind": "token", "scopes": "everything"}, r"^scopes\[0\]: must be one of"),
        ("add", {"kind": "token", "allow": "example.com"}, r"^allow\[0\]: "),
        ("add", {"kind": "token", "expires_at": "soon"}, "^expires_at: must be a time"),
        ("add", {"kind": "smpp"}, "needs the parameter name where kind is smpp"),
        ("add", {"kind": "token", "json": "["}, "^json: line 1"),
        ("add", {"kind": "token", "tenant": "nobody"}, "no tenant nobody"),
        ("rotate", {"kind": "smpp", "name": "bob"}, "no such smpp credential"),
        ("rotate", {"kind": "smpp", "name": "ann", "grace_s": "x"}, "grace_s must be a number"),
        ("expire", {"kind": "smpp", "name": "ann", "at": "soon"}, "^at: "),
        ("remove", {"kind": "smpp", "name": "ann", "serial": "5"}, "no such smpp credential"),
    ],
)
def test_what_is_wrong_with_a_credential_is_told(world, verb, params, complaint):
    with pytest.raises(CommandError, match=complaint):
        world.credential(verb, **{"tenant": "demo", **params})
    assert len(world.store.kept["demo"].credentials) == 1
