"""Roles on the admin socket, by the user whose process asks; and what they changed is listed."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene

_ASK = """
import http.client, json, os, socket, sys
path, uid, noun, verb, params = sys.argv[1:]
sock = socket.socket(socket.AF_UNIX)
os.setgroups([])
os.setgid(int(uid)); os.setuid(int(uid))
sock.connect(path)
connection = http.client.HTTPConnection("localhost")
connection.sock = sock
connection.request("POST", f"/commands/{noun}/{verb}", params)
answer = connection.getresponse()
print(json.dumps([answer.status, json.loads(answer.read())]))
"""


def ask_as(uid: int, gateway: Gateway, noun: str, verb: str, **params: str) -> tuple[int, object]:
    """A command asked by a process of that user."""
    answer = subprocess.run(
        [sys.executable, "-c", _ASK, gateway.admin_socket.name, str(uid), noun, verb, json.dumps(params)],
        cwd=gateway.admin_socket.parent,  # whoever it is then need not be let through the directories above
        capture_output=True,
        check=True,
        timeout=60,
    )
    status, data = json.loads(answer.stdout)
    return status, data


def commands_of(gateway: Gateway) -> list[dict[str, Any]]:
    """What the daemon offers."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(gateway.admin_socket))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = sock
        connection.request("GET", "/commands")
        found: list[dict[str, Any]] = json.loads(connection.getresponse().read())
        return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_each_user_may_what_the_role_says(scene: Scene) -> None:
    nobody, daemon = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
    roles = {"operate": [daemon.pw_name], "others": "read"}
    gateway = scene.gateway(scene.smsc(), admin={"socket": "admin.sock", "mode": "0666", "roles": roles})
    scene.directory.chmod(0o711)
    assert ask_as(nobody.pw_uid, gateway, "status", "show")[0] == 200
    status, refused = ask_as(nobody.pw_uid, gateway, "connector", "pause", id="smsc1")
    assert status == 403 and "needs the role operate; nobody has read" in json.dumps(refused)
    assert ask_as(daemon.pw_uid, gateway, "connector", "pause", id="smsc1")[0] == 200
    status, refused = ask_as(daemon.pw_uid, gateway, "tenant", "disable", id="shop")
    assert status == 403
    assert ask_as(0, gateway, "tenant", "disable", id="shop")[0] == 200
    kept = gateway.command("audit", "list")
    assert [(row["who"], row["command"], row["outcome"]) for row in kept] == [
        ("root", "tenant disable", "done"),
        ("daemon", "connector pause", "done"),
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_may_only_look_sees_no_secret_no_text_and_no_number(scene: Scene) -> None:
    """Every command that the role read may run, after traffic; and nothing is different afterwards."""
    nobody = pwd.getpwnam("nobody")
    admin = {"socket": "admin.sock", "mode": "0666", "roles": {"others": "read"}}
    gateway = scene.gateway(scene.smsc(), smpp={}, admin=admin)
    scene.directory.chmod(0o711)
    message = gateway.tenant.send("+306912345678", text="a private text")
    gateway.tenant.wait_state(message, "delivered")
    gateway.command("tenant", "set", id="shop", dlr_url="https://u:hunter2@shop.example/dlr?key=hunter2")
    gateway.command("optout", "add", tenant="shop", number="+306912345679")
    gateway.command("blacklist", "add", number="+306912345679")
    gateway.command("credential", "add", tenant="shop", kind="token", name="till", secret="hunter2-hunter2")
    gateway.command("connector", "pause", id="smsc1")
    waiting = gateway.tenant.send("+306912345678", text="a private text")
    given = {"id": message, "tenant": "shop", "connector": "smsc1", "target": "shop https://shop.example", "to": "3069"}
    found, numbers = [], []
    for command in commands_of(gateway):
        names = {each["name"] for each in command["parameters"]}
        needed = [each["name"] for each in command["parameters"] if each["required"]]
        name = (command["noun"], command["verb"])
        if command["role"] != "read":
            status, answer = ask_as(nobody.pw_uid, gateway, *name)
            assert status == 403, (name, answer)
            continue
        values = {each: given.get(each, "smsc1") for each in needed}
        if name in (("tenant", "show"), ("connector", "show"), ("route", "show")):
            values["id"] = {"tenant": "shop", "connector": "smsc1", "route": "x"}[name[0]]
        elif name == ("audit", "show"):
            values["id"] = "4"
        elif name == ("plugin", "show"):
            values["name"] = "isms"
        status, answer = ask_as(nobody.pw_uid, gateway, *name, **values)
        if name[0] == "operator":  # one's own, and that only at the console
            assert status == 403, (name, answer)
            continue
        assert status == 200 or name[0] in ("route", "price", "plan", "sender"), (name, answer)  # there are none
        text = json.dumps(answer)
        found += [(name, text) for private in ("hunter2", "private text", "91234567") if private in text]
        if "numbers" in names:
            numbers.append(name)
            assert ask_as(nobody.pw_uid, gateway, *name, **values, numbers="yes")[0] == 403
            assert "912345678" in json.dumps(gateway.command(*name, **values, numbers="yes"))
    assert not found
    assert {("message", "find"), ("message", "show"), ("queue", "peek")} <= {*numbers}
    audited = [gateway.command("audit", "show", id=str(number)) for number in range(1, 6)]
    assert "hunter2" not in json.dumps(audited) and "91234567" not in json.dumps(audited)
    assert "hunter2" not in gateway.log_path.read_text()
    assert gateway.command("message", "show", id=waiting)["state"] == "queued"


_CROWD = """
import os, socket, sys
path, uid = sys.argv[1:]
os.setgroups([])
os.setgid(int(uid)); os.setuid(int(uid))
held = []
for _ in range(300):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    held.append(sock)
    try:
        sock.sendall(b"POST /commands/status/show HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5000\\r\\n\\r\\n{")
    except OSError:
        pass  # too many already: turned away before its first word
print("there", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nobody_can_keep_root_from_the_socket_or_fill_the_memory(scene: Scene) -> None:
    nobody, daemon, games = (pwd.getpwnam(name).pw_uid for name in ("nobody", "daemon", "games"))
    admin = {"socket": "admin.sock", "mode": "0666", "roles": {"others": "read", "admin": ["games"]}}
    gateway = scene.gateway(scene.smsc(), admin=admin)
    scene.directory.chmod(0o711)
    crowds = []
    try:
        for uid in (nobody, daemon):
            crowd = subprocess.Popen(
                [sys.executable, "-c", _CROWD, gateway.admin_socket.name, str(uid)],
                cwd=gateway.admin_socket.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            crowds.append(crowd)
            assert crowd.stdout is not None and crowd.stdout.readline() == "there\n"
            assert wait("root is let in", lambda: _phase(gateway)) == "running"
            with pytest.raises(subprocess.CalledProcessError):
                ask_as(uid, gateway, "status", "show")
        assert gateway.command("connector", "pause", id="smsc1")["state"] == "paused"
    finally:
        for crowd in crowds:
            crowd.communicate()
    large = "x" * 100_000  # more would not fit in the words of a process
    assert ask_as(nobody, gateway, "route", "explain", tenant=large, to="306912345678")[0] == 422
    assert _sent(gateway, nobody, 2_000_000) == 413
    assert _sent(gateway, games, 2_000_000) == 422


def _phase(gateway: Gateway) -> str | None:
    try:
        return str(gateway.status()["phase"])
    except BlockingIOError:  # those who connected before are not accepted so far
        return None


_LARGE = """
import os, socket, sys
path, uid, size = sys.argv[1:]
os.setgroups([])
os.setgid(int(uid)); os.setuid(int(uid))
sock = socket.socket(socket.AF_UNIX)
sock.connect(path)
body = b'{"after": "' + b"x" * int(size) + b'"}'
head = f"POST /commands/route/list HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
try:
    sock.sendall(head.encode() + body)
except OSError:
    pass
print(sock.recv(100).split()[1].decode())
"""


def _sent(gateway: Gateway, uid: int, size: int) -> int:
    """The status of an answer to a user's large request."""
    command = [sys.executable, "-c", _LARGE, gateway.admin_socket.name, str(uid), str(size)]
    answer = subprocess.run(command, cwd=gateway.admin_socket.parent, capture_output=True, check=True, timeout=60)
    return int(answer.stdout)


def test_what_operators_changed_survives_a_kill(scene: Scene) -> None:
    gateway = scene.gateway(scene.smsc())
    gateway.command("tenant", "set", id="shop", throughput="50")
    gateway.command("credential", "add", tenant="shop", kind="token", name="till", secret="very-secret-indeed")
    gateway.command("tenant", "set", id="nobody-there", throughput="50")
    signs = gateway.command("tenant", "webhook-secret", id="shop")["webhook_secret"]
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    told, failed, credential, tenant = gateway.command("audit", "list")
    assert (failed["outcome"], credential["outcome"], tenant["outcome"]) == ("failed", "done", "done")
    assert gateway.command("audit", "show", id=str(told["id"]))["after"] == {"tenant": "shop", "webhook_secret": "***"}
    assert signs.startswith("whsec_") and signs not in gateway.log_path.read_text()
    shown = gateway.command("audit", "show", id=str(tenant["id"]))
    assert (shown["before"], shown["after"]) == ({"throughput": 0}, {"throughput": 50})
    everything = json.dumps([gateway.command("audit", "show", id=str(row["id"])) for row in (failed, credential)])
    assert "very-secret-indeed" not in everything and "very-secret-indeed" not in gateway.log_path.read_text()
    assert "nobody-there" in everything
    assert gateway.log_path.read_text().count('"operator.command"') == 8
