"""A tenant looks after its own keys and callbacks: made, used, taken away; tried, listed, pushed again."""

from __future__ import annotations

import base64
import email.utils
import signal

import pytest

from smsgwd.accounts.totp import code_at
from tests.scenario.client import ask
from tests.scenario.esme import Esme
from tests.scenario.harness import Catcher, Gateway, Scene, Tenant, wait
from tests.scenario.ways import done

OTHER: dict[str, object] = {"id": "other", "credentials": [{"kind": "token", "secret": "other-token"}]}
Stand = tuple[Gateway, Catcher]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A gateway with two tenants; the first one's receipts go to the catcher."""
    catcher = shared.catcher()
    return shared.gateway(shared.smsc(), catcher=catcher, tenants=[OTHER], smpp={}), catcher


def _made(tenant: Tenant, **credential: object) -> dict[str, str]:
    answer = tenant.ask("POST", "/v1/credentials", credential)
    assert answer.status == 201, answer
    return dict(answer.body)


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_key_is_made_used_and_taken_away(stand: Stand) -> None:
    """It counts at once, survives a kill, and gives no more than it has."""
    gateway, _ = stand
    boss = gateway.tenant
    made = _made(boss, kind="token", label="till", scopes=["send", "credentials"])
    till = Tenant(gateway.http_port, made["secret"])
    till.send()
    assert till.ask("GET", "/v1/balance").body["code"] == "out_of_scope"
    assert till.ask("POST", "/v1/credentials", {"kind": "token"}).body["code"] == "out_of_scope"
    assert till.ask("DELETE", "/v1/credentials/token/shop").status in (403, 404)
    listed = till.ask("GET", "/v1/credentials")
    assert [each["label"] for each in listed.body["credentials"] if each["this"]] == ["till"]
    assert made["secret"] not in str(listed.body)

    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    till.send()
    new = till.ask("POST", "/v1/credentials/token/till/rotate", {"grace_s": 0})
    assert new.status == 200, new
    assert till.ask("GET", "/v1/credentials").status == 401
    till = Tenant(gateway.http_port, new.body["secret"])
    till.send()
    assert boss.ask("DELETE", f"/v1/credentials/token/{new.body['name']}").body == {"removed": 1}
    assert till.post("+306912345678").status == 401

    entries = [each for each in done(gateway, "audit", "list") if each["who"] == "tenant:shop"]
    assert {each["command"] for each in entries} == {"credential add", "credential rotate", "credential remove"}
    assert made["secret"] not in str(entries)


def test_the_other_tenant_sees_and_changes_nothing(stand: Stand) -> None:
    """Neither keys nor where it is told; a name that is taken is nobody's in particular."""
    gateway, _ = stand
    boss, other = gateway.tenant, Tenant(gateway.http_port, "other-token")
    _made(boss, kind="password", name="clerk")
    assert "clerk" not in str(other.ask("GET", "/v1/credentials").body)
    for method, path in (
        ("DELETE", "/v1/credentials/password/clerk"),
        ("POST", "/v1/credentials/password/clerk/rotate"),
        ("POST", "/v1/credentials/password/clerk/totp"),
    ):
        assert other.ask(method, path, {}).status == 404, path
    taken = other.ask("POST", "/v1/credentials", {"kind": "password", "name": "clerk"})
    assert (taken.status, "shop" in str(taken.body)) == (409, False)
    assert other.ask("DELETE", "/v1/credentials/token/other").status in (404, 409)
    assert boss.ask("DELETE", "/v1/credentials/password/clerk").status == 200


def test_who_is_bound_with_a_key_is_unbound_with_it(stand: Stand) -> None:
    """As where an operator takes it away."""
    gateway, _ = stand
    made = _made(gateway.tenant, kind="smpp", name="till-1")
    esme = Esme(gateway.smpp_port)
    assert esme.bind("till-1", made["secret"]) == 0
    assert gateway.tenant.ask("DELETE", "/v1/credentials/smpp/till-1").status == 200
    esme.wait_closed()
    assert Esme(gateway.smpp_port).bind("till-1", made["secret"]) == 0x0E


def test_codes_from_a_phone_are_for_pages_only(stand: Stand) -> None:
    """A request with the password is never asked for one; an operator takes them away."""
    gateway, _ = stand
    made = _made(gateway.tenant, kind="password", name="ann")
    mine, path = _basic("ann", made["secret"]), "/v1/credentials/password/ann/totp"
    begun = ask(gateway.http_port, "POST", path, {}, {**mine, "Content-Type": "application/json"})
    assert begun.status == 200, begun
    secret = base64.b32decode(begun.body["secret"])

    def confirmed() -> bool:
        code = code_at(secret, _now(gateway) // 30)
        return gateway.tenant.ask("POST", path, {"code": code}).status == 200

    wait("a code fits", confirmed, every_s=1)
    assert gateway.tenant.ask("GET", path).body == {"enabled": True, "begun": False}
    assert ask(gateway.http_port, "GET", "/v1/balance", None, mine).status == 200
    newest, old = done(gateway, "secret", "rotate")
    assert (newest["sealed"], old["sealed"]) == (3, 0)  # two signing secrets, and what makes the codes
    done(gateway, "credential", "totp-off", tenant="shop", name="ann")
    assert gateway.tenant.ask("GET", path).body == {"enabled": False, "begun": False}


def _now(gateway: Gateway) -> int:
    """The gateway's time, in seconds since 1970."""
    date = gateway.tenant.ask("GET", "/v1/balance").headers["Date"]
    return int(email.utils.parsedate_to_datetime(date).timestamp())


def test_where_it_is_told_is_the_tenants_own_affair(scene: Scene) -> None:
    """Set, tried, listed, pushed again; the new secret signs at once."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc(), tenants=[OTHER])
    tenant, other = gateway.tenant, Tenant(gateway.http_port, "other-token")
    assert tenant.ask("GET", "/v1/callbacks").body["dlr_url"] is None
    assert tenant.ask("POST", "/v1/callbacks/test", {"to": "dlr"}).status == 422
    answer = tenant.ask("PUT", "/v1/callbacks", {"dlr_url": catcher.url, "webhook_url": "http://127.0.0.1:9/"})
    assert (answer.status, answer.body["dlr_url"]) == (200, catcher.url)
    tried = tenant.ask("POST", "/v1/callbacks/test", {"to": "dlr"}).body
    assert (tried["status"], tried["detail"]) == (200, "")
    [push] = catcher.pushes()
    assert push["body"]["type"] == "test"
    refused = tenant.ask("POST", "/v1/callbacks/test", {"to": "webhook"}).body
    assert refused["status"] is None and refused["detail"]
    secret = tenant.ask("POST", "/v1/callbacks/secret").body["secret"]
    assert done(gateway, "tenant", "webhook-secret", id="shop")["webhook_secret"] == secret

    sent = tenant.send_many(5)
    catcher.wait_all(sent)
    wait("nothing is owed", lambda: tenant.ask("GET", "/v1/pushes?state=pending").body["pushes"] == [])
    pushes = tenant.ask("GET", "/v1/pushes").body["pushes"]
    assert {each["message_id"] for each in pushes} == set(sent)
    assert {each["state"] for each in pushes} == {"done"}
    assert [int(each["id"]) for each in pushes] == sorted((int(each["id"]) for each in pushes), reverse=True)
    [one] = tenant.ask("GET", f"/v1/pushes?message={sent[2]}").body["pushes"]
    assert one["message_id"] == sent[2]
    assert other.ask("GET", "/v1/pushes").body["pushes"] == []
    assert other.ask("GET", f"/v1/pushes?message={sent[2]}").body["pushes"] == []

    body = {"ids": [each["id"] for each in pushes]}
    assert other.ask("POST", "/v1/pushes/repush", body).body == {"pushed": 0}
    assert other.ask("POST", "/v1/pushes/repush", {"messages": sent}).body == {"pushed": 0}
    assert other.ask("POST", "/v1/pushes/repush", {"from": one["created_at"]}).body == {"pushed": 0}
    assert tenant.ask("POST", "/v1/pushes/repush", {"ids": [one["id"]]}).body == {"pushed": 1}
    assert tenant.ask("POST", "/v1/pushes/repush", {"messages": sent[:2]}).body == {"pushed": 2}
    wait("they come again", lambda: len(catcher.pushes()) == 1 + 5 + 3)
    again = [each["webhook_id"] for each in catcher.pushes()[6:]]
    assert f"msg_{one['id']}" in again


def test_an_address_inside_is_refused(scene: Scene) -> None:
    """Where only public ones are called; and what was set before is tried in vain."""
    gateway = scene.gateway(scene.smsc(), notify={"allow_private_targets": False})
    for url in ("http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/", "http://0x7f.1/"):
        answer = gateway.tenant.ask("PUT", "/v1/callbacks", {"webhook_url": url})
        assert (answer.status, answer.body["code"]) == (422, "invalid"), (url, answer)
        assert answer.body["detail"].startswith("webhook_url: "), answer
    assert gateway.tenant.ask("GET", "/v1/callbacks").body["webhook_url"] is None
