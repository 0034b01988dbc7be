"""What a service manager hears of the daemon's life, in its order (sd_notify(3))."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path

from tests.scenario.harness import PATIENCE_S, Gateway, Scene


class Manager:
    """A stand-in for systemd: takes the notifications of one process."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(PATIENCE_S)
        self.heard: list[dict[str, str]] = []

    def hear(self) -> dict[str, str]:
        """The next notification, by variable."""
        lines = self._socket.recv(4096).decode().split("\n")
        self.heard.append(dict(line.split("=", 1) for line in lines))
        return self.heard[-1]

    def hear_until(self, variable: str) -> dict[str, str]:
        """The next notification with a variable in it."""
        while variable not in self.hear():
            pass
        return self.heard[-1]

    def close(self) -> None:
        """Take nothing more."""
        self._socket.close()


def _life(scene: Scene, manager: Manager, address: str) -> Gateway:
    wrapper = ["env", f"NOTIFY_SOCKET={address}", "WATCHDOG_USEC=600000"]
    gateway = scene.gateway(scene.smsc(), wrapper=wrapper, start=False)
    gateway.start()
    assert manager.hear_until("READY")["STATUS"] == "running"
    manager.hear_until("WATCHDOG")
    gateway.signal(1)
    reloading = manager.hear_until("RELOADING")
    assert int(reloading["MONOTONIC_USEC"]) > 0
    manager.hear_until("READY")
    manager.hear_until("WATCHDOG")
    gateway.signal(15)
    stopping = manager.hear_until("STOPPING")
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) > 10_000_000  # longer than the drain may take
    assert gateway.wait_end() == 0
    return gateway


def test_the_whole_life_is_told_in_order(scene: Scene) -> None:
    """READY, WATCHDOG, RELOADING, READY, STOPPING."""
    path = str(scene.directory / "notify.sock")
    manager = Manager(path)
    try:
        _life(scene, manager, path)
    finally:
        manager.close()
    told = [name for each in manager.heard for name in each if name in ("READY", "RELOADING", "STOPPING")]
    assert told == ["READY", "RELOADING", "READY", "STOPPING"]


def test_an_abstract_socket_will_do(scene: Scene) -> None:
    """As some managers have it: '@' for the octet 0."""
    name = f"smsgwd-{uuid.uuid4().hex}"
    manager = Manager("\0" + name)
    try:
        _life(scene, manager, "@" + name)
    finally:
        manager.close()


def test_a_start_that_takes_long_asks_for_time_and_the_status_says_what_goes_through(scene: Scene) -> None:
    """A status after ten seconds of running: what went through, and the binds."""
    path = str(scene.directory / "notify.sock")
    manager = Manager(path)
    try:
        gateway = scene.gateway(scene.smsc(), wrapper=["env", f"NOTIFY_SOCKET={path}"], start=False)
        gateway.start()
        manager.hear_until("READY")
        status = manager.hear_until("STATUS")["STATUS"]
        assert status.startswith("running: ") and status.endswith("1 of 1 binds"), status
    finally:
        manager.close()
    assert Path(path).exists()
