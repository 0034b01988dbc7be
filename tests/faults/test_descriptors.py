"""No file descriptors left (RLIMIT_NOFILE): binds and store go on, accepting pauses, nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
import time
from pathlib import Path

from tests.faults.account import check_told_once, check_well
from tests.scenario.harness import TOKEN, Gateway, Scene, ask, wait


def test_many_idle_connections(scene: Scene) -> None:
    """All are taken by connections that say nothing; one that was there before still submits, and it is delivered."""
    smsc, catcher = scene.smsc("--receipt-delay-ms=100"), scene.catcher()
    gateway = scene.gateway(
        smsc, catcher=catcher, connector={"timers": {"reconnect_min_s": 0.2, "reconnect_max_s": 0.4}}
    )
    before = gateway.tenant.send_many(20)
    catcher.wait_all(before)
    early = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=20)
    assert _submit(early, 0)
    _allow_descriptors(gateway, _used(gateway) + 10)
    idle = []
    for _ in range(60):
        with contextlib.suppress(OSError):
            idle.append(socket.create_connection(("127.0.0.1", gateway.http_port), 2))
    wait("none is left", lambda: _used(gateway) >= _limit(gateway) - 1)

    ids = [_submit(early, number) for number in range(1, 21)]
    wait("they are at the SMSC", lambda: smsc.stats()["unique_messages"] == 41)
    assert smsc.stats()["binds_now"] == 1 and gateway.running

    for sock in idle:
        sock.close()
    wait("a new connection is answered", lambda: _answers(gateway))
    ids.append(gateway.tenant.send("+306900000500"))
    sent = list(gateway.tenant.states())
    assert set(sent) > {*before, *ids}
    assert set(check_told_once(gateway, catcher, sent).values()) == {"delivered"}
    assert smsc.stats()["duplicates"] == 0
    check_well(gateway)


def test_a_link_lost_while_there_are_none_comes_back(scene: Scene) -> None:
    """Connecting fails for want of a descriptor, again and again without haste, and succeeds once there is one."""
    smsc, catcher = scene.smsc(), scene.catcher()
    timers = {"reconnect_min_s": 0.2, "reconnect_max_s": 0.4}
    gateway = scene.gateway(smsc, catcher=catcher, connector={"timers": timers})
    wait("bound", lambda: smsc.stats()["binds_now"] == 1)
    port = smsc.port()
    ids = gateway.tenant.send_many(10)
    catcher.wait_all(ids)
    _allow_descriptors(gateway, 3)  # those that are open stay open
    smsc.stop()
    scene_port = scene.smsc(name="again", port=port)
    cpu, began = gateway.cpu_s(), time.monotonic()
    time.sleep(2)
    assert gateway.cpu_s() - cpu < 0.5 * (time.monotonic() - began)
    assert gateway.running and scene_port.stats()["connections"] == 0
    _allow_descriptors(gateway, 1024)
    wait("bound again", lambda: scene_port.stats()["binds_now"] == 1)
    ids.append(gateway.tenant.send("+306900000500"))
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    check_well(gateway)


def _submit(connection: http.client.HTTPConnection, number: int) -> str:
    """A message over a connection that is kept; its id."""
    body = json.dumps({"from": "Shop", "to": f"+30690{100 + number:07d}", "text": f"Number {number}"})
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/messages", body, headers)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    assert answer.status == 202, found
    return str(found["messages"][0]["id"])


def _used(gateway: Gateway) -> int:
    return len(list(Path(f"/proc/{gateway.pid}/fd").iterdir()))


def _limit(gateway: Gateway) -> int:
    return resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)[0]


def _allow_descriptors(gateway: Gateway, count: int) -> None:
    """So many, from now on."""
    resource.prlimit(
        gateway.pid, resource.RLIMIT_NOFILE, (count, resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)[1])
    )


def _answers(gateway: Gateway) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return ask(gateway.ops_port, "GET", "/ready").status == 200
    return False
