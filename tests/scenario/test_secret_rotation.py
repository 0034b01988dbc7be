"""The secret key is rotated while tenants send, and by a gateway that is killed in the middle: nobody is logged out."""

from __future__ import annotations

import contextlib
import http.client
import threading
from typing import Any

from tests.scenario.client import TOKEN, Tenant
from tests.scenario.harness import Gateway, Scene, wait

TENANTS = 60


def _more() -> list[dict[str, object]]:
    """Tenants enough that sealing them anew takes many commits; each with a token."""
    return [
        {"id": f"more{number}", "currency": "EUR", "credentials": [{"kind": "token", "secret": f"more-token-{number}"}]}
        for number in range(TENANTS)
    ]


def _uses(gateway: Gateway) -> list[dict[str, Any]]:
    found = gateway.command("secret", "show")
    assert isinstance(found, list), found
    return found


def _all_known(gateway: Gateway) -> None:
    for token in (TOKEN, *(f"more-token-{number}" for number in range(TENANTS))):
        assert Tenant(gateway.http_port, token).ask("GET", "/v1/balance").status == 200, token


def test_killed_while_it_seals_anew(scene: Scene) -> None:
    """The next start opens everything, goes on, and ends with one key that is enough."""
    gateway = scene.gateway(scene.smsc(), tenants=_more(), secret_key={"file": "data/secret.key"})
    assert gateway.command("config", "diff") == []  # that the gateway makes its key is no other configuration
    key_file = scene.directory / "data" / "secret.key"
    first = key_file.read_bytes()

    def rotate() -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):  # it is killed meanwhile
            gateway.command("secret", "rotate")

    asking = threading.Thread(target=rotate)
    asking.start()
    wait("the key file has two keys", lambda: len(key_file.read_bytes().splitlines()) == 2)
    gateway.signal(9)
    gateway.wait_end()
    asking.join()
    assert key_file.read_bytes().endswith(first)
    gateway.start()
    gateway.wait_ready()
    wait("all is sealed anew", lambda: [each["sealed"] for each in _uses(gateway)] == [TENANTS + 1, 0])
    assert gateway.command("config", "diff") == []
    _all_known(gateway)  # every token is used, and moves
    wait("all tokens have moved", lambda: [each["tokens"] for each in _uses(gateway)] == [TENANTS + 1, 0])
    assert len(gateway.command("secret", "retire")["retired"]) == 1
    assert len(key_file.read_bytes().splitlines()) == 1
    gateway.stop()
    gateway.start()
    gateway.wait_ready()
    assert [(each["use"], each["tokens"], each["sealed"]) for each in _uses(gateway)] == [
        ("seals", TENANTS + 1, TENANTS + 1)
    ]
    _all_known(gateway)
