"""Operators and the queues of a live gateway: nothing is lost or sent twice, and each end is one that tenants see."""

from __future__ import annotations

import collections
import threading
import time
from typing import Any

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Gateway, Scene, Smsc, wait
from tests.scenario.ways import done, gateway_between, refused, wait_up

LONGEST_COMMIT_S = 1.0  # on a busy machine
PATIENT: dict[str, object] = {"failover_after_s": None}


def destinations(*smscs: Smsc) -> collections.Counter[str]:
    """How often each number was written to."""
    return collections.Counter(text.dest for smsc in smscs for text in smsc.texts())


def queued(gateway: Gateway) -> dict[str, int]:
    """How many wait for each connector."""
    return {row["connector"]: row["queued"] for row in done(gateway, "queue", "list")}


def waiting(gateway: Gateway, connector: str) -> int:
    """How many wait for one, without the second that `queue list` measures for."""
    return sum(row["queued"] for row in gateway.status()["store"]["queues"] if row["connector"] == connector)


def test_a_move_under_load_loses_nothing_and_sends_nothing_twice(scene: Scene) -> None:
    """A slow connector has a growing queue, which is moved three times while more comes."""
    slow, quick = scene.smsc(name="slow"), scene.smsc(name="quick")
    catcher = scene.catcher()
    gateway = gateway_between(
        scene,
        {"slow": slow, "quick": quick},
        settings={"slow": {**PATIENT, "throughput": 100, "window": 5}},
        catcher=catcher,
    )
    ids: list[str] = []
    enough = threading.Event()

    def submit() -> None:
        while not enough.wait(0.05):
            ids.extend(gateway.tenant.send_many(250, first=len(ids)))

    submitting = threading.Thread(target=submit)
    submitting.start()
    moved = 0
    for _ in range(3):
        wait("something is queued", lambda: waiting(gateway, "slow") > 200)
        moved += done(gateway, "queue", "move", **{"from": "slow", "to": "quick"})["moved"]
    enough.set()
    submitting.join()
    moved += done(gateway, "queue", "move", **{"from": "slow", "to": "quick"})["moved"]
    assert moved > 500
    pushed = catcher.wait_all(ids, 60)
    assert {each["state"] for each in pushed.values()} == {"delivered"}
    sent = destinations(slow, quick)
    assert len(sent) == len(ids)
    assert set(sent.values()) == {1}, "nothing twice"
    assert len(quick.texts()) >= moved * 0.9
    assert set(collections.Counter(push["body"]["id"] for push in catcher.pushes()).values()) == {1}
    trace = next(view for each in reversed(ids) if (view := gateway.tenant.message(each))["connector"] == "quick")
    assert "an operator moved it; goes to quick" in [event.get("detail") for event in trace["events"]]


def test_some_of_a_queue_are_moved_and_what_is_wrong_is_said(scene: Scene) -> None:
    """By tenant, prefix, age and count; unknown connectors are named."""
    [port] = free_ports(1)
    gateway = scene.gateway(port, scene.smsc("--no-receipts"), connector=PATIENT, routes=_to("smsc1"))
    wait_up(gateway, "smsc2")
    greek = gateway.tenant.send_many(5)
    gateway.tenant.send_many(4, prefix="+44770")
    assert done(gateway, "queue", "move", **{"from": "smsc1", "to": "smsc2", "tenant": "nobody"})["moved"] == 0
    assert done(gateway, "queue", "move", **{"from": "smsc1", "to": "smsc2", "older_s": "3600"})["moved"] == 0
    assert done(gateway, "queue", "move", **{"from": "smsc1", "to": "smsc2", "prefix": "3069", "limit": "2"}) == {
        "from": "smsc1",
        "to": "smsc2",
        "moved": 2,
        "stayed": 0,
    }
    assert queued(gateway)["smsc1"] == 7
    for each in greek[:2]:
        gateway.tenant.wait_state(each, "sent")
    shape = done(gateway, "queue", "shape")
    assert [(row["connector"], row["queued"], row["older"]) for row in shape] == [("smsc1", 7, 0)]
    peeked = done(gateway, "queue", "peek", connector="smsc1", limit="3")
    assert [row["id"] for row in peeked] == greek[2:5]
    assert [row["to"] for row in peeked] == ["30690***"] * 3
    assert done(gateway, "queue", "peek", connector="smsc1", numbers="yes")[0]["to"].startswith("306900")
    for params, said in (
        ({"from": "smsc9", "to": "smsc2"}, "there is no connector smsc9; there are: smsc1, smsc2"),
        ({"from": "smsc1", "to": "smsc9"}, "there is no connector smsc9"),
        ({"from": "smsc1", "to": "smsc1"}, "the same connector"),
        ({"from": "smsc1", "to": "smsc2", "prefix": "x"}, "prefix"),
    ):
        answer = gateway.command("queue", "move", **params)
        assert refused(answer) and said in answer["detail"]


def test_what_is_held_is_not_sent_until_it_is_released(scene: Scene) -> None:
    """Neither by its connector when that comes up, nor after a restart; then all of it, once."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher, connector=PATIENT)
    ids = gateway.tenant.send_many(600)
    assert done(gateway, "queue", "hold", connector="smsc1", reason="wrong texts") == {
        "connector": "smsc1",
        "held": 600,
        "stayed": 0,
    }
    later = gateway.tenant.send("+306911111111")
    smsc = scene.smsc(port=port)
    catcher.wait_push(later)
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    wait_up(gateway, "smsc1")
    again = gateway.tenant.send("+306911111112")
    catcher.wait_push(again)
    assert sorted(text.dest for text in smsc.texts()) == ["+306911111111", "+306911111112"]
    assert gateway.tenant.message(ids[0])["state"] == "scheduled"
    answer = gateway.command("queue", "release")
    assert refused(answer) and "say which" in answer["detail"]
    assert done(gateway, "queue", "release", connector="smsc1", prefix="44") == {"released": 0}
    assert done(gateway, "queue", "release", connector="smsc1") == {"released": 600}
    assert {each["state"] for each in catcher.wait_all(ids).values()} == {"delivered"}
    assert set(destinations(smsc).values()) == {1}
    events = [(event["type"], event.get("detail")) for event in gateway.tenant.message(ids[0])["events"]]
    assert ("held", "wrong texts") in events and "released" in [kind for kind, _ in events]


def test_what_is_purged_ends_as_rejected_and_is_refunded(scene: Scene) -> None:
    """Only when yes is said; scheduled messages only when they are named."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher, connector=PATIENT)
    ids = gateway.tenant.send_many(700)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    scheduled = gateway.tenant.send("+306911111111", schedule_at=soon)
    assert gateway.tenant.balance() == "971.9600"
    told = done(gateway, "queue", "purge", reason="campaign withdrawn")
    assert (told["would_end"], told["parts"], told["tenants"]) == (700, 700, {"shop": 700})
    assert gateway.tenant.message(ids[0])["state"] == "queued"
    assert refused(gateway.command("queue", "purge", yes="yes")), "a reason is needed"
    assert done(gateway, "queue", "purge", reason="campaign withdrawn", connector="smsc1", yes="yes") == {
        "ended": 700,
        "stayed": 0,
    }
    pushed = catcher.wait_all(ids)
    assert {each["state"] for each in pushed.values()} == {"rejected"}
    assert {each["error"]["code"] for each in pushed.values()} == {"purged"}
    assert gateway.tenant.balance() == "999.9600"
    assert gateway.tenant.message(scheduled)["state"] == "scheduled"
    assert done(gateway, "queue", "purge", reason="all of it", states="scheduled", yes="yes")["ended"] == 1
    assert catcher.wait_push(scheduled)["state"] == "rejected"
    assert gateway.tenant.balance() == "1000.0000"
    smsc = scene.smsc(port=port)
    after = gateway.tenant.send("+306911111112")
    catcher.wait_push(after)
    assert [text.dest for text in smsc.texts()] == ["+306911111112"]


def test_what_is_held_or_purged_under_load_was_not_sent(scene: Scene) -> None:
    """While the connector sends: each message is sent once, or ended and never sent; tenants and money agree."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={**PATIENT, "throughput": 300, "window": 20})
    wait_up(gateway, "smsc1")
    ids = gateway.tenant.send_many(3000)
    held = done(gateway, "queue", "hold", connector="smsc1", reason="a look", prefix="306900001")["held"]
    assert held > 500
    ended = done(gateway, "queue", "purge", reason="withdrawn", connector="smsc1", prefix="306900002", yes="yes")[
        "ended"
    ]
    assert ended > 500
    assert done(gateway, "queue", "release", connector="smsc1") == {"released": held}
    states = {each: push["state"] for each, push in catcher.wait_all(ids, 60).items()}
    counts = collections.Counter(states.values())
    assert counts == {"delivered": len(ids) - ended, "rejected": ended}
    sent = destinations(smsc)
    assert set(sent.values()) == {1} and len(sent) == len(ids) - ended
    rejected = {f"+306900{number:06d}" for number, each in enumerate(ids) if states[each] == "rejected"}
    assert not rejected & sent.keys()
    assert gateway.tenant.balance() == f"{1000 - 0.04 * (len(ids) - ended):.4f}"
    assert done(gateway, "ledger", "check")["problems"] == []


def test_a_kill_during_a_purge_leaves_each_with_one_end(scene: Scene) -> None:
    """What was ended stays so, with one receipt and one refund; the rest is queued, and goes with the next purge."""
    [port] = free_ports(1)
    catcher = scene.catcher()
    gateway = scene.gateway(port, catcher=catcher, connector=PATIENT)
    ids = gateway.tenant.send_many(6000)
    purging = threading.Thread(target=_ignoring, args=(gateway, "purge", {"reason": "withdrawn", "yes": "yes"}))
    purging.start()
    wait("some ended", lambda: catcher.pushes(), every_s=0.002)
    gateway.kill()
    purging.join()
    gateway.start()
    gateway.wait_ready()
    left = done(gateway, "queue", "purge", reason="withdrawn")["would_end"]
    assert done(gateway, "queue", "purge", reason="withdrawn", yes="yes") == {"ended": left, "stayed": 0}
    assert {each["state"] for each in catcher.wait_all(ids, 60).values()} == {"rejected"}
    assert gateway.tenant.balance() == "1000.0000"
    assert done(gateway, "ledger", "check")["problems"] == []


def test_a_kill_during_a_move_leaves_each_in_one_place(scene: Scene) -> None:
    """Only what was without a durable answer at the kill may be sent twice."""
    [port] = free_ports(1)
    quick = scene.smsc(name="quick")
    catcher = scene.catcher()
    gateway = scene.gateway(
        port, quick, catcher=catcher, connector={**PATIENT, "throughput": 1500, "window": 10}, routes=_to("smsc1")
    )
    wait_up(gateway, "smsc2")
    ids = gateway.tenant.send_many(6000)
    moving = threading.Thread(target=_ignoring, args=(gateway, "move", {"from": "smsc1", "to": "smsc2"}))
    moving.start()
    wait("some were moved and sent", lambda: quick.stats()["accepted"] > 20, every_s=0.005)
    killed_at = time.time()
    gateway.kill()
    moving.join()
    gateway.start()
    gateway.wait_ready()
    wait_up(gateway, "smsc2")
    done(gateway, "queue", "move", **{"from": "smsc1", "to": "smsc2"})
    assert {each["state"] for each in catcher.wait_all(ids, 60).values()} == {"delivered"}
    times: dict[str, list[float]] = {}
    for text in quick.texts():
        times.setdefault(text.dest, []).append(text.at)
    assert len(times) == len(ids)
    doubled = [at for at in times.values() if len(at) > 1]
    assert all(len(at) == 2 and at[0] > killed_at - LONGEST_COMMIT_S for at in doubled)


def _ignoring(gateway: Gateway, verb: str, params: dict[str, str]) -> None:
    """Ask for it; the gateway dies meanwhile."""
    try:
        gateway.command("queue", verb, **params)
    except (OSError, ValueError):
        return


def _to(connector: str) -> list[dict[str, Any]]:
    return [{"match": {"to": "*"}, "connectors": [connector]}]
