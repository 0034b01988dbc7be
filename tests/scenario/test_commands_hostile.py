"""Every operator's command with nonsense in its parameters: a refusal that says why, never a failure of the gateway."""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
from typing import Any

from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import check_sound, credential, served

NONSENSE = (
    *("", "\0", "x" * 5000, "../../x", "null", "{}", "[]", "-1", "1e400", "9" * 30, "no\nsuch", "\ud800", "٣", "'; --"),
    *("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "yes", "true", "0", "1", "*"),
    *("306900000001", '{"content": 1}', "[" * 2000, "a,b\n1,2\n", "prefix,price\n*,1\n", "%00", "=1+1", "GR", "shop"),
)
EACH = 15
NOT_ASKED = {("store", "vacuum"), ("store", "backup")}  # they take long, and write where they are told to
NOT_OF_THE_TENANT = {"set", "disable"}


def _asked(gateway: Gateway, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    sock.connect(str(gateway.admin_socket))
    connection = http.client.HTTPConnection("localhost")
    connection.sock = sock
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_nonsense(scene: Scene) -> None:
    """No 500 and no traceback; the gateway sends on, and comes up again with all that was taken."""
    gateway = served(scene, credential("esme"))
    dice = random.Random(7)
    _, commands = _asked(gateway, "GET", "/commands")
    assert len(commands) > 50
    for command in commands:
        noun, verb = command["noun"], command["verb"]
        if (noun, verb) in NOT_ASKED:
            continue
        for _ in range(EACH):
            given = {
                each["name"]: dice.choice(NONSENSE)
                for each in command["parameters"]
                if each.get("required") or dice.random() < 0.4
            }
            if "tenant" in given and dice.random() < 0.7:
                given["tenant"] = "shop"
            if noun == "tenant" and verb in NOT_OF_THE_TENANT and given.get("id") == "shop":
                given["id"] = "nobody"
            status, answer = _asked(gateway, "POST", f"/commands/{noun}/{verb}", json.dumps(given))
            assert status < 500, (noun, verb, given, answer)
            assert status == 200 or answer["detail"], (noun, verb, given, answer)
    check_sound(gateway)
    gateway.signal(signal.SIGTERM)
    assert gateway.wait_end() == 0
    gateway.start()
    gateway.wait_ready()
    gateway.tenant.wait_state(gateway.tenant.send("+447700900999"), "delivered")
    check_sound(gateway)
