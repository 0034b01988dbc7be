"""A stand-in for the daemon: it offers commands, and answers what a test gives it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from smsgwd.cli.ctl import main
from smsgwd.model.operators import PROTOCOL_VERSION

VERSION = f"X-Smsgwd-Protocol: {PROTOCOL_VERSION}\r\n"


def parameter(name: str, required: bool = False, values: str = "", text: str = "") -> dict[str, Any]:
    return {"name": name, "text": text or f"The {name}", "required": required, "values": values}


def command(noun: str, verb: str, *parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A command as the daemon describes it."""
    whole = {"text": f"{verb} of {noun}", "changes": False, "long": False, "role": "read", "follow": False, "saves": ""}
    return {"noun": noun, "verb": verb, "examples": [], "parameters": list(parameters), **whole, **more}


COMMANDS = [
    command("status", "show"),
    command("store", "show", parameter("deep", values="yes")),
    command("store", "check", parameter("deep", values="yes"), parameter("file"), long=True),
    command("store", "backup", parameter("file", True), long=True, changes=True),
    command("connector", "list"),
    command("connector", "pause", parameter("connector", True, "connector"), parameter("reason"), changes=True),
    command("price", "import", parameter("name", True, "list"), parameter("csv", True), parameter("note")),
    command("optout", "add", parameter("tenant", True, "tenant"), parameter("number", True), parameter("opt_out")),
    command("log", "level", parameter("component"), parameter("level", True, "debug|info|error"), changes=True),
    command("audit", "list", parameter("noun", values="noun")),
    command("log", "tail", parameter("level", values="debug|info|error"), follow=True),
    command("pdu", "pcap", parameter("connector", True, "connector"), parameter("file", True), saves="file"),
]


def http(headers: str, body: str, status: str = "200 OK") -> bytes:
    octets = body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(octets)}\r\n{headers}\r\n".encode() + octets


def answer(data: Any, status: str = "200 OK") -> bytes:
    return http(VERSION, json.dumps(data), status)


#: Gives the octets of an answer to a command: noun/verb and its parameters; None closes without.
Answers = Callable[[str, dict[str, str]], bytes | None]


class Fake:
    """Answers on a unix socket, one connection after the other in threads; `asked` is what came, in order."""

    def __init__(self, path: Path, answers: Answers) -> None:
        self.path = str(path)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock: socket.socket) -> None:
        with sock:
            request = sock.makefile("rb")
            method, target, _ = request.readline().decode().split()
            length = 0
            while (line := request.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = request.read(length)
            if method == "GET" and target == "/commands":
                sock.sendall(answer(COMMANDS))
                return
            params = json.loads(body)
            self.asked.append((target.removeprefix("/commands/"), params))
            said = self._answers(self.asked[-1][0], params)
            if said is not None:
                with contextlib.suppress(OSError):  # who asked may have gone
                    sock.sendall(said)


@contextlib.contextmanager
def daemon(directory: Path, answers: Answers | Any = None) -> Iterator[Fake]:
    """A stand-in that gives these answers, or always that one as JSON."""
    said = answers if callable(answers) else lambda name, params: answer({} if answers is None else answers)
    fake = Fake(directory / "fake.sock", said)
    try:
        yield fake
    finally:
        fake.close()


@contextlib.contextmanager
def raw(directory: Path, octets: bytes) -> Iterator[str]:
    """Something on a socket that says the same whatever it is asked; its path."""
    path = str(directory / "raw.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(octets)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        thread.join(10)


def ctl(*words: str, **options: Any) -> Result:
    """Run `smsgwctl`."""
    return CliRunner().invoke(main, list(words), **options)
