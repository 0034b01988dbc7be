"""Every command of the README's sh blocks is run, in order, against a stand like the one of scripts/run."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Catcher, Child, Gateway, Scene

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """The commands of all sh blocks, continued lines joined, comments left to the shell."""
    lines = "".join(BLOCK.findall(README)).replace("\\\n", " ").split("\n")
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


#: What a command's output must contain; one that is not here only has to exit with 0 and say something.
EXPECTED = {
    "curl -s http://127.0.0.1:8080/v1/messages ": ['"messages"', '"queued"', '"error":null'],
    "/v1/messages?limit=5": ['"messages"', "+306912345678"],
    "/v1/balance": ['"balance"', '"EUR"'],
    "/api/http/send.php": ["ID:"],
    "/sms/send": ['"success_request"', "306912345678"],
    "/ready": ['"ready":true'],
    "/metrics": ["smsgwd_messages_accepted_total"],
    "smsgwctl status": ["node dev1", "sim"],
    "smsgwctl help": ["tenant create", "ledger topup"],
    "tenant create": ["created: yes"],
    "credential add": ["label: website", "secret: "],
    "route explain": ["connector: sim", "to_sent: 306912345678"],
    "ledger statement": ["balance: 50.0000", "initial credit"],
    "config reload": ["isms1"],
    "plugin test": ["verdict: accepted", "ID:"],
    "By a supplier": ['"queued"', '"error":null'],
    "simulate esme": ["stat:DELIVRD"],
    "smsgwd check": [": ok"],
    "config describe": ["data_dir", "connectors"],
}


class Stand(NamedTuple):
    """The development configuration, running on free ports."""

    gateway: Gateway
    catcher: Catcher
    replacements: dict[str, str]


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """What `scripts/run` starts."""
    smsc, catcher = shared.smsc(), shared.catcher()
    dev = yaml.safe_load((ROOT / "etc" / "smsgwd.dev.yaml").read_text())
    gateway = shared.gateway(smsc, start=False, smpp={})
    provider = free_ports(1)[0]
    replacements = {
        "127.0.0.1:8080": f"127.0.0.1:{gateway.http_port}",
        "127.0.0.1:8081": f"127.0.0.1:{gateway.ops_port}",
        "127.0.0.1:2775": f"127.0.0.1:{gateway.smpp_port}",
        "--port 2775": f"--port {gateway.smpp_port}",
        "port: 2776": f"port: {smsc.port()}",
        "127.0.0.1:8090": f"127.0.0.1:{catcher.port()}",
        "127.0.0.1:8096": f"127.0.0.1:{provider}",
        "--port 8096": f"--port {provider}",
        "etc/var/admin.sock": str(gateway.admin_socket),
        "etc/smsgwd.dev.yaml": str(gateway.config),
        ".venv/bin/": f"{Path(sys.executable).parent}/",
    }
    text = (ROOT / "etc/smsgwd.dev.yaml").read_text().replace("var/admin.sock", gateway.admin_socket.name)
    for written, real in replacements.items():
        text = text.replace(written, real)
    gateway.config.write_text(text)
    shutil.copy(ROOT / "etc" / dev["tenants_file"], shared.directory / dev["tenants_file"])
    gateway.start()
    gateway.wait_ready()
    return Stand(gateway, catcher, replacements)


def _here(command: str, stand: Stand) -> str:
    for written, real in stand.replacements.items():
        command = command.replace(written, real)
    return command


def _run(command: str, stand: Stand) -> str:
    command = _here(command, stand)
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_there_are_commands() -> None:
    """Otherwise the next tests would pass for the wrong reason; and every expectation is about one of them."""
    assert len(commands()) >= 8
    for part in EXPECTED:
        assert any(part in command for command in commands()), f"the README no longer has {part!r}"


def test_every_command_of_the_readme_works(shared: Scene, stand: Stand) -> None:
    """In order, so that the message of the first is in the list of the second."""
    exports = ""
    for command in commands():
        if command.startswith("export "):  # of one terminal, where here each command has a shell of its own
            exports += command.partition("#")[0].strip() + "; "
            continue
        if command.endswith("&"):  # it goes on beside the others
            beside = Child("beside", shlex.split(_here(command.removesuffix("&"), stand)), shared.directory)
            shared.add(beside)
            beside.start()
            assert f"--port {beside.port()}" in _here(command, stand)
            continue
        output = _run(exports + command, stand)
        assert output.strip(), command
        assert '"status":4' not in output, output
        for part, wanted in EXPECTED.items():
            if part in command:
                assert all(text in output for text in wanted), (command, output)


def test_the_first_command_again_sends_nothing(shared: Scene, stand: Stand) -> None:
    """As the README says: the same answer; one receipt is pushed."""
    first = next(command for command in commands() if "Idempotency-Key" in command)
    answers = [json.loads(_run(first, stand)) for _ in range(2)]
    assert answers[0] == answers[1]
    message = answers[0]["messages"][0]["id"]
    stand.catcher.wait_push(message)
    assert len([push for push in stand.catcher.pushes() if push["body"]["id"] == message]) == 1


def test_every_curl_line_that_scripts_run_shows_works(shared: Scene, stand: Stand) -> None:
    """What it offers to be pasted, the provider APIs' too; once each, since SMS Club's duplicates are refused."""
    place = importlib.util.spec_from_file_location("demo", ROOT / "scripts" / "demo.py")
    assert place is not None
    assert place.loader is not None
    demo = importlib.util.module_from_spec(place)
    place.loader.exec_module(demo)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        demo.show_hints(
            "127.0.0.1:8080", "127.0.0.1:2775", "127.0.0.1:8081", "http://127.0.0.1:8090", ROOT / "etc/smsgwd.dev.yaml"
        )
    lines = shown.getvalue().replace("\\\n", " ").split("\n")
    curls = [line.strip() for line in lines if line.strip().startswith("curl ")]
    assert len(curls) >= 6
    wanted = {"/api/http/send.php": "ID:", "/sms/send": '"success_request"', "/v1/messages ": '"queued"'}
    for part in wanted:
        assert any(part in line for line in curls)
    for line in curls:
        output = _run(line, stand)
        assert output.strip(), line
        for part, expected in wanted.items():
            assert part not in line or expected in output, (line, output)


def test_the_files_it_links_to_are_there() -> None:
    """Every relative link."""
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert missing == []
    assert len(targets) >= 8


def test_scripts_run_once() -> None:
    """The demonstration itself, with this interpreter: every step shown, exit 0."""
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--once"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("   202     ") == 3
    assert done.stdout.count("   sent ") == 3
    assert done.stdout.count("   delivered ") == 3
    assert done.stdout.count("   pushed  message.delivered") == 3
    assert "   called  GET /isms?id=" in done.stdout
    assert "   state   DELIVRD" in done.stdout
