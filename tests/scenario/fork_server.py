"""Starts the gateway and the simulators by forking a process that has imported them already.

A daemon's imports take a second of CPU, a simulator's half of one, and the scenario tests start many hundreds. What is
forked is what would be started by its command line: a process of its own with its own arguments, environment, working
directory and output, which ends with its exit status. `smsgwd bench`, `demo`, HTTP workers and whatever runs under a
wrapper are started by exec as ever.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

#: What `python -c CODE` runs, by its code: module and name of its click command.
ENTRIES = {
    "from smsgwd.cli.simulate import simulate; simulate()": ("smsgwd.cli.simulate", "simulate"),
    "from smsgwd.cli.main import main; main()": ("smsgwd.cli.main", "main"),
}
_PRELOADED = (
    "smsgwd.cli.main",
    "smsgwd.cli.simulate",
    "smsgwd.app.daemon",
    "smsgwd.app.build",
    "smsgwd.simulator.smsc",
    "smsgwd.simulator.catcher",
    "smsgwd.simulator.hlr",
    "smsgwd.net.http_server",
)
BY_EXEC = "SMSGWD_TEST_EXEC"
"""Set in the environment: everything is started by exec."""
_MAX_MESSAGE = 128 * 1024
_SERVE = "from tests.scenario.fork_server import serve; serve({descriptor})"


class Forked:
    """A process that was forked, with what tests use of subprocess.Popen."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server

    def poll(self) -> int | None:
        """Its exit status (minus the signal that ended it), None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.poll(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended. Raises subprocess.TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """Our side: one server for this process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE.format(descriptor=theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._socket = ours
        self._lock = threading.Lock()
        self._ended: dict[int, int] = {}  # statuses are told once

    def start(self, command: list[str], out: BinaryIO, log: BinaryIO) -> Forked:
        """Start what `command` says; see `can_start`."""
        asked = {
            "entry": ENTRIES[command[2]],
            "arguments": command[3:],
            "directory": str(Path.cwd()),
            "environment": dict(os.environ),
        }
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(asked).encode()], [out.fileno(), log.fileno()])
            pid = int(self._answer())
            self._ended.pop(pid, None)
            return Forked(self, pid)

    def poll(self, pid: int) -> int | None:
        """The exit status of a process, None while it runs."""
        with self._lock:
            if pid not in self._ended:
                self._socket.send(json.dumps({"pid": pid}).encode())
                answer = self._answer()
                if answer:
                    self._ended[pid] = int(answer)
            return self._ended.get(pid)

    def stop(self) -> None:
        """End it; what it has started is killed."""
        self._socket.close()
        self._process.wait()

    def _answer(self) -> str:
        data = self._socket.recv(_MAX_MESSAGE)
        if not data:
            raise OSError("the fork server has ended")
        return data.decode()[1:]


def can_start(command: list[str]) -> bool:
    """True for commands of the gateway and of its simulators that no wrapper runs; never with `BY_EXEC` set."""
    return (
        not os.environ.get(BY_EXEC)
        and len(command) > 3
        and command[:2] == [sys.executable, "-c"]
        and command[2] in ENTRIES
        and command[3] != "bench"
    )


_server: ForkServer | None = None


def server() -> ForkServer:
    """The server of this process, started when it is asked for first."""
    global _server
    if _server is None:
        _server = ForkServer()
        atexit.register(_server.stop)
    return _server


def serve(descriptor: int) -> None:
    """The server's side: fork when asked to, until the other end is closed. In a child it returns from its work."""
    with socket.socket(fileno=descriptor) as asking:
        for name in _PRELOADED:
            importlib.import_module(name)
        assert "twisted.internet.reactor" not in sys.modules, "each process installs its own"
        gc.collect()
        gc.freeze()
        running: set[int] = set()
        while True:
            data, descriptors, _, _ = socket.recv_fds(asking, _MAX_MESSAGE, 2)
            if not data:
                break
            asked = json.loads(data)
            if "pid" in asked:
                pid, status = os.waitpid(asked["pid"], os.WNOHANG)
                running.discard(pid)
                asking.send(b"=" + (str(os.waitstatus_to_exitcode(status)).encode() if pid else b""))
                continue
            child = os.fork()
            if not child:
                break
            running.add(child)
            for each in descriptors:
                os.close(each)
            asking.send(b"=%d" % child)
    if not data:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
        return
    _run(asked["entry"], asked["arguments"], asked["directory"], asked["environment"], *descriptors)


def _run(entry: list[str], arguments: list[str], directory: str, environment: dict[str, str], *output: int) -> None:
    """Be the process that was asked for."""
    for descriptor, ours in zip(output, (1, 2), strict=True):
        os.dup2(descriptor, ours)
        os.close(descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["-c", *arguments]
    getattr(importlib.import_module(entry[0]), entry[1])()
