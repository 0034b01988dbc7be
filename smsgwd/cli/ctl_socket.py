"""Asking the daemon over its admin socket; whatever goes wrong is a CtlError with the exit status of `smsgwctl`."""

from __future__ import annotations

import http.client
import json
import select
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import click

from smsgwd.cli.tables import harmless, progress
from smsgwd.model.operators import PROTOCOL_VERSION

DONE: Final = 0
FAILED: Final = 1  #: the daemon refused, or the command failed
WRONG_USE: Final = 2
NO_ANSWER: Final = 3  #: nobody answers on the socket
NOT_PERMITTED: Final = 4
FOUND: Final = 5  #: a check found something
INTERRUPTED: Final = 130

_TIMEOUT_S = 30.0
_CROWDED_S: Final = 0.05
_LOOK_EVERY_S = 1.0
_FORBIDDEN: Final = 403


class CtlError(click.ClickException):
    """What `smsgwctl` says on standard error before it ends with that status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        end = time.monotonic() + (self.timeout or _TIMEOUT_S)
        while True:
            try:
                return self.sock.connect(self._path)
            except BlockingIOError:  # so many connect at the moment that no more can wait (connect(2), EAGAIN)
                if time.monotonic() > end:
                    raise TimeoutError("timed out") from None
                time.sleep(_CROWDED_S)


class Daemon:
    """The daemon behind an admin socket. `timeout_s`: how long its silence is borne, seconds; 30 if not given."""

    def __init__(self, path: str, timeout_s: float | None = None) -> None:
        self.path = path
        self._timeout_s = timeout_s

    def commands(self) -> list[dict[str, Any]]:
        """What it offers. Raises CtlError."""
        found: list[dict[str, Any]] = self._ask("GET", "/commands")
        return found

    def call(self, noun: str, verb: str, params: Mapping[str, str], waiting: Callable[[], None] | None = None) -> Any:
        """Run a command; its answer as the daemon's JSON says it. Raises CtlError.

        With `waiting`, which is called every second, the answer is waited for as long as that does not raise.
        """
        target = f"/commands/{quote(noun, safe='')}/{quote(verb, safe='')}"
        return self._ask("POST", target, dict(params), waiting)

    def _ask(
        self, method: str, target: str, body: dict[str, str] | None = None, waiting: Callable[[], None] | None = None
    ) -> Any:
        connection = _UnixConnection(self.path, _TIMEOUT_S if self._timeout_s is None else self._timeout_s)
        try:
            payload = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, target, payload, headers)
            while waiting is not None and not select.select([connection.sock], [], [], _LOOK_EVERY_S)[0]:
                waiting()
            answer = connection.getresponse()
            data = answer.read()
            version = answer.getheader("X-Smsgwd-Protocol", "")
        except PermissionError:
            who = "its group may (admin.mode); `sudo`, or have yourself put into it"
            raise CtlError(f"you may not use the admin socket {self.path}: {who}", NOT_PERMITTED) from None
        except (OSError, http.client.HTTPException) as error:
            what = harmless((getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__)
            if isinstance(error, FileNotFoundError | ConnectionRefusedError):
                what += " (does the daemon run? --socket or SMSGWD_SOCKET names another socket)"
            raise CtlError(f"no answer on the admin socket {self.path}: {what}", NO_ANSWER) from None
        finally:
            connection.close()
        if version != str(PROTOCOL_VERSION):
            said = harmless(version or "unknown")
            raise CtlError(f"the daemon speaks protocol {said}, this is {PROTOCOL_VERSION}")
        try:
            result = json.loads(data)
        except (ValueError, RecursionError):
            raise CtlError(f"the daemon answered {answer.status} without JSON") from None
        if answer.status != 200:
            detail = result.get("detail") if isinstance(result, dict) else None
            told = harmless(str(detail or f"the daemon answered {answer.status}"), "\n")
            raise CtlError(told, NOT_PERMITTED if answer.status == _FORBIDDEN else FAILED)
        return result


class Waiting:
    """What is done while a command takes its time: the daemon is asked how far it is, and so whether it lives."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._shown = False

    def __call__(self) -> None:
        """Raises CtlError when the daemon does not answer any more."""
        try:
            store = self._daemon.call("store", "show", {})
        except CtlError as error:
            if error.status == NO_ANSWER:
                raise
            return  # it lives, and has a trouble with its store that the command will tell of
        if sys.stderr.isatty():
            work = "; ".join(f"{name} {progress(each)}" for name, each in store.get("upkeep", {}).items())
            click.echo(f"\r\x1b[K{harmless(work) or 'waiting'}", nl=False, err=True)
            self._shown = True

    def clear(self) -> None:
        """Leave the line empty for the answer."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._shown = False
