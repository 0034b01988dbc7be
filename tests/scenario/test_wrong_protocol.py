"""What speaks another protocol on a port harms nobody else."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.scenario.harness import Scene, wait

BIND = struct.pack(">IIII", 39, 0x00000009, 0, 1) + b"esme\0secret\0\0\x34\0\0\0" + b"\0" * 4
NOISE = {
    "an SMPP bind": BIND,
    "a TLS hello": bytes.fromhex("160301010201000001fe0303") + bytes(64),
    "nothing but zeros": bytes(4096),
    "a request line without end": b"GET /" + b"a" * 100_000,
    "a lying Content-Length": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}",
    "two lengths": b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
}


@pytest.fixture(scope="module")
def ports(shared: Scene) -> dict[str, int]:
    """The listeners of a running gateway."""
    gateway = shared.gateway(shared.smsc())
    return {"http": gateway.http_port, "ops": gateway.ops_port}


@pytest.mark.parametrize("listener", ["http", "ops"])
@pytest.mark.parametrize("noise", NOISE.values(), ids=list(NOISE))
def test_noise_is_answered_4xx_or_closed(shared: Scene, ports: dict[str, int], listener: str, noise: bytes) -> None:
    """The connection ends with an HTTP error or none; the gateway answers the next client."""
    got = b""
    with socket.create_connection(("127.0.0.1", ports[listener]), 20) as sock:
        sock.settimeout(20)
        try:
            sock.sendall(noise)
            while chunk := sock.recv(65536):
                got += chunk
        except ConnectionError:
            pass  # closed while we were still writing
    assert got == b"" or got.startswith(b"HTTP/1.1 4"), got[:200]
    assert b"Traceback" not in got
    with socket.create_connection(("127.0.0.1", ports["ops"]), 20) as sock:
        sock.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")


def test_an_http_server_in_the_place_of_the_smsc(scene: Scene) -> None:
    """The bind fails with a reason, the message waits; nothing is sent to it but binds."""
    catcher = scene.catcher()
    timers = {"session_init_s": 1, "reconnect_min_s": 0.1, "reconnect_max_s": 0.3}
    gateway = scene.gateway(catcher.port(), connector={"timers": timers})
    message = gateway.tenant.send()
    wait("the reason shows", lambda: gateway.status()["connectors"][0]["binds"][0]["last_error"])
    assert gateway.status()["connectors"][0]["up"] is False
    assert gateway.tenant.message(message)["state"] == "queued"
    assert gateway.running
