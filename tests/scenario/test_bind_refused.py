"""A bind that is refused is reported with the SMSC's reason and not tried in a hot loop; messages wait."""

from __future__ import annotations

from tests.scenario.harness import Scene, wait


def test_refused_bind_waits_long(scene: Scene) -> None:
    """ESME_RINVPASWD: one attempt, an error in log and status, the next one in about a minute."""
    smsc = scene.smsc("--refuse-bind", "0x0E")
    gateway = scene.gateway(smsc)
    message = gateway.tenant.send()
    line = gateway.wait_event("bind.refused")
    assert "RINVPASWD" in line["status"]
    assert line["again_in_s"] >= 20
    [bind] = gateway.status()["connectors"][0]["binds"]
    assert "RINVPASWD" in bind["last_error"]
    assert smsc.stats()["connections"] == 1
    assert gateway.tenant.message(message)["state"] == "queued"


def test_a_passing_refusal_is_overcome(scene: Scene) -> None:
    """ESME_RSYSERR twice, then let in."""
    smsc, catcher = scene.smsc("--refuse-bind", "0x08", "--refuse-times", "2"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    message = gateway.tenant.send()
    catcher.wait_push(message)
    stats = smsc.stats()
    assert (stats["binds_refused"], stats["binds"]) == (2, 1)
    wait("the error is gone", lambda: not gateway.status()["connectors"][0]["binds"][0]["last_error"])
