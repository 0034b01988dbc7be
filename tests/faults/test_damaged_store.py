"""Pages of the store are overwritten while it is stopped: the daemon says so, and takes nothing it cannot keep."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.faults.account import check_well
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only


@pytest.mark.parametrize("table", ["message", "part", "message_tenant", "outbox"])
def test_a_damaged_tree(scene: Scene, table: str) -> None:
    """The root page of a table or index: `store.damaged` in the log or a clear end at the start; never a traceback."""
    gateway = _filled(scene)
    store = scene.directory / "data" / "store.db"
    _overwrite(store, _root(store, table))
    gateway.start()
    wait("it says what is wrong, or works", lambda: _told(gateway) or not gateway.running or _works(gateway), 20)
    if gateway.running:
        for text in ("more", "more " * 60):  # of one part, and of several, which have rows of their own
            refused = gateway.tenant.post("+306900000500", text)
            assert refused.status in (202, 503), refused
        wait("the damage is told", lambda: _told(gateway), 20)
        assert gateway.command("store", "check").get("ok") is not True
        check_well(gateway)
        gateway.stop()
    else:
        assert gateway.stop() != 0
        log = gateway.log_path.read_text()
        assert "Traceback" not in log
        assert "store.db" in log or "store" in log.lower()


def _filled(scene: Scene) -> Gateway:
    """A gateway that has stopped, with three hundred delivered messages in its store."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(300, "Message {n} " * 10)
    catcher.wait_all(ids)
    assert gateway.stop() == 0
    return gateway


def _root(store: Path, name: str) -> int:
    """Number of the root page of a table or index, from 1."""
    connection = sqlite3.connect(store)
    try:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,))
        return int(page)
    finally:
        connection.close()


def _overwrite(store: Path, page: int) -> None:
    with store.open("r+b") as file:
        header = file.read(18)
        size = int.from_bytes(header[16:18], "big")
        size = 65536 if size == 1 else size
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def _told(gateway: Gateway) -> bool:
    return any(line.get("event") == "store.damaged" for line in gateway.log_lines())


def _works(gateway: Gateway) -> bool:
    try:
        return bool(gateway.tenant.ask("GET", "/v1/balance").status == 200)
    except OSError:
        return False
