"""A disk whose writes fail (read-only file system, I/O error): nothing new is taken, nothing old is lost."""

from __future__ import annotations

import errno
import signal

import pytest

from tests.faults.account import check_told_once, check_well
from tests.faults.shims import Disk
from tests.scenario.harness import Answer, Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only


@pytest.mark.parametrize("error", [errno.EROFS, errno.EIO], ids=["read-only", "io-error"])
def test_writes_fail_and_work_again(scene: Scene, error: int) -> None:
    """503 meanwhile; receipts are nacked and come again; reads and links go on; all by itself when writes work."""
    smsc = scene.smsc("--receipt-delay-ms", "1000", "--receipt-retry-ms", "300")
    catcher = scene.catcher()
    disk = Disk(scene.directory)
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=disk.wrapper)
    tenant = gateway.tenant
    taken = tenant.send_many(50)
    smsc.wait_texts(50)

    disk.fail(error)
    refused = wait("a submission is refused", lambda: _refused(gateway))
    assert (refused.status, refused.body["code"]) == (503, "store_unavailable")
    assert tenant.message(taken[0])["id"] == taken[0]
    assert gateway.status()["store"]["healthy"] is False
    wait("receipts are refused, not lost", lambda: smsc.stats()["receipts_nacked"])
    assert gateway.wait_event("store.commit_failed")["reason"].startswith("nothing can be stored: ")
    assert smsc.stats()["binds_now"] == 1

    disk.mend()
    wait("the store has recovered", lambda: gateway.status()["store"]["healthy"])
    after = tenant.send("+306900000999", "it works again")
    assert set(check_told_once(gateway, catcher, [*taken, after]).values()) == {"delivered"}
    assert "+306900009999" not in {text.dest for text in smsc.texts()}
    assert smsc.stats()["duplicates"] == 0
    check_well(gateway)


def test_a_kill_while_writes_fail(scene: Scene) -> None:
    """What had its 202 is there afterwards, what was refused is not."""
    smsc, catcher = scene.smsc("--receipt-delay-ms", "500"), scene.catcher()
    disk = Disk(scene.directory)
    gateway = scene.gateway(smsc, catcher=catcher, wrapper=disk.wrapper)
    ids = gateway.tenant.send_many(50)
    disk.fail(errno.EIO)
    wait("a submission is refused", lambda: _refused(gateway))
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    disk.mend()
    gateway.start()
    gateway.wait_ready()
    assert set(check_told_once(gateway, catcher, ids).values()) == {"delivered"}
    assert gateway.tenant.states().keys() == set(ids)


def _refused(gateway: Gateway) -> Answer | None:
    answer = gateway.tenant.post("+306900009999", "no")
    return answer if answer.status != 202 else None
