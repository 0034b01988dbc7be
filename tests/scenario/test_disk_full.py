"""A full disk: submissions are refused with 503, everything else goes on, and what was acknowledged is not lost."""

from __future__ import annotations

import resource

from tests.scenario.harness import Answer, Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

ROOM_FOR_THE_LOG = 64 * 1024


def _allow_files_of(gateway: Gateway, octets: int) -> None:
    """The largest file the process may write (RLIMIT_FSIZE), from now on; beyond it writes fail."""
    if octets != resource.RLIM_INFINITY:
        assert (gateway.config.parent / "data" / "store.db-wal").stat().st_size > octets, "the store could still grow"
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


def test_full_disk_refuses_and_loses_nothing(scene: Scene) -> None:
    """503 store_unavailable while full; GETs answered; receipts nacked, not lost; all well with room again."""
    smsc = scene.smsc("--receipt-delay-ms", "1000", "--receipt-retry-ms", "300")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    tenant = gateway.tenant
    taken = tenant.send_many(50)
    smsc.wait_texts(50)
    for message in taken:
        tenant.wait_state(message, "sent")

    _allow_files_of(gateway, ROOM_FOR_THE_LOG)
    refused = wait("a submission is refused", lambda: _refused(tenant.post("+306900009999", "no room")))
    assert refused is not None
    assert (refused.status, refused.body["code"]) == (503, "store_unavailable")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert len(tenant.states()) >= 50
    assert tenant.message(taken[0])["id"] == taken[0]
    assert gateway.status()["store"]["healthy"] is False
    wait("receipts are refused, not lost", lambda: smsc.stats()["receipts_nacked"])
    gateway.wait_event("store.commit_failed")
    assert gateway.running
    assert not [line for line in gateway.log_lines() if "traceback" in line]

    _allow_files_of(gateway, resource.RLIM_INFINITY)
    wait("the store has recovered", lambda: gateway.status()["store"]["healthy"])
    gateway.wait_event("store.recovered")
    after = tenant.send("+306900000999", "room again")
    catcher.wait_all([*taken, after])
    assert set(tenant.states().values()) == {"delivered"}
    assert "+306900009999" not in {text.dest for text in smsc.texts()}


def test_what_was_acknowledged_before_a_full_disk_survives_a_kill(scene: Scene) -> None:
    """Taken, disk full, kill -9: at the next start everything that had its 202 is there, the refused ones are not."""
    smsc, catcher = scene.smsc("--receipt-delay-ms", "500"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(50)
    _allow_files_of(gateway, ROOM_FOR_THE_LOG)
    wait("a submission is refused", lambda: _refused(gateway.tenant.post("+306900009999", "no room")))
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    catcher.wait_all(ids)
    states = gateway.tenant.states()
    assert {states[message] for message in ids} == {"delivered"}
    assert len(states) == 50


def _refused(answer: Answer) -> Answer | None:
    """The answer when it is a refusal."""
    return answer if answer.status != 202 else None
