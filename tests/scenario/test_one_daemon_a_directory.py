"""What a start finds in its way: another daemon on its data, a stale socket, a port in use. Each is said clearly."""

from __future__ import annotations

import socket

from tests.scenario.harness import Child, Scene, ask
from tests.scenario.stores import embedded_only

pytestmark = (
    embedded_only  # with another store it is the name of the node that is taken: tests/store/redis/test_nodes.py
)


def _reason(child: Child) -> str:
    """Why it did not start; it must have ended with status 1 and without a traceback."""
    assert child.wait_end() == 1
    assert "Traceback" not in child.log_path.read_text()
    return str(child.wait_event("daemon.failed", running=False)["reason"])


def test_second_daemon_on_the_same_data_is_refused(scene: Scene) -> None:
    """The second names the first's process; the first goes on."""
    smsc, catcher = scene.smsc(), scene.catcher()
    first = scene.gateway(smsc, catcher=catcher)
    second = scene.gateway(smsc, name="second", start=False, admin={"socket": "second.sock"})
    second.start()
    reason = _reason(second)
    assert str(first.pid) in reason
    assert "data" in reason
    catcher.wait_push(first.tenant.send())


def test_admin_socket_of_a_running_daemon_is_left_alone(scene: Scene) -> None:
    """Same socket, other data: refused; the first still answers on it."""
    smsc = scene.smsc()
    first = scene.gateway(smsc)
    second = scene.gateway(smsc, name="second", start=False, data_dir="other")
    second.start()
    reason = _reason(second)
    assert "admin.sock" in reason
    assert "another daemon" in reason
    assert first.status()["phase"] == "running"


def test_stale_admin_socket_is_replaced(scene: Scene) -> None:
    """kill -9 leaves the socket behind; the next start takes its place."""
    gateway = scene.gateway(scene.smsc())
    gateway.kill()
    assert gateway.admin_socket.is_socket()
    gateway.start()
    gateway.wait_ready()
    assert gateway.status()["phase"] == "running"
    assert gateway.admin_socket.stat().st_mode & 0o777 == 0o660
    assert gateway.stop() == 0
    assert not gateway.admin_socket.exists()


def test_a_file_in_the_place_of_the_admin_socket_is_not_removed(scene: Scene) -> None:
    """It may be somebody's."""
    (scene.directory / "admin.sock").write_text("precious")
    gateway = scene.gateway(scene.smsc(), start=False)
    gateway.start()
    assert "admin.sock" in _reason(gateway)
    assert (scene.directory / "admin.sock").read_text() == "precious"


def test_port_in_use_is_named(scene: Scene) -> None:
    """The address is in the reason; once it is free the same configuration starts."""
    gateway = scene.gateway(scene.smsc(), start=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", gateway.http_port))
        other.listen()
        gateway.start()
        assert str(gateway.http_port) in _reason(gateway)
    gateway.start()
    gateway.wait_ready()
    assert ask(gateway.ops_port, "GET", "/live").status == 200
