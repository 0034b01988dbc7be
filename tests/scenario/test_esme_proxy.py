"""Behind a proxy the address of the PROXY header counts, from that proxy alone."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.scenario.esme import Closed, Esme
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import PASSWORD, check_sound, served

PROXY = "127.0.0.5"
V1 = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 2775\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(
    ">H4s4sHH", 12, socket.inet_aton("192.0.2.7"), socket.inet_aton("192.0.2.1"), 40000, 2775
)
ELSEWHERE = V1.replace(b"192.0.2.7", b"198.51.100.7")


def _status(port: int, source: str, header: bytes) -> int | None:
    """The command_status of a bind behind that header; None when the connection was closed."""
    esme = Esme(port, source=source)
    try:
        esme.write(header)
        return esme.bind("esme", PASSWORD)
    except (Closed, ConnectionError):
        return None
    finally:
        esme.close()


@pytest.mark.parametrize(
    ("source", "header", "status"),
    [
        (PROXY, V1, 0),
        (PROXY, V2, 0),
        (PROXY, ELSEWHERE, 0x0D),
        (PROXY, b"", None),
        (PROXY, b"PROXY nonsense\r\n", None),
        ("127.0.0.1", b"", 0x0D),
        ("127.0.0.1", V1, None),
    ],
    ids=["v1", "v2", "address not allowed", "no header", "broken header", "not behind it", "header of a stranger"],
)
def test_header(scene: Scene, source: str, header: bytes, status: int | None) -> None:
    """The allow-list sees the address in the header; a proxy without one is closed, and a stranger with one."""
    gateway = served(scene, tenant={"allow": ["192.0.2.0/24"]}, smpp={"proxy_protocol": [f"{PROXY}/32"]})
    assert _status(gateway.smpp_port, source, header) == status
    check_sound(gateway)
