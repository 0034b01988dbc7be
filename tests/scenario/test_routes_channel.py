"""A message that asks for the network or for a phone takes such a way alone, unless its tenant lets it fall back."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Gateway, Scene, Smsc, Tenant
from tests.scenario.ways import done, gateway_between

ROUTES: list[dict[str, object]] = [
    {"id": "both", "match": {"to": "44*"}, "connectors": ["net", "phone"]},
    {"id": "phones", "match": {"to": ["44*", "30*"]}, "connectors": ["phone"]},
    {"id": "carriers", "connectors": ["net"]},
]
FALLBACK: dict[str, object] = {
    "id": "lax",
    "device_fallback": True,
    "credentials": [{"kind": "token", "secret": "lax-token"}],
}
Stand = tuple[Gateway, dict[str, Smsc]]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A connector of each channel."""
    smscs = {name: shared.smsc(name=name) for name in ("net", "phone")}
    settings = {"net": {"channel": "network"}, "phone": {"channel": "device"}}
    return gateway_between(shared, smscs, settings=settings, routes=ROUTES, tenants=[FALLBACK]), smscs


def _took(stand: Stand, to: str, **fields: str) -> str:
    gateway, _ = stand
    named = done(gateway, "route", "explain", tenant="shop", to=to, **{"from": "Shop"}, **fields)["connector"]
    message = gateway.tenant.send(to, **fields)
    took = gateway.tenant.wait_state(message, "delivered")["connector"]
    assert took == named
    return str(took)


def test_channels_are_kept(shared: Scene, stand: Stand) -> None:
    """Which one a message asks for is which one it takes; who asks for none takes any."""
    assert _took(stand, "+447700900123") == "net"
    assert _took(stand, "+447700900123", channel="network") == "net"
    assert _took(stand, "+447700900123", channel="device") == "phone"
    assert _took(stand, "+306912345678") == "phone"
    assert _took(stand, "+306912345678", channel="network") == "net"


def test_no_phone_for_a_number(shared: Scene, stand: Stand) -> None:
    """Refused with no_route; sent by the network for a tenant with device_fallback."""
    gateway, smscs = stand
    answer = gateway.tenant.post("+35799123456", channel="device")
    assert (answer.status, answer.body["code"]) == (422, "no_route")
    lax = Tenant(gateway.http_port, "lax-token")
    message = lax.send("+35799123456", channel="device")
    assert lax.wait_state(message, "delivered")["connector"] == "net"
    message = lax.send("+447700900123", channel="device")
    assert lax.wait_state(message, "delivered")["connector"] == "phone"
    assert "+35799123456" in {text.dest for text in smscs["net"].texts()}


def test_fallback_is_switched_on_while_it_runs(shared: Scene, stand: Stand) -> None:
    """By `tenant set`, for the next message."""
    gateway, _ = stand
    assert gateway.tenant.post("+35799123457", channel="device").status == 422
    done(gateway, "tenant", "set", id="shop", device_fallback="yes")
    assert gateway.tenant.post("+35799123457", channel="device").status == 202
    done(gateway, "tenant", "set", id="shop", device_fallback="no")
    assert gateway.tenant.post("+35799123457", channel="device").status == 422


def test_an_unknown_channel_is_refused(shared: Scene, stand: Stand) -> None:
    """By name."""
    answer = stand[0].tenant.post("+447700900123", channel="pigeon")
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    assert "channel" in answer.body["detail"]
