"""The admin socket of a stand's gateway, asked as an operator would ask it."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any, Final

_TIMEOUT_S: Final = 120.0


class AdminError(ValueError):
    """A command was refused or not answered; the text says which and why."""


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket; a path may be longer than a socket's address allows, so it is gone to first."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """See HTTPConnection. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        folder = os.open(self._path.parent, os.O_PATH)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


class AdminClient:
    """Runs commands over one kept connection; blocks. Also a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _Connection(path)

    def __enter__(self) -> AdminClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, noun: str, verb: str, **params: str) -> Any:
        """What the gateway answers to `smsgwctl NOUN VERB NAME=VALUE ...`. Raises AdminError."""
        return self.send(noun, verb, json.dumps(params).encode())

    def send(self, noun: str, verb: str, body: bytes) -> Any:
        """The same, with the parameters as JSON already. Raises AdminError."""
        try:
            self._connection.request("POST", f"/commands/{noun}/{verb}", body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            self._connection.close()
            raise AdminError(f"{noun} {verb}: no answer on {self._path.name}: {problem}") from None
        try:
            found = json.loads(body)
        except ValueError:
            raise AdminError(f"{noun} {verb}: answered {answer.status} without JSON") from None
        if answer.status != 200:
            raise AdminError(
                f"{noun} {verb}: {found.get('detail', answer.status) if isinstance(found, dict) else found}"
            )
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
