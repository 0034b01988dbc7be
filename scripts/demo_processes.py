"""The processes of the demonstration: started, watched, stopped."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


class DemoError(Exception):
    """The demonstration cannot go on; the text says why."""


class Child:
    """One process we started; its standard output is read as JSON lines."""

    def __init__(self, name: str, *command: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [str(BIN / command[0]), *command[1:]], stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                self.lines.put(json.loads(line))

    def port(self, until: float) -> int:
        """The port the process says it listens on."""
        while time.monotonic() < until:
            self.check()
            with contextlib.suppress(queue.Empty):
                line = self.lines.get(timeout=0.1)
                if line.get("event") == "listening":
                    return int(line["port"])
        raise DemoError(f"{self.name} did not say where it listens")

    def check(self) -> None:
        """Raise when the process has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-1500:]
            raise DemoError(f"{self.name} ended with status {self.process.returncode}:\n{tail}")

    def stop(self, patience: float = 30.0) -> int:
        """SIGTERM and wait; SIGKILL when it does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


@contextlib.contextmanager
def children() -> Iterator[list[Child]]:
    """Processes started inside are stopped at the end, the last started first."""
    started: list[Child] = []
    try:
        yield started
    finally:
        for child in started:
            child.stop()
