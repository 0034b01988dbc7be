"""A carrier whose name cannot be resolved is one that cannot be reached: waits, failover, and back when it can."""

from __future__ import annotations

from tests.faults.account import check_told_once, check_well
from tests.faults.shims import Names
from tests.scenario.harness import Scene, wait

_TIMERS = {"reconnect_min_s": 0.1, "reconnect_max_s": 0.5}


def test_messages_wait_until_the_name_is_known(scene: Scene) -> None:
    """Queued meanwhile, tried again without haste, delivered afterwards."""
    smsc, catcher = scene.smsc(), scene.catcher()
    names = Names(scene.directory)
    gateway = scene.gateway(
        smsc, catcher=catcher, wrapper=names.wrapper, connector={"host": "lost.example", "timers": _TIMERS}
    )
    ids = gateway.tenant.send_many(20)
    gateway.wait_event("bind.connect_failed")
    assert set(gateway.tenant.states().values()) == {"queued"}
    assert smsc.stats()["connections"] == 0
    names.find()
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    check_well(gateway)


def test_what_is_queued_goes_over_to_another_carrier(scene: Scene) -> None:
    """The first carrier's name gets lost for good after `failover_after_s`; the second delivers, once each."""
    first, second, catcher = scene.smsc(name="first"), scene.smsc(name="second"), scene.catcher()
    names = Names(scene.directory)
    common = {"kind": "smpp", "system_id": "gw", "password": "gw", "timers": _TIMERS, "failover_after_s": 1}
    gateway = scene.gateway(
        catcher=catcher,
        wrapper=names.wrapper,
        connectors=[
            {"id": "lost", "host": "lost.example", "port": first.port(), **common},
            {"id": "found", "host": "127.0.0.1", "port": second.port(), **common},
        ],
        routes=[{"match": {"to": "*"}, "connectors": ["lost", "found"]}],
    )
    wait("the second is up", lambda: gateway.status()["connectors"][1]["up"])
    ids = gateway.tenant.send_many(20)
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    assert first.stats()["submits"] == 0 and second.stats()["unique_messages"] == 20
    names.find()
    wait("the first is up", lambda: gateway.status()["connectors"][0]["up"])
    more = gateway.tenant.send_many(5, first=20)
    assert set(check_told_once(gateway, catcher, ids + more).values()) == {"delivered"}
    assert first.stats()["unique_messages"] == 5
