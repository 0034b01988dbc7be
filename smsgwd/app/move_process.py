"""The process that fills the other store (`cli/store_move.py`), as the gateway sees it: asked for a step at a time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred, fail

from smsgwd.store.copying.moving import NotMoved

if TYPE_CHECKING:
    from smsgwd.store.copying.copy import Told

_KILLED_S: Final = 1.0  # that a killed process takes to be gone, at most
COMMAND: Final = (sys.executable, "-m", "smsgwd.cli.store_move")
# systemd's words are for the daemon alone.
_NOT_INHERITED: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Assistant(Protocol):
    """Does the steps of a move elsewhere."""

    def ask(self, step: str) -> Deferred[int]:
        """Do one of the steps of `store.copying.moving.Move`; how many records were other. Fails with NotMoved."""

    def end(self) -> None:
        """End at once, whatever is under way: that fails. May be called again."""


class MoveProcess:
    """An Assistant in a process of its own, which runs from the beginning. It ends with this one."""

    def __init__(
        self, reactor: Any, directory: Path, told: Told, *, command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] = os.environ,
    ) -> None:  # fmt: skip
        """`told` hears of progress. Raises OSError."""
        self._reactor = reactor
        self._told = told
        self._asked: Deferred[int] | None = None
        self._over = ""  # why it can be asked no more
        self._process = subprocess.Popen(  # noqa: S603 -- a command of this package, no shell
            [*command, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in environment.items() if name not in _NOT_INHERITED},
        )
        self._thread = threading.Thread(target=self._listen, name="store-move", daemon=True)
        self._thread.start()

    def ask(self, step: str) -> Deferred[int]:
        """See Assistant."""
        if self._over or self._asked is not None:
            return fail(NotMoved(self._over or "the step before is not over"))
        asked: Deferred[int] = Deferred()
        self._asked = asked
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended: who listens says so
            self._process.stdin.write(f"{step}\n".encode())
            self._process.stdin.flush()
        return asked

    def end(self) -> None:
        """See Assistant."""
        self._over = self._over or "it was ended"
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # nobody else would, once this process is another program
            self._process.wait(_KILLED_S)
        self._ended(self._over)

    def _listen(self) -> None:
        """In a thread of its own: what it says, until it ends."""
        call: Callable[..., object] = self._reactor.callFromThread
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                call(self._heard, line)
        call(self._ended, f"the process that fills the other store ended with status {self._process.wait()}")

    def _heard(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # half a line, of one that was killed
        if "progress" in said:
            self._told(*said["progress"])
        elif "failed" in said:
            self._answer(NotMoved(said["failed"]))
        elif "done" in said:
            self._answer(said["done"])

    def _ended(self, why: str) -> None:
        self._over = self._over or why
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._answer(NotMoved(self._over))

    def _answer(self, answer: int | NotMoved) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            if isinstance(answer, NotMoved):
                self._over = self._over or str(answer)
        elif isinstance(answer, NotMoved):
            asked.errback(answer)
        else:
            asked.callback(answer)
