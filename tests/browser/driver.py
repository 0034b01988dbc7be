"""The Node process that drives Chromium: `driver.mjs`, a line of JSON for each thing to do."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_SLACK_S = 30.0
"""What an answer may be late by: the driver gives up by itself, after its patience, on each thing that it waits for."""


class CannotStart(Exception):
    """There is no Node, its packages are not installed, or no Chromium starts; the text says which."""


class BrowserError(AssertionError):
    """What was asked of the page did not happen; the text has the page's URL."""


class Driver:
    """Started when it is made. Raises CannotStart."""

    def __init__(self, directory: Path, patience_s: float) -> None:
        node = shutil.which("node")
        if node is None:
            raise CannotStart("there is no `node` on PATH")
        if not (_HERE / "node_modules" / "playwright-core").is_dir():
            raise CannotStart("its npm packages are not installed: run `npm ci` in tests/browser (scripts/test does)")
        self._patience_s = patience_s
        self._number = 0
        self._read = b""
        self._log = directory / "driver.log"
        # Chromium writes a profile and caches; they go where the rest of the tests' files go.
        environment = os.environ | {"HOME": str(directory), "TMPDIR": str(directory)}
        with self._log.open("wb") as log:
            self._node = subprocess.Popen(
                [node, str(_HERE / "driver.mjs"), str(int(patience_s * 1000))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # a terminal's Ctrl-C is for pytest, which closes us
            )
        try:
            started = self._answer(0)
        except BrowserError as error:
            self.close()
            raise CannotStart(str(error)) from error
        self.chromium = f"{started['path']} {started['version']}"

    @property
    def pid(self) -> int:
        """Of the Node process, whose child Chromium is."""
        return self._node.pid

    @property
    def running(self) -> bool:
        """False once it has ended, as it does with its Chromium."""
        return self._node.poll() is None

    def ask(self, tab: str, what: str, **said: Any) -> Any:
        """Have a tab do it; what it found. Raises BrowserError."""
        self._number += 1
        line = json.dumps({"id": self._number, "tab": tab, "do": what, **said})
        assert self._node.stdin is not None
        try:
            self._node.stdin.write(line.encode() + b"\n")
            self._node.stdin.flush()
        except OSError as error:
            raise BrowserError(f"the driver has ended:\n{self._tail()}") from error
        return self._answer(self._number)

    def close(self) -> None:
        """End it and the browser. What does not end by itself is killed."""
        with contextlib.suppress(OSError):  # what it would not read any more
            self._node.stdin.close()  # type: ignore[union-attr]
        try:
            self._node.wait(10)
        except subprocess.TimeoutExpired:
            self._node.kill()  # Chromium ends with its pipe
            self._node.wait()
        self._node.stdout.close()  # type: ignore[union-attr]

    def _answer(self, number: int) -> Any:
        answer = json.loads(self._line())
        assert answer["id"] == number, answer
        if "error" in answer:
            raise BrowserError(answer["error"] + (f"\n  at {answer['url']}" if answer["url"] else ""))
        return answer["value"]

    def _line(self) -> bytes:
        assert self._node.stdout is not None
        end = time.monotonic() + self._patience_s + _SLACK_S
        while b"\n" not in self._read:
            ready, _, _ = select.select([self._node.stdout], [], [], max(0.0, end - time.monotonic()))
            octets = os.read(self._node.stdout.fileno(), 1 << 20) if ready else b""
            if not octets:
                if not ready:
                    self._node.kill()
                raise BrowserError(f"the driver {'has ended' if ready else 'hangs'}:\n{self._tail()}")
            self._read += octets
        line, _, self._read = self._read.partition(b"\n")
        return line

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]
