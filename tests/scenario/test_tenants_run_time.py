"""Tenants and credentials made, changed and taken away while the gateway runs."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.business import change, check_books, client, code, create, funds, refused, told
from tests.scenario.client import Tenant, ask, wait
from tests.scenario.esme import UNBIND, Closed, Esme
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import PASSWORD, bound, check_sound, wait_binds
from tests.scenario.stores import REDIS, server

INVALID_PASSWORD, BIND_FAILED = 0x0E, 0x0D


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC, with both listeners; an ESME at 127.0.0.2 is another address."""
    return shared.gateway(shared.smsc(), smpp={}, auth={"max_failures": 1000}, log={"level": "debug"})


def _bind(gateway: Gateway, system_id: str, password: str, source: str = "127.0.0.1") -> int:
    esme = Esme(gateway.smpp_port, source=source)
    try:
        return esme.bind(system_id, password)
    finally:
        esme.close()


def _may(gateway: Gateway, token: str) -> int:
    return Tenant(gateway.http_port, token).ask("GET", "/v1/balance").status


def _wait_unbound(esme: Esme) -> None:
    """Until the gateway unbinds this one, or closes it."""
    try:
        while True:
            pdu = esme.read(20)
            if pdu.command == UNBIND:
                return
            esme.answer(pdu)
    except Closed:
        return


def _stored(directory: Path) -> bytes:
    """All that the store has written."""
    files = (server().directory if REDIS else directory).rglob("*.aof" if REDIS else "*")
    found = [path.read_bytes() for path in files if path.is_file()]
    assert len(found) > (0 if REDIS else 1)
    return b"".join(found)


def test_a_new_tenant_sends_at_once(gateway: Gateway) -> None:
    """Over HTTP by password and token, and over SMPP, in the moment the command has answered."""
    answer = told(
        gateway,
        "tenant",
        "create",
        json=json.dumps(
            {
                "id": "fresh",
                "price": "0.04",
                "credit": "1",
                "credentials": [{"kind": "token"}, {"kind": "smpp", "system_id": "fresh"}],
            }
        ),
    )
    secrets = {each["kind"]: each["secret"] for each in answer["secrets"]}
    Tenant(gateway.http_port, secrets["token"]).send()
    esme = Esme(gateway.smpp_port)
    assert esme.bind("fresh", secrets["smpp"]) == 0
    assert esme.submit()[0] == 0
    assert esme.unbind() == 0
    shown = json.dumps(told(gateway, "tenant", "show", id="fresh"))
    listed = json.dumps(told(gateway, "credential", "list", tenant="fresh"))
    log = gateway.log_path.read_text()
    for secret in secrets.values():
        assert secret not in shown + listed + log
    assert "argon2" not in shown + listed + log
    assert "whsec_" not in shown + log
    stored = _stored(gateway.config.parent / "data")
    assert b"fresh" in stored
    for secret in (*secrets.values(), told(gateway, "tenant", "webhook-secret", id="fresh")["webhook_secret"]):
        assert secret.encode() not in stored
    check_sound(gateway)


def test_a_tenant_is_there_after_a_kill(scene: Scene) -> None:
    """Its settings, credentials and money too; the tenants file does not bring back what was changed."""
    gateway = scene.gateway(scene.smsc(), smpp={})
    create(gateway, "fresh", credit="1", price="0.04", senders=["Fresh"], region="GR")
    change(gateway, "shop", price="0.07")
    told(gateway, "ledger", "topup", tenant="fresh", amount="2", reference="pay-1")
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    assert funds(gateway, "fresh")[0] == 3
    tenant = client(gateway, "fresh")
    assert code(tenant.post("6912345678", **{"from": "Fresh"})) is None
    assert code(tenant.post("6912345678", **{"from": "Other"})) == "sender_not_allowed"
    assert gateway.tenant.post("+306912345678").body["messages"][0]["price"] == "0.0700"
    assert bound(gateway, "fresh").unbind() == 0
    assert "nothing was booked" in refused(gateway, "ledger", "topup", tenant="fresh", amount="2", reference="pay-1")
    check_books(gateway)


def test_a_disabled_tenant_is_put_out(gateway: Gateway) -> None:
    """HTTP 401, unbound, no new bind; the same for its customer, which keeps its own setting; back in again."""
    reseller = create(gateway, "off", credit="10", price="0.04")
    customer = create(gateway, "offchild", parent="off", credit="10", price="0.04")
    esmes = [bound(gateway, "off"), bound(gateway, "offchild")]
    told(gateway, "tenant", "disable", id="off")
    for esme in esmes:
        _wait_unbound(esme)
        esme.close()
    for tenant, name in ((reseller, "off"), (customer, "offchild")):
        assert tenant.post("+306912345678").status == 401
        assert _bind(gateway, name, PASSWORD) == INVALID_PASSWORD
    told(gateway, "tenant", "enable", id="off")
    for tenant, name in ((reseller, "off"), (customer, "offchild")):
        assert tenant.post("+306912345678").status == 202
        assert _bind(gateway, name, PASSWORD) == 0
    check_sound(gateway)


def test_what_was_accepted_before_still_goes_out(scene: Scene) -> None:
    """A tenant that is disabled while its messages wait for the SMSC."""
    smsc = scene.smsc()
    port = smsc.port()
    smsc.stop()
    gateway = scene.gateway(port, start=False)
    gateway.start()
    wait("it answers", lambda: _answers(gateway))
    tenant = create(gateway, "waiting", credit="10", price="0.04")
    tenant.send_many(5)
    told(gateway, "tenant", "disable", id="waiting")
    smsc = scene.smsc(name="again", port=port)
    assert len(smsc.wait_texts(5)) == 5
    wait("all are paid for", lambda: funds(gateway, "waiting")[1] == 0)
    check_books(gateway)


def _answers(gateway: Gateway) -> bool:
    gateway.check()
    try:
        return ask(gateway.ops_port, "GET", "/live").status > 0 and gateway.admin_socket.exists()
    except OSError:
        return False


def test_rotation_of_a_token(gateway: Gateway) -> None:
    """Both work for the grace, then the new one alone."""
    create(gateway, "turn", credit="1", credentials=[{"kind": "token", "secret": "turn-token-1", "label": "web"}])
    [row] = told(gateway, "credential", "list", tenant="turn")
    new = told(gateway, "credential", "rotate", tenant="turn", kind="token", name=row["name"], grace_s="2")["secret"]
    assert (_may(gateway, "turn-token-1"), _may(gateway, new)) == (200, 200)
    wait("the old one ends", lambda: _may(gateway, "turn-token-1") == 401, every_s=0.1)
    assert _may(gateway, new) == 200
    assert new not in gateway.log_path.read_text()


def test_rotation_of_an_smpp_password(gateway: Gateway) -> None:
    """Both bind for the grace; then who is bound with the old one is unbound, and only the new one binds."""
    create(gateway, "spin", credit="1")
    old = bound(gateway, "spin")
    new = told(gateway, "credential", "rotate", tenant="spin", kind="smpp", name="spin", grace_s="2")["secret"]
    fresh = Esme(gateway.smpp_port)
    assert fresh.bind("spin", new) == 0
    assert _bind(gateway, "spin", PASSWORD) == 0
    _wait_unbound(old)
    old.close()
    assert _bind(gateway, "spin", PASSWORD) == INVALID_PASSWORD
    assert fresh.probe() == 0
    assert fresh.unbind() == 0


def test_expiry(gateway: Gateway) -> None:
    """A secret that ends now is unknown from now on, over both protocols, and its session ends."""
    create(gateway, "brief", credit="1")
    esme = bound(gateway, "brief")
    for row in told(gateway, "credential", "list", tenant="brief"):
        told(gateway, "credential", "expire", tenant="brief", kind=row["kind"], name=row["name"])
    assert _may(gateway, "brief-token") == 401
    assert _bind(gateway, "brief", PASSWORD) == INVALID_PASSWORD
    _wait_unbound(esme)
    esme.close()


def test_networks(gateway: Gateway) -> None:
    """Who knows the secret is told that the address is wrong; who does not is told no more than anybody."""
    allow = ["192.0.2.0/24"]
    credentials: list[dict[str, Any]] = [
        {"kind": "token", "secret": "far-token", "allow": allow},
        {"kind": "smpp", "system_id": "far", "secret": PASSWORD, "allow": [*allow, "127.0.0.2/32"]},
    ]
    create(gateway, "far", credit="1", credentials=credentials)
    assert _may(gateway, "far-token") == 403
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):  # anybody can write that
        claimed = {header: "for=192.0.2.1" if header == "Forwarded" else "192.0.2.1"}
        assert Tenant(gateway.http_port, "far-token").ask("GET", "/v1/balance", headers=claimed).status == 403
    assert _bind(gateway, "far", PASSWORD) == BIND_FAILED
    assert _bind(gateway, "far", "wrong") == INVALID_PASSWORD
    assert _bind(gateway, "far", PASSWORD, source="127.0.0.2") == 0


def test_scopes(gateway: Gateway) -> None:
    """Each part of the API by its scope alone, 403 for the others; SMPP needs `bind`."""
    paths = {
        "read": "/v1/messages",
        "contacts": "/v1/contacts",
        "templates": "/v1/templates",
        "senders": "/v1/senders",
        "links": "/v1/links",
        "money": "/v1/balance",
    }
    scopes = [*paths, "send", "lookups"]
    credentials: list[dict[str, Any]] = [
        {"kind": "token", "secret": f"scope-{scope}", "scopes": [scope]} for scope in scopes
    ]
    credentials += [
        {"kind": "smpp", "system_id": f"scope-{scope}", "secret": PASSWORD, "scopes": [scope]}
        for scope in ("send", "bind")
    ]
    create(gateway, "scoped", credit="10", price="0.01", credentials=credentials)
    for scope in scopes:
        tenant = Tenant(gateway.http_port, f"scope-{scope}")
        for needed, path in paths.items():
            answer = tenant.ask("GET", path)
            assert (answer.status == 200) == (needed == scope), (scope, path, answer)
            assert answer.status in (200, 403), (scope, path, answer)
        assert tenant.ask("GET", "/v1/statements").status == (200 if scope == "money" else 403)
        assert tenant.post("+306912345678").status == (202 if scope == "send" else 403)
        lookup = tenant.ask("POST", "/v1/lookups", {"to": ["+306912345678"]})
        assert lookup.status == (202 if scope == "lookups" else 403), (scope, lookup)
    assert _bind(gateway, "scope-send", PASSWORD) == INVALID_PASSWORD
    assert _bind(gateway, "scope-bind", PASSWORD) == 0


def test_a_credential_belongs_to_one_tenant(gateway: Gateway) -> None:
    """A system_id or token that another has is refused, names nobody's secret, and changes nothing."""
    create(gateway, "owner", credit="1")
    thief = {"id": "thief", "credentials": [{"kind": "smpp", "system_id": "owner", "secret": "x"}]}
    assert "owner" in refused(gateway, "tenant", "create", json=json.dumps(thief))
    thief["credentials"] = [{"kind": "token", "secret": "owner-token"}]
    assert "owner-token" not in refused(gateway, "tenant", "create", json=json.dumps(thief))
    assert refused(gateway, "tenant", "show", id="thief")
    assert "owner-token" not in gateway.log_path.read_text()
    assert _may(gateway, "owner-token") == 200
    assert bound(gateway, "owner").unbind() == 0
    check_sound(gateway)


def test_a_removed_credential_is_gone(gateway: Gateway) -> None:
    """At once, and its session too."""
    create(gateway, "gone", credit="1")
    esme = bound(gateway, "gone")
    wait_binds(gateway, 1, "gone")
    told(gateway, "credential", "remove", tenant="gone", kind="smpp", name="gone")
    _wait_unbound(esme)
    esme.close()
    assert _bind(gateway, "gone", PASSWORD) == INVALID_PASSWORD
    assert _may(gateway, "gone-token") == 200
    check_sound(gateway)
