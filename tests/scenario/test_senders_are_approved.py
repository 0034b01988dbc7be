"""A sender: refused, asked for, approved, used, taken away again; it is its tenant's alone."""

from __future__ import annotations

import signal
from urllib.parse import quote

import pytest

from tests.scenario.harness import Gateway, Scene, Smsc, Tenant
from tests.scenario.ways import done, refused

OTHER: dict[str, object] = {
    "id": "other",
    "senders": ["Other"],
    "credentials": [{"kind": "token", "secret": "other-token"}],
}
Stand = tuple[Gateway, Smsc]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A tenant that may send as `Shop` alone, and another one."""
    smsc = shared.smsc()
    return shared.gateway(smsc, tenant={"senders": ["Shop"]}, tenants=[OTHER]), smsc


def _code(tenant: Tenant, sender: str) -> str:
    """What becomes of a message under a sender: '' when it is taken."""
    answer = tenant.post("+306912345678", **{"from": sender})
    return "" if answer.status == 202 else str(answer.body["code"])


def test_from_refused_to_used(shared: Scene, stand: Stand) -> None:
    """The whole way; approval survives a kill, and a refusal counts at once."""
    gateway, smsc = stand
    tenant = gateway.tenant
    assert _code(tenant, "MyBrand") == "sender_not_allowed"
    asked = tenant.ask("POST", "/v1/senders", {"name": "MyBrand", "details": {"company": "My Brand Ltd"}})
    assert (asked.status, asked.body["status"]) == (201, "requested")
    assert tenant.ask("POST", "/v1/senders", {"name": "MyBrand"}).body["code"] == "exists"
    assert _code(tenant, "MyBrand") == "sender_not_allowed"

    [waiting] = done(gateway, "sender", "list", status="requested")
    assert (waiting["tenant"], waiting["name"]) == ("shop", "MyBrand")
    details = done(gateway, "sender", "show", tenant="shop", name="MyBrand")["details"]
    assert details == {"company": "My Brand Ltd"}
    done(gateway, "sender", "approve", tenant="shop", name="MyBrand")
    assert _code(tenant, "MyBrand") == ""
    smsc.wait_texts(1)
    assert smsc.texts()[-1].source == "MyBrand"
    [shown] = tenant.ask("GET", "/v1/senders").body["senders"]
    assert (shown["name"], shown["status"]) == ("MyBrand", "approved")
    assert tenant.ask("DELETE", "/v1/senders/MyBrand").body["code"] == "too_late"

    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    assert _code(tenant, "MyBrand") == ""

    done(gateway, "sender", "refuse", tenant="shop", name="MyBrand", reason="The papers have expired")
    assert _code(tenant, "MyBrand") == "sender_not_allowed"
    [shown] = tenant.ask("GET", "/v1/senders").body["senders"]
    assert (shown["status"], shown["reason"]) == ("refused", "The papers have expired")
    assert tenant.ask("DELETE", "/v1/senders/MyBrand").status == 200
    assert tenant.ask("GET", "/v1/senders").body["senders"] == []


def test_another_tenants_sender(shared: Scene, stand: Stand) -> None:
    """Approved for one is not approved for the other, who neither sees nor removes it."""
    gateway, _ = stand
    mine, other = gateway.tenant, Tenant(gateway.http_port, "other-token")
    assert mine.ask("POST", "/v1/senders", {"name": "Bank"}).status == 201
    assert other.ask("DELETE", "/v1/senders/Bank").status == 404
    assert other.ask("GET", "/v1/senders").body["senders"] == []
    assert refused(gateway.command("sender", "approve", tenant="other", name="Bank"))
    done(gateway, "sender", "approve", tenant="shop", name="Bank")
    assert (_code(mine, "Bank"), _code(other, "Bank")) == ("", "sender_not_allowed")
    assert _code(other, "Shop") == "sender_not_allowed"


def test_names_that_are_none(shared: Scene, stand: Stand) -> None:
    """Refused in the request; nothing of it is kept."""
    gateway, _ = stand
    before = gateway.tenant.ask("GET", "/v1/senders").body
    for name in ("", "TwelveLetter", "1" * 16, "Ελλάδα", "a\r\nb", "a\0b", "\u202eknaB"):
        answer = gateway.tenant.ask("POST", "/v1/senders", {"name": name})
        assert answer.status == 422, (name, answer)
    bodies: tuple[object, ...] = (
        {},
        {"name": 7},
        {"name": "Ok", "more": 1},
        {"name": "Ok", "details": {"": "x"}},
        [],
        None,
    )
    for body in bodies:
        assert gateway.tenant.ask("POST", "/v1/senders", body).status in (400, 422), body
    many = {f"name{n}": "x" for n in range(1000)}
    assert gateway.tenant.ask("POST", "/v1/senders", {"name": "Ok", "details": many}).status == 422
    assert gateway.tenant.ask("GET", "/v1/senders").body == before
    assert _code(gateway.tenant, "*") != ""


def test_odd_names(shared: Scene, stand: Stand) -> None:
    """What networks take is taken as it is: no pattern, no path. Each is used when approved, and taken back."""
    gateway, smsc = stand
    tenant = gateway.tenant
    for name in ("*", "Sh*", "../x", "a b", "%2e", "'--", "<b>", "?q=1", "1\\2"):
        assert _code(tenant, name) == "sender_not_allowed"
        assert tenant.ask("POST", "/v1/senders", {"name": name}).status == 201, name
        assert tenant.ask("DELETE", f"/v1/senders/{quote(name, safe='')}").status == 200, name
        assert tenant.ask("POST", "/v1/senders", {"name": name}).status == 201, name
        done(gateway, "sender", "approve", tenant="shop", name=name)
        message = tenant.send("+306900000001", **{"from": name})
        tenant.wait_state(message, "delivered")
        assert smsc.texts()[-1].source == name
        assert _code(tenant, "Anybody") == "sender_not_allowed"
        done(gateway, "sender", "refuse", tenant="shop", name=name)
        assert tenant.ask("DELETE", f"/v1/senders/{quote(name, safe='')}").status == 200, name
