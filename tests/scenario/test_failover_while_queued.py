"""Messages queued behind a connector that stays down go over to the next of their route, each once."""

from __future__ import annotations

import collections
import signal
import time
from typing import Any

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Catcher, Gateway, Scene, wait

SOON = {"failover_after_s": 1}
LONGEST_COMMIT_S = 1.0  # on a busy machine


def pushes_by_id(catcher: Catcher) -> dict[str, int]:
    """How many pushes there were for each message."""
    return dict(collections.Counter(push["body"]["id"] for push in catcher.pushes()))


def up(gateway: Gateway, place: int) -> bool:
    return bool(gateway.status()["connectors"][place]["up"])


def test_what_waits_for_a_carrier_that_never_comes_goes_by_the_other(scene: Scene) -> None:
    """Both are away, the preferred one gets the queue; the other comes: everything goes there, in order, once."""
    first, second = free_ports(2)
    catcher = scene.catcher()
    gateway = scene.gateway(first, second, catcher=catcher, connector=SOON)
    ids = gateway.tenant.send_many(1200)
    assert {gateway.tenant.message(each)["connector"] for each in ids[:3]} == {"smsc1"}

    smsc = scene.smsc(port=second, name="second")
    pushed = catcher.wait_all(ids)
    assert {each["state"] for each in pushed.values()} == {"delivered"}
    sent = smsc.texts()
    assert len(sent) == len(ids) == len({text.dest for text in sent})
    assert set(pushes_by_id(catcher).values()) == {1}
    assert gateway.metric("smsgwd_failovers_total", connector="smsc1", why="down") == len(ids)
    view = gateway.tenant.message(ids[0])
    assert view["connector"] == "smsc2"
    assert "failover" in [event["type"] for event in view["events"]]
    assert gateway.tenant.balance() == "952.0000"
    told = [line for line in gateway.log_lines() if line["event"] == "connector.failover"]
    assert [(line["connector"], line["to"]) for line in told] == [("smsc1", ["smsc2"])]


def test_what_waits_when_a_carrier_dies_goes_by_the_other(scene: Scene) -> None:
    """A slow carrier is killed with most of its messages queued: those go by the other, none is lost."""
    first, second = scene.smsc(name="first"), scene.smsc(name="second")
    catcher = scene.catcher()
    gateway = scene.gateway(
        first, second, catcher=catcher, connector={**SOON, "throughput": 50, "window": 5}, limits={"receipt_wait_h": 0}
    )
    wait("smsc1 is up", lambda: up(gateway, 0))
    ids = gateway.tenant.send_many(400)
    first.wait_texts(20)
    first.signal(signal.SIGKILL)
    states = wait("all are delivered but what the dead one had", lambda: over(gateway, ids), 60)
    by_second = {text.dest for text in second.texts()}
    assert len(by_second) >= 300
    assert sum(count for state, count in states.items() if state == "delivered") >= len(by_second)
    assert set(pushes_by_id(catcher).values()) == {1}


def over(gateway: Gateway, ids: list[str]) -> Any:
    """States by count, once every message has left."""
    states = gateway.tenant.states()
    counts = collections.Counter(states[each] for each in ids)
    return counts if not counts.keys() & {"queued", "scheduled"} and counts["delivered"] > 300 else None


def test_a_kill_during_the_move_loses_and_doubles_nothing(scene: Scene) -> None:
    """Each is queued in one place at any moment; only what was without a durable answer may come twice."""
    first, second = free_ports(2)
    catcher = scene.catcher()
    settings = {**SOON, "window": 5, "throughput": 400}
    gateway = scene.gateway(first, second, catcher=catcher, connector=settings)
    ids = gateway.tenant.send_many(2500)
    smsc = scene.smsc(port=second, name="second")
    wait("some went over", lambda: gateway.metric("smsgwd_failovers_total", why="down"), every_s=0.005)
    killed_at = time.time()
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    pushed = catcher.wait_all(ids, 60)
    assert {each["state"] for each in pushed.values()} == {"delivered"}
    sent = smsc.texts()
    times: dict[str, list[float]] = {}
    for text in sent:
        times.setdefault(text.dest, []).append(text.at)
    assert len(times) == len(ids)
    doubled = [at for at in times.values() if len(at) > 1]
    assert all(len(at) == 2 and at[0] > killed_at - LONGEST_COMMIT_S for at in doubled)


def test_it_stays_where_it_is_without_another_way(scene: Scene) -> None:
    """A second connector that is up but of another route gets nothing; the carrier comes: all goes there."""
    [first] = free_ports(1)
    second, catcher = scene.smsc(name="second"), scene.catcher()
    routes = [
        {"match": {"to": "30*"}, "connectors": ["smsc1"]},
        {"match": {"to": "*"}, "connectors": ["smsc2"]},
    ]
    gateway = scene.gateway(first, second, catcher=catcher, connector={"failover_after_s": 0}, routes=routes)
    wait("smsc2 is up", lambda: up(gateway, 1))
    ids = gateway.tenant.send_many(20)
    other = gateway.tenant.send("+447700900123")
    catcher.wait_push(other)
    assert {gateway.tenant.message(each)["connector"] for each in ids} == {"smsc1"}
    smsc = scene.smsc(port=first, name="first")
    catcher.wait_all(ids)
    assert len(smsc.texts()) == 20
    assert len(second.texts()) == 1
