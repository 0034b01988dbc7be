"""Carriers whose names cannot be looked up for the moment hold up neither other carriers nor the end of the process."""

from __future__ import annotations

import time

from tests.scenario.harness import Scene
from tests.scenario.shim import compiled


def test_hanging_lookups_hold_up_nobody(scene: Scene) -> None:
    """Twenty names that hang, asked for again and again; a carrier by name and one by address go on."""
    smsc, catcher = scene.smsc(), scene.catcher()
    timers = {"connect_s": 0.2, "reconnect_min_s": 0.1, "reconnect_max_s": 0.3}
    hosts = {f"slow{number}": f"slow{number}.invalid" for number in range(20)}
    hosts |= {"named": "localhost", "plain": "127.0.0.1"}
    gateway = scene.gateway(
        catcher=catcher,
        wrapper=["env", f"LD_PRELOAD={compiled('slow_names', scene.directory)}"],
        connectors=[
            {
                "id": name,
                "kind": "smpp",
                "host": host,
                "port": smsc.port(),
                "system_id": "gw",
                "password": "gw",
                "timers": timers,
            }
            for name, host in hosts.items()
        ],
        routes=[{"match": {"to": "+30691*"}, "connectors": ["named"]}, {"connectors": ["plain"]}],
    )
    time.sleep(1)
    ids = [gateway.tenant.send(to) for to in ("+306912345678", "+306922345678")]
    catcher.wait_all(ids, 10)
    began = time.monotonic()
    assert gateway.stop(30) == 0
    assert time.monotonic() - began < 10
