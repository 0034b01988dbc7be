"""systemd hears READY once the gateway is ready, WATCHDOG while it turns, STOPPING when it drains (sd_notify(3))."""

from __future__ import annotations

import socket
import time

from tests.scenario.harness import PATIENCE_S, Scene, ask
from tests.scenario.migrating import redis_section, wait_moved, write_store


def test_service_manager_is_notified(scene: Scene) -> None:
    """A watchdog of 0.6 s is fed at least every 0.6 s."""
    path = scene.directory / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE_S)
        wrapper = ["env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=600000"]
        gateway = scene.gateway(scene.smsc(), wrapper=wrapper, start=False)
        gateway.start()
        assert "READY=1" in manager.recv(4096).decode().split("\n")
        assert ask(gateway.ops_port, "GET", "/ready").status == 200  # ready means ready
        begun = time.monotonic()
        for _ in range(5):
            assert manager.recv(4096) == b"WATCHDOG=1"
        assert time.monotonic() - begun < 5  # several, and not in a burst: each within its time
        gateway.signal(15)
        told: list[str] = []
        while not told or "STOPPING=1" not in told[-1].split("\n"):
            told.append(manager.recv(4096).decode())
        assert set(told[:-1]) <= {"WATCHDOG=1"}
        assert gateway.wait_end() == 0


def test_watchdog_meant_for_another_process_is_ignored(scene: Scene) -> None:
    """WATCHDOG_PID of somebody else: READY, and nothing but STOPPING after it."""
    path = scene.directory / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE_S)
        wrapper = ["env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=30000", "WATCHDOG_PID=1"]
        gateway = scene.gateway(scene.smsc(), wrapper=wrapper, start=False)
        gateway.start()
        assert manager.recv(4096).startswith(b"READY=1")
        gateway.wait_ready()
        assert gateway.stop() == 0
        assert manager.recv(4096).startswith(b"STOPPING=1")


def test_a_move_of_the_store_is_a_reload(scene: Scene) -> None:
    """The process goes on as another program: it is never told that it stops, and ready comes again."""
    path = scene.directory / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE_S)
        wrapper = ["env", f"NOTIFY_SOCKET={path}"]
        gateway = scene.gateway(scene.smsc(), wrapper=wrapper, start=False, store={"kind": "embedded"})
        gateway.start()
        assert "READY=1" in manager.recv(4096).decode().split("\n")
        write_store(gateway, redis_section(scene.directory))
        gateway.command("store", "migrate")
        told: list[str] = []
        while "READY=1" not in told:
            told += manager.recv(4096).decode().split("\n")
        assert [each.partition("=")[0] for each in told if not each.startswith(("STATUS", "EXTEND"))] == [
            "RELOADING",
            "MONOTONIC_USEC",
            "READY",
        ]
        wait_moved(gateway, "redis")
        assert gateway.stop() == 0
        assert manager.recv(4096).startswith(b"STOPPING=1")
