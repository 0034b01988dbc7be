"""Pumping: too much to one range of numbers is held, told, and decided by an operator."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import Final

from tests.scenario.business import check_books, codes, create, funds, receipts, refused, told, wait_settled
from tests.scenario.client import Tenant, wait
from tests.scenario.esme import BIND_TRANSMITTER, Esme
from tests.scenario.harness import Gateway, Scene, Smsc
from tests.scenario.stand_esme import bound, check_sound

FLOOD: Final = {"prefix": 7, "window_s": 600, "most": 10, "factor": 4, "action": "hold"}
CENT = Decimal("0.01")


def _stand(scene: Scene, **flood: object) -> tuple[Smsc, Gateway, Tenant]:
    """The tenant pays 0.01 a part and has 1."""
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, smpp={})
    tenant = create(gateway, "pumped", credit="1", price="0.01", flood={**FLOOD, **flood})
    return smsc, gateway, tenant


def _numbers(count: int) -> list[str]:
    return [f"+3069123{n:05d}" for n in range(count)]


def test_held_told_and_released(scene: Scene) -> None:
    """The eleventh on is held, at its price; one alarm; what is released is delivered."""
    smsc, gateway, tenant = _stand(scene)
    assert codes(tenant.post(_numbers(30))) == [None] * 30
    alarm = gateway.wait_event("flood.suspected")
    assert "3069123" in str(alarm)
    held = told(gateway, "held", "list", tenant="pumped")
    assert len(held) == 20
    assert "Hello" not in str(held)
    assert funds(gateway, "pumped")[0] == 1 - 30 * CENT
    waiting = tenant.ask("GET", "/v1/scheduled").body["messages"]
    assert [each["held"] for each in waiting] == [True] * 20
    assert len(smsc.wait_texts(10)) == 10
    # Another range is not touched, and neither is another tenant in the same range.
    assert codes(tenant.post("+447700900123")) == [None]
    create(gateway, "calm", credit="1").send(_numbers(1)[0])
    assert len(told(gateway, "held", "list")) == 20
    smsc.wait_texts(12)
    assert told(gateway, "held", "release", prefix="3069123", tenant="pumped")["released"] == 20
    assert len(smsc.wait_texts(32)) == 32
    wait_settled(gateway, "pumped")
    assert set(tenant.states().values()) == {"delivered"}
    assert [line["event"] for line in gateway.log_lines()].count("flood.suspected") == 1
    check_books(gateway)
    check_sound(gateway)


def test_rejected(scene: Scene) -> None:
    """The operator rejects what is held of one range: `rejected`, refunded, a receipt to the ESME, nothing sent."""
    smsc, gateway, tenant = _stand(scene)
    esme = bound(gateway, "pumped")
    ids = [esme.submit(number[1:])[1] for number in _numbers(15)]
    assert len(told(gateway, "held", "list")) == 5
    assert refused(gateway, "held", "reject", prefix="3069*")
    assert told(gateway, "held", "reject", prefix="447")["rejected"] == 0
    assert told(gateway, "held", "reject", prefix="+3069123")["rejected"] == 5
    wait("15 receipts", lambda: set(receipts(esme)) == set(ids))
    states = [tenant.message(message_id)["state"] for message_id in ids]
    assert states == ["delivered"] * 10 + ["rejected"] * 5
    wait_settled(gateway, "pumped")
    assert funds(gateway, "pumped")[0] == 1 - 10 * CENT
    assert len(smsc.texts()) == 10
    check_books(gateway)
    check_sound(gateway)


def test_a_tenant_cannot_free_itself(scene: Scene) -> None:
    """Held ones are not moved, not replaced over SMPP; cancelled they may be, for their money."""
    smsc, gateway, tenant = _stand(scene)
    tenant.post(_numbers(12))
    held = [each["id"] for each in tenant.ask("GET", "/v1/scheduled").body["messages"]]
    assert len(held) == 2
    for fields in ({"schedule_at": "now"}, {"schedule_at": "+1 second"}):
        answer = tenant.ask("PATCH", f"/v1/messages/{held[0]}", fields)
        assert answer.status in (409, 422), answer
    esme = Esme(gateway.smpp_port)
    assert esme.bind("pumped", command=BIND_TRANSMITTER) == 0
    body = held[0].encode() + b"\0\5\0Shop\0\0\0" + bytes((1, 0, 3)) + b"New"
    assert esme.ask(7, body).status != 0
    assert esme.unbind() == 0
    assert tenant.ask("DELETE", f"/v1/messages/{held[1]}").status == 200
    wait("two less", lambda: funds(gateway, "pumped") == (1 - 11 * CENT, CENT))
    assert [row["id"] for row in told(gateway, "held", "list")] == [held[0]]
    assert len(smsc.wait_texts(10)) == 10
    check_books(gateway)


def test_held_ones_stay_held_over_a_kill(scene: Scene) -> None:
    """They wait for the operator still, and are released then."""
    smsc, gateway, tenant = _stand(scene)
    tenant.post(_numbers(15))
    smsc.wait_texts(10)
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    assert len(told(gateway, "held", "list")) == 5
    assert told(gateway, "held", "release", prefix="all")["released"] == 5
    wait("all have a state", lambda: set(tenant.states().values()) == {"delivered"})
    assert len({text.dest for text in smsc.texts()}) == 15
    check_books(gateway)


def test_refused(scene: Scene) -> None:
    """With `action: refuse` they are refused, and cost nothing."""
    _, gateway, tenant = _stand(scene, action="refuse")
    assert codes(tenant.post(_numbers(15))) == [None] * 10 + ["flood"] * 5
    assert told(gateway, "held", "list") == []
    assert funds(gateway, "pumped")[0] == 1 - 10 * CENT
    check_books(gateway)
