"""A tenant looks after its own credentials."""

import base64

import msgspec
import pytest

from smsgwd.accounts.totp import STEP_S, code_at
from smsgwd.model.records import TOTP
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.timespec.rfc3339 import format_epoch_ms
from tests.northbound import own
from tests.northbound.harness import is_problem
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)


@pytest.fixture
def client(at_once):
    return OwnClient()


def test_the_list_shows_everything_but_secrets(client):
    found = client.ask("GET", "/v1/credentials")
    assert found.status == 200
    boss, clerk = found.json["credentials"]
    assert (boss["kind"], boss["name"], boss["label"], boss["this"]) == ("token", "b" * 12, "boss", True)
    assert (clerk["name"], clerk["scopes"], clerk["this"]) == ("clerk", ["credentials", "send"], False)
    assert (clerk["live"], clerk["totp"], clerk["expires_at"]) == (True, False, None)
    assert b"hash of" not in found.body
    assert b"theirs" not in found.body


def test_one_is_made_and_its_secret_is_shown_once(client):
    made = client.ask("POST", "/v1/credentials", {"kind": "token", "label": "till", "scopes": ["send"]})
    assert made.status == 201
    assert len(made.json["secret"]) > 40
    assert (made.json["label"], made.json["scopes"]) == ("till", ["send"])
    listed = client.ask("GET", "/v1/credentials")
    assert made.json["secret"].encode() not in listed.body
    assert [each["label"] for each in listed.json["credentials"]] == ["boss", "", "till"]
    assert client.own.changes.kept == [
        (
            "demo",
            "token",
            "192.0.2.7",
            "credential add",
            {"kind": "token", "name": made.json["name"], "label": "till", "scopes": "send"},
        )
    ]


def test_all_kinds_with_all_limits(client):
    limits = {"allow": ["192.0.2.0/24"], "expires_at": "2030-01-01T00:00:00Z", "scopes": ["bind"]}
    smpp = client.ask("POST", "/v1/credentials", {"kind": "smpp", "name": "shop-1", **limits}).json
    assert (len(smpp["secret"]), smpp["allow"]) == (8, ["192.0.2.0/24"])
    assert smpp["expires_at"] == "2030-01-01T00:00:00.000Z"
    password = client.ask("POST", "/v1/credentials", {"kind": "password", "name": "ann"}).json
    assert (password["name"], password["serial"]) == ("ann", 0)
    again = client.ask("POST", "/v1/credentials", {"kind": "password", "name": "ann"}).json
    assert again["serial"] == 1


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"kind": "password"}, "invalid", "name: it is needed"),
        ({"kind": "token", "name": "x"}, "invalid", "name: a token has none"),
        ({"kind": "password", "name": "a b"}, "invalid", "name"),
        ({"kind": "smpp", "name": "longer-than-fifteen"}, "invalid", "name"),
        ({"kind": "token", "allow": ["nowhere"]}, "invalid", "allow"),
        ({"kind": "token", "expires_at": "soon"}, "invalid", "expires_at: must be a time"),
        ({"kind": "token", "scopes": ["everything"]}, "invalid", "scopes"),
        ({"kind": "token", "secret": "mine"}, "invalid", "secret"),
    ],
)
def test_what_cannot_be_made(client, body, code, detail):
    assert is_problem(client.ask("POST", "/v1/credentials", body), 422, code, detail)
    assert client.own.changes.kept == []


@pytest.mark.parametrize("body", [{"kind": "password", "name": "theirs"}, {"kind": "smpp", "name": "their-id"}])
def test_a_name_of_another_tenant_cannot_be_had_and_nothing_tells_whose_it_is(client, body):
    refused = client.ask("POST", "/v1/credentials", body)
    assert is_problem(refused, 409, "exists", "cannot be had")
    assert b"other" not in refused.body.replace(b"another", b"")


def test_a_credential_gives_no_more_than_it_has(client):
    for body in (
        {"kind": "token"},
        {"kind": "token", "scopes": ["send", "money"]},
        {"kind": "smpp", "name": "s", "scopes": ["bind"]},
    ):
        assert is_problem(client.by("clerk", "POST", "/v1/credentials", body), 403, "out_of_scope", "more than")
    made = client.by("clerk", "POST", "/v1/credentials", {"kind": "token", "scopes": ["send"]})
    assert made.status == 201
    for path in ("/v1/credentials/token/boss/rotate",):
        assert is_problem(client.by("clerk", "POST", path, {}), 403, "out_of_scope", "more than")
    assert is_problem(client.by("clerk", "DELETE", "/v1/credentials/token/boss"), 403, "out_of_scope", "more than")
    assert client.by("clerk", "POST", "/v1/credentials/password/clerk/rotate", {}).status == 200


def test_who_lacks_the_scope_gets_nothing(client):
    client.own.change(credentials=(own.BOSS, msgspec.structs.replace(own.CLERK, scopes=("send",))))
    for method, path in (
        ("GET", "/v1/credentials"),
        ("DELETE", "/v1/credentials/token/boss"),
        ("GET", "/v1/callbacks"),
    ):
        assert is_problem(client.by("clerk", method, path), 403, "out_of_scope")
    assert is_problem(client.by("nobody", "GET", "/v1/credentials"), 401, "unauthenticated")


def test_rotating_leaves_the_old_one_a_while(client):
    made = client.ask("POST", "/v1/credentials/password/clerk/rotate", {"grace_s": 3600})
    assert (made.status, made.json["serial"], made.json["scopes"]) == (200, 1, ["credentials", "send"])
    old = next(each for each in client.own.tenant().credentials if each.serial == 0 and each.kind == "password")
    assert old.expires_at == client.own.clock.now_ms() + 3_600_000
    assert client.own.changes.kept[-1][3] == "credential rotate"
    for grace in (-1, 0.5, 10**9):
        assert is_problem(
            client.ask("POST", "/v1/credentials/password/clerk/rotate", {"grace_s": grace}), 422, "invalid", "grace_s"
        )


def test_removing(client):
    gone = client.ask("DELETE", "/v1/credentials/password/clerk")
    assert (gone.status, gone.json) == (200, {"removed": 1})
    assert [each.kind for each in client.own.tenant().credentials] == ["token"]
    assert client.own.changes.kept[-1][3:] == (
        "credential remove",
        {"kind": "password", "name": "clerk", "scopes": "credentials,send"},
    )
    assert is_problem(client.ask("DELETE", "/v1/credentials/password/clerk"), 404, "no_such")
    assert is_problem(client.ask("DELETE", "/v1/credentials/password/theirs"), 404, "no_such")
    assert is_problem(client.ask("DELETE", "/v1/credentials/cookie/clerk"), 404, "no_such")
    assert is_problem(client.ask("DELETE", "/v1/credentials/password/clerk?serial=x"), 422, "invalid", "serial")


def test_one_secret_of_several_is_removed(client):
    client.ask("POST", "/v1/credentials/password/clerk/rotate", {})
    assert client.ask("DELETE", "/v1/credentials/password/clerk?serial=0").json == {"removed": 1}
    assert [each.serial for each in client.own.tenant().credentials if each.kind == "password"] == [1]


def test_the_last_one_in_charge_stays(client):
    assert is_problem(client.ask("DELETE", "/v1/credentials/token/boss"), 409, "last_credential", "make another")
    made = client.ask("POST", "/v1/credentials", {"kind": "password", "name": "ann"})
    assert made.status == 201
    assert client.ask("DELETE", "/v1/credentials/token/boss").status == 200
    assert client.own.tenancy.directory.password("ann").tenant.id == "demo"


def test_there_is_an_end_to_how_many(at_once):
    many = tuple(Credential("smpp", f"id{n}", "h") for n in range(100))
    client = OwnClient(Tenant("demo", credentials=(own.BOSS, *many)))
    assert is_problem(client.ask("POST", "/v1/credentials", {"kind": "token"}), 422, "invalid", "100 credentials")
    assert client.ask("POST", "/v1/credentials/smpp/id1/rotate", {"grace_s": 0}).status == 200


def test_not_too_often(client):
    answers = [client.ask("POST", "/v1/credentials", {"kind": "token", "label": f"t{n}"}) for n in range(11)]
    assert [each.status for each in answers] == [201] * 10 + [429]
    assert is_problem(answers[-1], 429, "over_rate", "times a minute")
    client.own.clock.advance(60)
    assert client.ask("POST", "/v1/credentials", {"kind": "token"}).status == 201


# -- codes from a phone

_PATH = "/v1/credentials/password/clerk/totp"


def _code(client, secret, steps=0):
    return code_at(_octets(secret), client.own.clock.now_ms() // 1000 // STEP_S + steps)


def _octets(secret):
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def test_codes_are_begun_confirmed_and_asked_for(client):
    assert client.ask("GET", _PATH).json == {"enabled": False, "begun": False}
    begun = client.ask("POST", _PATH, {})
    secret = begun.json["secret"]
    assert (begun.status, begun.json["enabled"], begun.json["begun"]) == (200, False, True)
    assert begun.json["uri"].startswith("otpauth://totp/")
    assert client.ask("GET", _PATH).json == {"enabled": False, "begun": True}
    [record] = [each for each in client.records.rows.values() if each.kind == TOTP]
    assert (record.tenant, record.key) == ("demo", "password/clerk")
    assert secret.encode() not in record.value
    assert is_problem(client.ask("POST", _PATH, {"code": "000000"}), 422, "invalid", "code")
    confirmed = client.ask("POST", _PATH, {"code": _code(client, secret)})
    assert confirmed.json == {"enabled": True, "begun": False, "secret": None, "uri": None}
    assert secret.encode() not in client.ask("GET", _PATH).body
    assert [each["totp"] for each in client.ask("GET", "/v1/credentials").json["credentials"]] == [False, True]
    assert is_problem(client.ask("POST", _PATH, {}), 409, "exists")
    assert [each[3] for each in client.own.changes.kept] == ["credential totp-on"]
    assert client.ask("DELETE", _PATH).json == {"removed": 1}
    assert client.ask("DELETE", _PATH).json == {"removed": 0}
    assert [each[3] for each in client.own.changes.kept] == ["credential totp-on", "credential totp-off"]


def test_codes_go_with_passwords_of_the_tenant_only(client):
    for path in ("/v1/credentials/token/boss/totp", "/v1/credentials/password/theirs/totp"):
        for method, body in (("GET", b""), ("POST", {}), ("DELETE", b"")):
            assert is_problem(client.ask(method, path, body), 404, "no_such")
    assert is_problem(client.ask("POST", _PATH, {"code": "123456"}), 404, "no_such", "nothing was begun")


def test_who_is_good_for_less_changes_no_codes(client):
    assert client.ask("POST", "/v1/credentials", {"kind": "password", "name": "ann"}).status == 201
    path = "/v1/credentials/password/ann/totp"
    assert is_problem(client.by("clerk", "POST", path, {}), 403, "out_of_scope")
    assert is_problem(client.by("clerk", "DELETE", path), 403, "out_of_scope")
    assert client.by("clerk", "POST", _PATH, {}).status == 200


def test_codes_go_with_the_last_password_of_the_name(client):
    client.ask("POST", _PATH, {})
    client.ask("POST", "/v1/credentials/password/clerk/rotate", {})
    client.ask("DELETE", "/v1/credentials/password/clerk?serial=0")
    assert client.ask("GET", _PATH).json["begun"] is True
    client.ask("DELETE", "/v1/credentials/password/clerk")
    assert [each for each in client.records.rows.values() if each.kind == TOTP] == []


def test_a_new_secret_of_what_has_ended_is_good_for_no_longer_than_who_asks(client):
    now = client.own.clock.now_ms()
    client.own.change(credentials=(own.BOSS, msgspec.structs.replace(own.CLERK, expires_at=now + 3_600_000)))
    short = {"kind": "token", "label": "short", "scopes": ["send"], "expires_at": format_epoch_ms(now + 1000)}
    assert client.by("clerk", "POST", "/v1/credentials", short).status == 201
    client.own.clock.advance(2)
    path = "/v1/credentials/token/short/rotate"
    assert is_problem(client.by("clerk", "POST", path, {}), 403, "out_of_scope", "for longer")
    assert client.ask("POST", path, {}).json["expires_at"] is None
