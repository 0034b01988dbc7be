"""Lookups: a simulated HLR over HTTP, the number plan, what they cost, what routes make of a ported number."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.scenario.harness import Child, Gateway, Scene, Smsc, Tenant, ask, wait
from tests.scenario.ways import connector, done

PLAN = "prefix,country,mcc,mnc,operator\n30690,GR,202,09,Nova\n30697,GR,202,01,Cosmote\n30,GR,,,\n"
ROUTES: list[dict[str, object]] = [
    {"id": "nova", "match": {"networks": ["20209"]}, "connectors": ["nova"]},
    {"id": "rest", "connectors": ["rest"]},
]
OTHER: dict[str, object] = {
    "id": "other",
    "credit": "1.0000",
    "lookup_price": "0.0100",
    "credentials": [{"kind": "token", "secret": "other-token"}],
}
OPEN = ("Queued", "Pending")
Stand = tuple[Gateway, Child, dict[str, Smsc]]


def _gateway(scene: Scene, hlr: Child | None, smscs: dict[str, Smsc], **lookups: Any) -> Gateway:
    sources = [{"kind": "plan"}]
    if hlr is not None:
        sources.insert(0, {"kind": "http", "name": "hlr", "url": f"http://127.0.0.1:{hlr.port()}/hlr/{{msisdn}}"})
    section = {"sources": sources, "retry_s": 0.05, "retries": 2, **lookups}
    gateway = scene.gateway(
        tenant={"lookup_price": "0.0050"},
        tenants=[OTHER],
        connectors=[connector(name, smsc) for name, smsc in smscs.items()],
        routes=ROUTES,
        lookups=section,
    )
    done(gateway, "plan", "import", name="greece", csv=PLAN)
    return gateway


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """A gateway that asks the simulated HLR, then the number plan."""
    smscs = {name: shared.smsc(name=name) for name in ("nova", "rest")}
    hlr = shared.hlr()
    return _gateway(shared, hlr, smscs), hlr, smscs


def _asked(tenant: Tenant, *numbers: str) -> Any:
    answer = tenant.ask("POST", "/v1/lookups", {"to": list(numbers)})
    assert answer.status == 202, answer
    return answer.body


def _told(tenant: Tenant, any_id: str) -> list[Any]:
    """The lookups of an id, once all are over."""

    def look() -> Any:
        found = tenant.ask("GET", f"/v1/lookups/{any_id}").body["lookups"]
        return None if any(one["state"] in OPEN for one in found) else found

    found: list[Any] = wait(f"lookup {any_id} ends", look)
    return found


def _one(tenant: Tenant, number: str) -> Any:
    [found] = _told(tenant, _asked(tenant, number)["id"])
    return found


def _questions(hlr: Child) -> int:
    return sum(ask(hlr.port(), "GET", "/stats").body.values())


def test_every_state(shared: Scene, stand: Stand) -> None:
    """As the HLR says it; only what was answered is paid."""
    tenant = stand[0].tenant
    before = float(tenant.balance())
    found = {
        number: _one(tenant, number)
        for number in ("+306970000110", "+306970000101", "+306970000100", "+306970000102", "+306970000104")
    }
    states = [(one["state"], one["price"], one["source"]) for one in found.values()]
    assert states[:3] == [
        ("Delivered", "0.0050", "hlr"),
        ("Undelivered", "0.0050", "hlr"),
        ("Failed", "0.0050", "hlr"),
    ]
    assert [state[:2] for state in states[3:]] == [("Unknown", "0.0000")] * 2
    there = found["+306970000110"]
    assert (there["country"], there["operator"], there["mcc"], there["mnc"]) == ("GR", "Cosmote", "202", "01")
    assert there["imsi"].startswith("20201") and there["ported"] is False
    assert abs(before - float(tenant.balance()) - 3 * 0.005) < 1e-9


def test_nothing_is_invented(shared: Scene, stand: Stand) -> None:
    """Where the HLR cannot tell, the plan says country and owner of the range, and that is all that is said."""
    tenant = stand[0].tenant
    one = _one(tenant, "+306970000204")
    assert (one["state"], one["source"], one["country"], one["operator"]) == ("Unknown", "plan", "GR", "Cosmote")
    assert [one[name] for name in ("imsi", "msc", "ported", "error")] == [None] * 4
    nowhere = _one(tenant, "+35799000204")
    assert [nowhere[name] for name in ("operator", "mcc", "mnc", "imsi", "msc", "ported")] == [None] * 6
    assert (nowhere["state"], nowhere["price"]) == ("Unknown", "0.0000")


def test_an_hlr_in_trouble(shared: Scene, stand: Stand) -> None:
    """Asked three times; then the plan says what it knows, and the money comes back."""
    gateway, hlr, _ = stand
    before = gateway.tenant.balance()
    asked = _questions(hlr)
    one = _one(gateway.tenant, "+306970000303")
    assert (one["state"], one["operator"], one["imsi"]) == ("Unknown", "Cosmote", None)
    assert _questions(hlr) - asked == 3
    assert gateway.tenant.balance() == before


def test_cached(shared: Scene, stand: Stand) -> None:
    """Asked again it is answered at once and paid again, by another tenant at its own price; the HLR is not asked."""
    gateway, hlr, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    first = _one(gateway.tenant, "+306970000410")
    asked = _questions(hlr)
    [again] = _asked(gateway.tenant, "+306970000410")["lookups"]
    assert (again["state"], again["imsi"], again["done_at"]) == ("Delivered", first["imsi"], first["done_at"])
    before = float(other.balance())
    [theirs] = _asked(other, "00306970000410")["lookups"]
    assert (theirs["state"], theirs["price"]) == ("Delivered", "0.0100")
    assert abs(before - float(other.balance()) - 0.01) < 1e-9
    assert _questions(hlr) == asked


def test_without_money(shared: Scene, stand: Stand) -> None:
    """Refused whole, nothing asked, nothing booked."""
    gateway, hlr, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    before, asked = other.balance(), _questions(hlr)
    answer = other.ask("POST", "/v1/lookups", {"to": [f"+3069710{n:05d}" for n in range(500)]})
    assert (answer.status, answer.body["code"]) == (422, "no_credit")
    assert other.balance() == before
    assert _questions(hlr) == asked


def test_a_ported_number_goes_by_its_network(shared: Scene, stand: Stand) -> None:
    """The plan says the owner of the range until a lookup has found where the number is now."""
    gateway, _, _ = stand
    tenant = gateway.tenant

    def took(number: str) -> str:
        named = done(gateway, "route", "explain", tenant="shop", to=number, **{"from": "Shop"})
        message = tenant.send(number)
        connector = tenant.wait_state(message, "delivered")["connector"]
        assert connector == named["connector"]
        return str(connector)

    ported, stayed = "+306900000910", "+306900000110"
    assert (took(ported), took(stayed)) == ("nova", "nova")
    one = _one(tenant, ported)
    assert (one["ported"], one["mcc"] + one["mnc"]) == (True, "20201")
    assert _one(tenant, stayed)["ported"] is False
    assert (took(ported), took(stayed)) == ("rest", "nova")


def test_of_another_tenant(shared: Scene, stand: Stand) -> None:
    """Not there, by either id."""
    gateway, _, _ = stand
    other = Tenant(gateway.http_port, "other-token")
    body = _asked(gateway.tenant, "+306970000510")
    for any_id in (body["id"], body["lookups"][0]["id"]):
        assert gateway.tenant.ask("GET", f"/v1/lookups/{any_id}").status == 200
        assert other.ask("GET", f"/v1/lookups/{any_id}").status == 404


def test_what_is_no_request(shared: Scene, stand: Stand) -> None:
    """Refused by name; numbers that are none are told one by one, for nothing, and never reach the source."""
    gateway, hlr, _ = stand
    tenant = gateway.tenant
    before, asked = tenant.balance(), _questions(hlr)
    bodies: tuple[object, ...] = (
        {},
        {"to": []},
        {"to": 7},
        {"to": [7]},
        {"to": ["x" * 41]},
        {"to": ["+3069"] * 1001},
        [],
        {"more": 1},
    )
    for wanted in bodies:
        assert tenant.ask("POST", "/v1/lookups", wanted).status in (400, 422), wanted
    assert tenant.ask("POST", "/v1/lookups", b'{"to":' + b"[" * 100_000).status in (400, 413, 422)
    wrong = ["12", "../../stats", "3069700%30110", "306970000110/stats", "306970000110\r\nX: y", "\0", "+30697?x=1#"]
    assert tenant.ask("POST", "/v1/lookups", {"to": wrong}).status == 422
    body = _asked(tenant, *wrong, "+306970000610")
    found = _told(tenant, body["id"])
    assert [(one["state"], one["error"], one["price"]) for one in found[:-1]] == [
        ("Failed", "invalid_recipient", "0.0000")
    ] * len(wrong)
    assert found[-1]["state"] == "Delivered"
    assert _questions(hlr) == asked + 1
    assert abs(float(before) - float(tenant.balance()) - 0.005) < 1e-9


def test_a_killed_gateway_goes_on(scene: Scene) -> None:
    """What was being asked about when it died is answered after the start, and paid once."""
    hlr = scene.hlr("--delay-ms", "86400000")
    gateway = _gateway(scene, hlr, {name: scene.smsc(name=name) for name in ("nova", "rest")}, concurrency=2)
    tenant = gateway.tenant
    body = _asked(tenant, *(f"+30697100{n:04d}" for n in range(10, 100)))
    paid = tenant.balance()
    assert paid == f"{1000 - 90 * 0.005:.4f}"
    wait("the HLR is asked", lambda: _questions(hlr) >= 2)
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    port = hlr.port()
    hlr.stop()
    scene.hlr("--port", str(port), name="hlr2")
    gateway.start()
    gateway.wait_ready()
    found = _told(tenant, body["id"])
    assert [one["state"] for one in found] == ["Delivered"] * 90
    assert tenant.balance() == paid
    charges = tenant.ask("GET", "/v1/statements?kind=charge").body["entries"]
    assert [one["amount"] for one in charges] == ["-0.4500"]
    assert done(gateway, "ledger", "check")["problems"] == []
