"""A route's other addresses are what the SMSC gets; the tenant, its receipts and its lists go on with what it wrote."""

from __future__ import annotations

from tests.scenario.esme import DELIVER_SM, Esme, Pdu
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import bound, credential
from tests.scenario.ways import done, gateway_between

ROUTES: list[dict[str, object]] = [
    {
        "id": "local",
        "match": {"to": "30*"},
        "rewrite": {"sender": "Info", "senders": {"Shop": "ShopGR"}, "strip": "30", "add": "0"},
        "connectors": ["a"],
    },
    {"id": "rest", "connectors": ["a"]},
]


def test_rewritten_on_the_air_alone(scene: Scene) -> None:
    """Sender by name, sender of all others, number; the receipt finds its message although the number is another."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = gateway_between(scene, {"a": smsc}, routes=ROUTES, catcher=catcher)
    tenant = gateway.tenant
    told = done(gateway, "route", "explain", tenant="shop", to="306912345678", **{"from": "Shop"})
    assert (told["from_sent"], told["to_sent"]) == ("ShopGR", "06912345678")
    ids = [
        tenant.send("+306912345678"),
        tenant.send("+306912345679", **{"from": "Other"}),
        tenant.send("+447700900123"),
    ]
    pushes = catcher.wait_all(ids)
    got = [(text.source, text.dest.removeprefix("+")) for text in smsc.wait_texts(3)]
    assert got == [("ShopGR", "06912345678"), ("Info", "06912345679"), ("Shop", "447700900123")]
    for message, sender, number in zip(
        ids, ("Shop", "Other", "Shop"), ("+306912345678", "+306912345679", "+447700900123"), strict=True
    ):
        view = tenant.message(message)
        assert (view["from"], view["to"], view["state"]) == (sender, number, "delivered")
        assert (pushes[message]["from"], pushes[message]["to"]) == (sender, number)
    listed = tenant.ask("GET", "/v1/messages?to=%2B306912345678").body["messages"]
    assert [one["id"] for one in listed] == ids[:1]


def test_rewritten_for_a_tenant_over_smpp_too(scene: Scene) -> None:
    """The deliver_sm of the receipt has the addresses as the ESME wrote them."""
    smsc = scene.smsc()
    gateway = gateway_between(scene, {"a": smsc}, routes=ROUTES, tenant={"credentials": [credential("esme")]}, smpp={})
    esme = bound(gateway)
    esme.submit("306912345678")
    [got] = smsc.wait_texts(1)
    assert got.dest.removeprefix("+") == "06912345678"
    receipt = _delivery(esme)
    assert b"\x00306912345678\x00" in receipt.body or b"\x01306912345678\x00" in receipt.body
    assert b"06912345678\x00" not in receipt.body.replace(b"306912345678\x00", b"")


def _delivery(esme: Esme) -> Pdu:
    """The next deliver_sm."""
    while (pdu := esme.read()).command != DELIVER_SM:
        esme.answer(pdu)
    return pdu
