"""Listening sockets of a service manager: they stay open over a restart, so that clients wait and nobody is refused."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.client import TOKEN
from tests.scenario.harness import Gateway, Scene, ask, wait
from tests.scenario.migrating import LONG_S, redis_section, wait_moved, write_store

#: Has the sockets sent to it, puts them to 3 and on, says so in the environment, and becomes the gateway.
HAND_OVER = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as holder:
    holder.connect(sys.argv[1])
    names, given, _, _ = socket.recv_fds(holder, 4096, 16)
high = [os.dup2(each, 200 + number) for number, each in enumerate(given)]
for each in given:
    os.close(each)
for number, each in enumerate(high):
    os.dup2(each, 3 + number, inheritable=True)
    os.close(each)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)), "LISTEN_FDNAMES": names.decode()}
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Holder:
    """Holds listening sockets, as a service manager does, and gives them to each process that asks."""

    def __init__(self, path: Path) -> None:
        self.names: list[str] = []
        self.sockets: list[socket.socket] = []
        self.path = path
        self._asked = socket.socket(socket.AF_UNIX)
        self._asked.bind(str(path))
        self._asked.listen(8)
        threading.Thread(target=self._give, daemon=True).start()

    def tcp(self, name: str, port: int) -> None:
        """Listen on loopback."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        self._add(name, made)

    def unix(self, name: str, path: Path) -> None:
        """Listen at a path, for its owner alone."""
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(path))
        path.chmod(0o600)
        self._add(name, made)

    @property
    def wrapper(self) -> list[str]:
        """What goes before the gateway's command."""
        return [sys.executable, "-c", HAND_OVER, str(self.path)]

    def close(self) -> None:
        """Close everything."""
        for each in (self._asked, *self.sockets):
            each.close()

    def _add(self, name: str, made: socket.socket) -> None:
        made.listen(64)
        self.names.append(name)
        self.sockets.append(made)

    def _give(self) -> None:
        while True:
            try:
                process, _ = self._asked.accept()
            except OSError:
                return
            with process:
                numbers = [each.fileno() for each in self.sockets]
                socket.send_fds(process, [":".join(self.names).encode() or b"-"], numbers)


@pytest.fixture
def holder(scene: Scene) -> Iterator[Holder]:
    """One in the scene's directory."""
    made = Holder(scene.directory / "holder.sock")
    yield made
    made.close()


def _gateway(scene: Scene, holder: Holder, workers: int = 0, **config: Any) -> Gateway:
    """The gateway on sockets of the holder, for every listener it has."""
    ports = dict(zip(("http", "ops", "smpp"), free_ports(3), strict=True))
    for name, port in ports.items():
        holder.tcp(name, port)
    holder.unix("admin", scene.directory / "admin.sock")
    where = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    http_section: dict[str, object] = {"listen": where["http"]}
    if workers:
        http_section["workers"] = workers
    return scene.gateway(
        scene.smsc(),
        http=http_section,
        smpp={"listen": where["smpp"]},
        wrapper=holder.wrapper,
        start=False,
        listeners={name: {"listen": each} for name, each in where.items() if name != "http"} | {"http": http_section},
        **config,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_nobody_is_refused_over_a_restart(scene: Scene, holder: Holder, workers: int) -> None:
    """A client that connects while no gateway runs is answered by the next one; with HTTP workers, too."""
    gateway = _gateway(scene, holder, workers)
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.send()
    with socket.create_connection(("127.0.0.1", gateway.smpp_port), 5):
        pass
    assert gateway.stop() == 0
    waiting = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30)
    waiting.request("GET", "/v1/balance", headers={"Authorization": f"Bearer {TOKEN}"})  # connects: not refused
    with socket.create_connection(("127.0.0.1", gateway.smpp_port), 5):
        gateway.start()
        assert waiting.getresponse().status == 200
    gateway.wait_ready()
    mode = (scene.directory / "admin.sock").stat().st_mode & 0o777
    assert mode == 0o600  # the manager's to say
    assert gateway.status()["phase"] == "running"
    told = Path(f"/proc/{gateway.pid}/environ").read_text()
    assert "LISTEN_FDS" in told  # it was told so, and what it has open is the holder's socket
    assert gateway.tenant.send()
    assert gateway.stop() == 0
    assert (scene.directory / "admin.sock").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_nobody_is_refused_while_the_store_moves(scene: Scene, holder: Holder, workers: int) -> None:
    """The gateway stops for it, and begins anew in its process: the sockets stay open all the time."""
    gateway = _gateway(scene, holder, workers, store={"kind": "embedded"})
    gateway.start()
    gateway.wait_ready()
    sent, pid = gateway.tenant.send(), gateway.pid
    write_store(gateway, redis_section(scene.directory))
    gateway.command("store", "migrate")
    data = scene.directory / "data"

    def moved() -> bool:
        for port in (gateway.http_port, gateway.smpp_port):
            socket.create_connection(("127.0.0.1", port), 5).close()
        return (data / "store.moved").exists()

    wait("the store is moved", moved, LONG_S)
    wait_moved(gateway, "redis")
    assert gateway.pid == pid
    assert gateway.tenant.wait_state(sent, "delivered")
    assert gateway.tenant.send()
    assert gateway.status()["phase"] == "running"
    assert gateway.stop() == 0


def test_a_socket_that_nothing_listens_at_is_named(scene: Scene, holder: Holder) -> None:
    """So that a typing error in a unit is no riddle."""
    [port] = free_ports(1)
    holder.tcp("smpp", port)
    gateway = scene.gateway(scene.smsc(), wrapper=holder.wrapper, start=False)
    gateway.start()
    reason = gateway.wait_event("daemon.failed", running=False)["reason"]
    assert f"a socket at 127.0.0.1:{port}, named smpp, where nothing is configured to listen" in reason
    assert "http at 127.0.0.1:" in reason
    assert gateway.wait_end() == 1


def test_a_name_that_is_another_listeners_is_told(scene: Scene, holder: Holder) -> None:
    """The address says which listener it is; the name must not say another."""
    gateway = scene.gateway(scene.smsc(), wrapper=holder.wrapper, start=False)
    holder.tcp("http", gateway.ops_port)
    gateway.start()
    reason = gateway.wait_event("daemon.failed", running=False)["reason"]
    assert "named http" in reason and "the address of ops" in reason
    assert gateway.wait_end() == 1


def test_some_sockets_may_be_handed_over_and_others_not(scene: Scene, holder: Holder) -> None:
    """What is not handed over is opened as ever; a name that means nothing does not matter."""
    gateway = scene.gateway(scene.smsc(), wrapper=holder.wrapper, start=False)
    holder.tcp("smsgwd.socket", gateway.http_port)
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.send()
    assert ask(gateway.ops_port, "GET", "/ready").status == 200
    assert gateway.stop() == 0
    with socket.create_connection(("127.0.0.1", gateway.http_port), 5):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.ops_port), 5)
