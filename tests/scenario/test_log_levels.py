"""More in the log of a live gateway: a component's debug lines, and each step of a number's messages."""

from __future__ import annotations

import socket
from typing import Any

from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import served

NUMBER = "306912345678"


def steps(gateway: Gateway, message: str) -> list[dict[str, Any]]:
    """What was written about a message."""
    return [line for line in gateway.log_lines() if line["event"] == "message.watched" and line["id"] == int(message)]


def refused(gateway: Gateway) -> int:
    """Lines about connections that were closed unbound."""
    return sum(line["event"] == "esme.connection_refused" for line in gateway.log_lines())


def knock(gateway: Gateway) -> None:
    """Connect and speak something else."""
    with socket.create_connection(("127.0.0.1", gateway.smpp_port)) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        peer.settimeout(20)
        while peer.recv(1000):
            pass


def test_a_component_says_more_for_a_while(scene: Scene) -> None:
    """Its debug lines come at once, and no more when it is reset."""
    gateway = served(scene)
    knock(gateway)
    gateway.command("log", "level", component="esme", level="debug", minutes="5")
    knock(gateway)
    wait("a debug line", lambda: refused(gateway) == 1)
    assert gateway.command("log", "reset", component="esme") == {"reset": ["esme"]}
    knock(gateway)
    gateway.command("log", "level", component="esme", level="debug")
    knock(gateway)
    wait("another one", lambda: refused(gateway) == 2)


def test_each_step_of_a_number(scene: Scene) -> None:
    """From its acceptance to the push, whatever the level is; nothing of others, no number in full, no text."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, log={"level": "error"})
    watch = gateway.command("log", "debug", number=NUMBER)["watch"]
    mine, other = gateway.tenant.send("+" + NUMBER, "Your pin is zebra4711"), gateway.tenant.send("+306900000000")
    catcher.wait_all([mine, other])
    wait("the push is told", lambda: [line for line in steps(gateway, mine) if line["step"] == "push_done"])
    found = {line["step"]: line for line in steps(gateway, mine)}
    assert next(iter(found)) == "accepted" and found.keys() >= {"sent", "receipt", "final", "push_due"}
    assert found["accepted"]["to"] == "30691***" and found["final"]["state"] == "delivered"
    assert found["sent"]["smsc_id"] == found["receipt"]["smsc_id"] and found["sent"]["connector"] == "smsc1"
    assert all(line["watch"] == watch for line in found.values())
    assert steps(gateway, other) == []
    assert gateway.command("log", "nodebug", number=NUMBER) == {"ended": [watch]}
    later = gateway.tenant.send("+" + NUMBER)
    catcher.wait_push(later)
    assert steps(gateway, later) == []
    log = gateway.log_path.read_text()
    assert NUMBER not in log and "zebra4711" not in log


def test_no_step_of_a_hundred_messages_is_left_out(scene: Scene) -> None:
    """The limit of repeated lines is another one here; what is refused by the SMSC is told with its status."""
    smsc = scene.smsc("--reject-pct", "100", "--reject-status", "0x0B")
    gateway = scene.gateway(smsc)
    gateway.command("log", "debug", tenant="shop", minutes="5")
    ids = gateway.tenant.send_many(100)

    def told() -> bool:
        return all({"accepted", "refused", "final"} <= {line["step"] for line in steps(gateway, each)} for each in ids)

    wait("all of them are told", told)
    (line,) = [line for line in steps(gateway, ids[0]) if line["step"] == "refused"]
    assert line["smpp_status"] == 0x0B
