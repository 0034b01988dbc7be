"""A lean SMSC, and scripted ones, in threads of their own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from smsgwd.simulator.lean_smsc import LeanSmsc
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.pdu import Pdu


class RunningSmsc:
    """`port` to connect to; `on_loop` runs a call between two turns, where its state is whole."""

    def __init__(self, **options: object) -> None:
        self.service = LeanSmsc(**options)  # type: ignore[arg-type]
        self.port = self.service.listen("127.0.0.1", 0)
        self._stop = threading.Event()
        self._calls: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def on_loop(self, call: Callable[[], None]) -> None:
        done = threading.Event()
        self._calls.append(lambda: (call(), done.set()))
        assert done.wait(5)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.service.turn()
            while self._calls:
                self._calls.pop()()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.service.close()


@pytest.fixture
def lean() -> Iterator[Callable[..., RunningSmsc]]:
    """Starts lean SMSCs; they are stopped at the end of the test."""
    running: list[RunningSmsc] = []

    def start(**options: object) -> RunningSmsc:
        running.append(RunningSmsc(**options))
        return running[-1]

    yield start
    for smsc in running:
        smsc.stop()


@pytest.fixture
def scripted_smsc() -> Iterator[Callable[[Callable[[Pdu], Pdu | bytes | None]], tuple[str, int]]]:
    """Starts servers that answer each PDU with what the script makes of it: a PDU, octets, or nothing.

    A script that raises EOFError hangs up.
    """
    servers: list[socket.socket] = []

    def start(script: Callable[[Pdu], Pdu | bytes | None]) -> tuple[str, int]:
        listening = socket.create_server(("127.0.0.1", 0))
        servers.append(listening)

        def serve() -> None:
            sock, _ = listening.accept()
            framer = Framer()
            with sock, contextlib.suppress(OSError, EOFError):
                while data := sock.recv(65536):
                    answers = [script(decode(frame)) for frame in framer.feed(data)]
                    octets = [encode(answer) if isinstance(answer, Pdu) else answer or b"" for answer in answers]
                    sock.sendall(b"".join(octets))

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()

    yield start
    for server in servers:
        server.close()
