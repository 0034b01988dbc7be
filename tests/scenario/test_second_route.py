"""A receipt says undelivered, and the route says `on_undelivered: next`: the message goes out on another connector."""

from __future__ import annotations

from typing import Any

from tests.scenario.harness import Gateway, Scene, wait

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
