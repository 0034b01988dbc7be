"""A receipt says undelivered, and the route says `on_undelivered: next`: the message goes out on another connector."""

from __future__ import annotations

import time
from typing import Any

import yaml

from tests.scenario.harness import Gateway, Scene, wait
from tests.southbound.evil_smsc import RESP, SUBMIT_SM, EvilSmsc, Line, Pdu, destination, pdu, receipt_text

NEXT = [{"match": {"to": "*"}, "connectors": ["smsc1", "smsc2"], "on_undelivered": "next"}]


def ready(gateway: Gateway) -> Gateway:
    wait("both are up", lambda: all(each["up"] for each in gateway.status()["connectors"]))
    return gateway


def types(view: Any) -> list[str]:
    return [event["type"] for event in view["events"]]


def test_the_second_carrier_delivers_what_the_first_could_not(scene: Scene) -> None:
    """One push, one price; the history tells of both."""
    first, second, catcher = (
        scene.smsc("--undeliv-pct", "100", name="first"),
        scene.smsc(name="second"),
        scene.catcher(),
    )
    gateway = ready(scene.gateway(first, second, catcher=catcher, routes=NEXT))
    ids = [gateway.tenant.send(f"+3069000000{n:02d}", "щ" * 100 if n % 2 else "Hello") for n in range(10)]
    pushed = catcher.wait_all(ids)
    assert {each["state"] for each in pushed.values()} == {"delivered"}
    assert len(first.texts()) == len(second.texts()) == 10
    view = gateway.tenant.message(ids[0])
    assert (view["state"], view["connector"], view["error"]) == ("delivered", "smsc2", None)
    assert types(view).count("sent") >= 1 and "failover" in types(view) and types(view)[-1] == "delivered"
    connectors = {event.get("connector") for event in view["events"]}
    assert {"smsc1", "smsc2"} <= connectors
    assert gateway.tenant.balance() == "999.4000"  # five of one part, five of two
    assert gateway.metric("smsgwd_failovers_total", connector="smsc1", why="undelivered") == 10
    assert gateway.metric("smsgwd_messages_final_total", state="undelivered") == 0
    gateway.stop()
    assert len(catcher.pushes()) == 10


def test_when_no_carrier_can_the_last_receipt_stands(scene: Scene) -> None:
    first = scene.smsc("--undeliv-pct", "100", name="first")
    second = scene.smsc("--undeliv-pct", "100", name="second")
    catcher = scene.catcher()
    gateway = ready(scene.gateway(first, second, catcher=catcher, routes=NEXT))
    message = gateway.tenant.send()
    assert catcher.wait_push(message)["state"] == "undelivered"
    assert len(first.texts()) == len(second.texts()) == 1
    assert gateway.tenant.message(message)["connector"] == "smsc2"
    gateway.stop()
    assert len(catcher.pushes()) == 1


def test_it_survives_a_kill_before_the_second_carrier_is_there(scene: Scene) -> None:
    """The decision is in the transaction that took the receipt: nothing is sent twice by the first."""
    first, second, catcher = (
        scene.smsc("--undeliv-pct", "100", name="first"),
        scene.smsc(name="second"),
        scene.catcher(),
    )
    port = second.port()
    second.stop()
    gateway = scene.gateway(first, port, catcher=catcher, routes=NEXT)
    wait("smsc1 is up", lambda: gateway.status()["connectors"][0]["up"])
    message = gateway.tenant.send()
    wait("it waits for smsc2", lambda: gateway.tenant.message(message)["connector"] == "smsc2")
    assert gateway.tenant.message(message)["state"] == "queued"
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    later = scene.smsc(name="later", port=port)
    assert catcher.wait_push(message)["state"] == "delivered"
    assert len(first.texts()) == len(later.texts()) == 1
    assert len(catcher.pushes()) == 1


def test_a_second_way_that_is_configured_no_more_ends_it(scene: Scene) -> None:
    """It would wait for nobody until its validity ends."""
    first = scene.smsc("--undeliv-pct", "100", "--receipt-delay-ms", "4000", name="first")
    second, catcher = scene.smsc(name="second"), scene.catcher()
    gateway = ready(scene.gateway(first, second, catcher=catcher, routes=NEXT))
    message = gateway.tenant.send()
    gateway.tenant.wait_state(message, "sent")
    gateway.kill()
    config = yaml.safe_load(gateway.config.read_text())
    config["connectors"].pop()
    config["routes"] = [{"match": {"to": "*"}, "connectors": ["smsc1"], "on_undelivered": "next"}]
    gateway.config.write_text(yaml.safe_dump(config))
    gateway.start()
    gateway.wait_ready()
    assert catcher.wait_push(message)["state"] == "undelivered"
    assert gateway.tenant.balance() == "999.9600"
    gateway.stop()
    assert len(catcher.pushes()) == 1


class HalfTaken(EvilSmsc):
    """Takes the first part of two and cannot deliver it; the second it does not take yet."""

    def on_submit(self, line: Line, submit: Pdu) -> None:
        if b"\x05\x00\x03" in submit.body and submit.body.split(b"\x05\x00\x03", 1)[1][2] == 1:
            smsc_id = self.new_id()
            self.accept(line, submit, smsc_id)
            line.deliver(destination(submit), receipt_text(smsc_id, "UNDELIV", "001"))
        else:
            line.send(pdu(SUBMIT_SM | RESP, 0x58, submit.sequence))


def test_the_rest_of_what_goes_another_way_is_not_sent_on_the_first(scene: Scene) -> None:
    first, second, catcher = HalfTaken(), scene.smsc(name="second"), scene.catcher()
    try:
        gateway = ready(scene.gateway(first.port, second, catcher=catcher, routes=NEXT))
        message = gateway.tenant.send(text="щ" * 100)
        assert catcher.wait_push(message)["state"] == "delivered"
        sent = len(first.submits)
        time.sleep(2.5)  # the throttled part came each second
        assert len(first.submits) == sent
        assert gateway.status()["connectors"][0]["ready"] == 0
    finally:
        first.stop()
