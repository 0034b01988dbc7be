"""A full disk seen over SMPP: nothing is taken that cannot be kept, and no bind, receipt or answer is lost."""

from __future__ import annotations

import contextlib
import resource
import signal
import sqlite3

from tests.scenario.esme import CANCEL_SM, QUERY_SM, SUBMIT_SM, Esme
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stand_esme import bound, check_sound, credential
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

_ROOM_FOR_THE_LOG = 64 * 1024
_SOURCE, _DEST = b"\5\0Shop\0", b"\1\x01306912345678\0"
_IN_AN_HOUR = b"000000010000000R"
_ENROUTE, _DELETED = 1, 4
_FULL = 0x08


def test_full_disk(scene: Scene) -> None:
    """Submits and cancellations get 0x08 and have no effect; what was answered while it was full comes once."""
    smsc = scene.smsc("--receipt-delay-ms", "1500", "--receipt-retry-ms", "300")
    gateway = scene.gateway(smsc, smpp={}, tenant={"credentials": [credential("esme")]})
    esme = bound(gateway)
    early = esme.submit()[1]
    delivery = esme.read()  # not answered yet
    scheduled = esme.ask(SUBMIT_SM, b"\0" + _SOURCE + _DEST + b"\0\0\0" + _IN_AN_HOUR + b"\0\0" + b"\1\0\0\0\2Hi").body
    ids = [esme.submit(f"30691{number:07d}")[1] for number in range(100)]
    wait("they are sent", lambda: smsc.stats()["submits"] == 101)

    _allow_files_of(gateway, _ROOM_FOR_THE_LOG)
    assert esme.answer(delivery)
    assert esme.receipts == [early]
    wait("a submission is refused", lambda: esme.submit()[0] == _FULL)
    assert esme.ask(CANCEL_SM, b"\0" + scheduled + _SOURCE + _DEST).status == _FULL
    assert _state(esme, scheduled) == _ENROUTE
    wait("receipts are refused, not lost", lambda: smsc.stats()["receipts_nacked"])
    assert esme.probe() == 0

    _allow_files_of(gateway, resource.RLIM_INFINITY)
    wait("the store has recovered", lambda: gateway.status()["store"]["healthy"])
    wait("every receipt", lambda: _pumped(esme) >= {early, *ids})
    esme.pump(0.5)
    assert sorted(esme.receipts) == sorted([early, *ids])
    assert esme.ask(CANCEL_SM, b"\0" + scheduled + _SOURCE + _DEST).status == 0
    assert _state(esme, scheduled) == _DELETED
    wait("the receipt of what was cancelled", lambda: len(_pumped(esme)) == 102)
    check_sound(gateway)

    wait("their answers are kept", lambda: not _owed(gateway))
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    again = bound(gateway)
    again.pump(1.0)
    assert again.receipts == []
    assert again.unbind() == 0


def _allow_files_of(gateway: Gateway, octets: int) -> None:
    """The largest file the process may write (RLIMIT_FSIZE), from now on; beyond it writes fail."""
    if octets != resource.RLIM_INFINITY:
        log = gateway.config.parent / "data" / "store.db-wal"
        assert log.stat().st_size > octets, "the store could still grow"
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


def _state(esme: Esme, message_id: bytes) -> int:
    """message_state of query_sm_resp (SMPP 3.4 s4.8.2)."""
    answer = esme.ask(QUERY_SM, message_id + _SOURCE)
    assert answer.status == 0
    rest = answer.body.partition(b"\0")[2]
    return rest[rest.index(b"\0") + 1]


def _owed(gateway: Gateway) -> int:
    """How many deliveries its store owes."""
    with contextlib.closing(sqlite3.connect(gateway.config.parent / "data" / "store.db")) as store:
        found: int = store.execute("SELECT count(*) FROM outbox WHERE status = 0").fetchone()[0]
        return found


def _pumped(esme: Esme) -> set[str]:
    esme.pump(0.05)
    return set(esme.receipts)
