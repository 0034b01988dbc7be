"""A backup of a Redis store that is made while traffic goes on fills an empty store, which starts as a gateway."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import yaml

from tests.scenario.harness import Gateway, Scene
from tests.scenario.test_backup import ctl
from tests.store.redis_server import Server

_SMSGWD = [sys.executable, "-m", "smsgwd.cli.main"]


@pytest.fixture
def server() -> Iterator[Server]:
    """The server of the store that is backed up, and of the one it goes to."""
    with Server(appendfsync="always") as found:
        yield found


def imported(gateway: Gateway, file: str) -> tuple[int, str]:
    """Exit status of `smsgwd store import`, and what it says."""
    words = ["store", "import", "-c", str(gateway.config), file]
    done = subprocess.run([*_SMSGWD, *words], capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_backup_during_traffic_is_restored(scene: Scene, server: Server) -> None:
    smsc = scene.smsc()
    section = {"kind": "redis", "url": server.url, "prefix": "first"}
    gateway = scene.gateway(smsc, store=section)
    before = gateway.tenant.send_many(300)
    for each in (before[0], before[-1]):
        gateway.tenant.wait_state(each, "delivered")
    during: list[str] = []
    stop, begun = threading.Event(), threading.Event()

    def send() -> None:
        while not stop.is_set():
            during.extend(gateway.tenant.send_many(20, prefix="+30691", first=len(during)))
            begun.set()

    sender = threading.Thread(target=send)
    sender.start()
    path = scene.directory / "first.backup"
    try:
        assert begun.wait(30)
        answer = ctl(gateway, "store", "backup", "--file", str(path))
    finally:
        stop.set()
        sender.join(30)
    assert answer["bytes"] == path.stat().st_size > 0
    assert gateway.stop() == 0

    status, said = imported(gateway, str(path))
    assert (status, "there is a store" in said) == (1, True), said
    config = yaml.safe_load(gateway.config.read_text())
    config["store"]["prefix"] = "second"
    gateway.config.write_text(yaml.safe_dump(config))
    status, said = imported(gateway, str(path))
    assert (status, "nothing differs" in said) == (0, True), said
    assert not list(scene.directory.glob("first.backup.*"))
    gateway.start()
    gateway.wait_ready()
    for each, state in gateway.tenant.states().items():
        if state == "queued":  # the receipt of one that had been sent has come to the other store
            gateway.tenant.wait_state(each, "delivered")
    assert ctl(gateway, "store", "check", "--deep")["problems"] == []
    assert ctl(gateway, "ledger", "check")["problems"] == []
    states = gateway.tenant.states()
    assert set(before) <= states.keys() <= set(before) | set(during)
    assert states[before[0]] == states[before[-1]] == "delivered"
    gateway.tenant.wait_state(gateway.tenant.send(), "delivered")
