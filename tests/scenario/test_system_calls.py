"""The daemon, its threads, HTTP workers and plugins make no system call that the unit's filter would refuse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scenario import ways
from tests.scenario.harness import Scene, wait

UNIT = Path(__file__).resolve().parent.parent.parent / "systemd/smsgwd.service"
#: Refused by the filter, asked for by the C library or Python and done without where refused.
DONE_WITHOUT = {"setrlimit", "sched_setaffinity", "setpriority"}
if os.geteuid() == 0:  # SQLite gives its files the owner of the store; the service is nobody who could
    DONE_WITHOUT.add("fchown")


def _calls(name: str) -> set[str]:
    """The calls of one of systemd's sets, with those of the sets in it."""
    said = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    found: set[str] = set()
    for word in re.findall(r"^\s+([@a-z0-9_-]+)$", said, re.MULTILINE):
        found |= _calls(word) if word.startswith("@") else {word}
    return found


@pytest.mark.skipif(
    shutil.which("strace") is None or shutil.which("systemd-analyze") is None,
    reason="strace and systemd-analyze are needed",
)
def test_the_filter_of_the_unit_fits(scene: Scene) -> None:
    """From the start over messages, a receipt, a reload and a backup to the end."""
    allowed: set[str] = set()
    for line in UNIT.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.partition("=")[2]
            for word in words.removeprefix("~").split():
                allowed = allowed - _calls(word) if words.startswith("~") else allowed | _calls(word)
    assert len(allowed) > 200 and "mount" not in allowed
    trace = scene.directory / "calls"
    catcher = scene.catcher()
    options = {"base_url": f"http://127.0.0.1:{scene.provider('isms').port()}/api/http"}
    connector = {"id": "isms1", "kind": "provider", "provider": "isms"}
    gateway = scene.gateway(
        connectors=[
            ways.connector("smsc1", scene.smsc()),
            {**connector, "options": {**options, "username": "user", "password": "password"}},
        ],
        routes=[{"match": {"to": "306911*"}, "connectors": ["isms1"]}, {"connectors": ["smsc1"]}],
        catcher=catcher,
        smpp={},
        http={"workers": 2},
        wrapper=["strace", "-D", "-f", "-e", "trace=all", "-o", str(trace)],
    )
    catcher.wait_push(gateway.tenant.send())
    catcher.wait_push(gateway.tenant.send("+306911000001"))
    gateway.command("config", "reload")
    gateway.command("store", "backup", file=str(scene.directory / "copy.db"))
    gateway.command("secret", "rotate")
    pid = gateway.pid
    assert gateway.stop() == 0
    wait("the tracer has written all", lambda: re.search(rf"^{pid} +\+\+\+ exited", trace.read_text(), re.MULTILINE))
    made = set(re.findall(r"^[0-9]+ +([a-z0-9_]+)\(", trace.read_text(), re.MULTILINE))
    assert {"epoll_wait", "fdatasync", "sendto", "execve"} & made and len(made) > 50
    assert sorted(made - allowed - DONE_WITHOUT) == []
