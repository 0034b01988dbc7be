"""An ESME on a plain socket, that shares no code with the gateway, and one that submits steadily beside a test."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.scenario.client import PATIENCE_S

GENERIC_NACK = 0x80000000
BIND_RECEIVER, BIND_TRANSMITTER, QUERY_SM, SUBMIT_SM, DELIVER_SM, UNBIND = 1, 2, 3, 4, 5, 6
REPLACE_SM, CANCEL_SM, BIND_TRANSCEIVER, OUTBIND, ENQUIRE_LINK = 7, 8, 9, 11, 21
SUBMIT_MULTI, ALERT_NOTIFICATION, DATA_SM = 0x21, 0x102, 0x103
RESPONSE = 0x80000000


class Pdu(NamedTuple):
    """One PDU as it came."""

    command: int
    status: int
    sequence: int
    body: bytes


def packed(command: int, body: bytes = b"", sequence: int = 1, status: int = 0) -> bytes:
    """A PDU with a right command_length (SMPP 3.4 s3.2)."""
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def bind_body(system_id: str, password: str, version: int = 0x34) -> bytes:
    """The body of a bind (s4.1)."""
    return system_id.encode() + b"\0" + password.encode() + b"\0" + b"\0" + bytes((version, 0, 0)) + b"\0"


def submit_body(dest: str, text: bytes, *, source: str = "Shop", registered: int = 1, coding: int = 0) -> bytes:
    """The body of a submit_sm (s4.4.1)."""
    return (
        (b"\0\5\0" + source.encode() + b"\0\1\1" + dest.encode() + b"\0" + bytes((0, 0, 0)) + b"\0\0")
        + bytes((registered, 0, coding, 0, len(text)))
        + text
    )


class Closed(Exception):
    """The peer has closed the connection."""


class Esme:
    """A connection. Deliveries and probes that come while it waits for something are answered and kept."""

    def __init__(
        self,
        port: int,
        *,
        source: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Connect. Raises OSError, ssl.SSLError."""
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            sock.settimeout(patience_s)
            sock.bind((source, 0))
            sock.connect(("127.0.0.1", port))
            self.sock = sock if tls is None else tls.wrap_socket(sock, server_hostname="localhost")
        except BaseException:
            sock.close()
            raise
        self.patience_s = patience_s
        self.receipts: list[str] = []  #: message ids, in the order of arrival
        self.sequence = 0
        self._octets = b""

    def write(self, octets: bytes) -> None:
        """Send octets as they are. Raises OSError."""
        self.sock.sendall(octets)

    def send(self, command: int, body: bytes = b"") -> int:
        """Send a request; its sequence_number."""
        self.sequence += 1
        self.write(packed(command, body, self.sequence))
        return self.sequence

    def read(self, patience_s: float | None = None) -> Pdu:
        """The next PDU. Raises TimeoutError, Closed."""
        end = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        while True:
            if len(self._octets) >= 16:
                length, command, status, sequence = struct.unpack_from(">IIII", self._octets)
                if len(self._octets) >= length:
                    pdu, self._octets = self._octets[:length], self._octets[length:]
                    return Pdu(command, status, sequence, pdu[16:])
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            try:
                octets = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLEOFError):
                raise Closed from None
            if not octets:
                raise Closed
            self._octets += octets

    def answer(self, pdu: Pdu) -> bool:
        """Answer a delivery or a probe and keep the id of a receipt; False for anything else."""
        if pdu.command == DELIVER_SM:
            found = re.search(rb"id:(\d+) ", pdu.body)
            if found is not None:
                self.receipts.append(found.group(1).decode())
            self.write(packed(DELIVER_SM | RESPONSE, b"\0", pdu.sequence))
        elif pdu.command == ENQUIRE_LINK:
            self.write(packed(ENQUIRE_LINK | RESPONSE, b"", pdu.sequence))
        else:
            return False
        return True

    def ask(self, command: int, body: bytes = b"") -> Pdu:
        """Send a request and wait for what has its sequence_number and is a response. Raises TimeoutError, Closed."""
        sequence = self.send(command, body)
        end = time.monotonic() + self.patience_s
        while True:
            pdu = self.read(max(0.001, end - time.monotonic()))
            if pdu.command & RESPONSE and pdu.sequence == sequence:
                return pdu
            self.answer(pdu)

    def bind(
        self, system_id: str = "esme", password: str = "s3cr3t-1", command: int = BIND_TRANSCEIVER, version: int = 0x34
    ) -> int:
        """Bind; the command_status."""
        answer = self.ask(command, bind_body(system_id, password, version))
        assert answer.command == command | RESPONSE
        return answer.status

    def submit(self, dest: str = "306900000000", text: bytes = b"Hello", registered: int = 1) -> tuple[int, str]:
        """submit_sm: the command_status and the id."""
        answer = self.ask(SUBMIT_SM, submit_body(dest, text, registered=registered))
        return answer.status, answer.body.rstrip(b"\0").decode()

    def probe(self) -> int:
        """enquire_link: the command_status."""
        return self.ask(ENQUIRE_LINK).status

    def pump(self, seconds: float) -> None:
        """Answer what comes within that time."""
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while time.monotonic() < end:
                self.answer(self.read(max(0.001, end - time.monotonic())))

    def wait_closed(self, patience_s: float | None = None) -> list[Pdu]:
        """What still comes until the peer closes. Raises TimeoutError when it does not."""
        found = []
        end = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        with contextlib.suppress(Closed):
            while True:
                found.append(self.read(max(0.001, end - time.monotonic())))
        return found

    def unbind(self) -> int:
        """unbind, and close; the command_status."""
        status = self.ask(UNBIND).status
        self.close()
        return status

    def close(self) -> None:
        """Close without a word."""
        self.sock.close()


class Steady(threading.Thread):
    """A bind that submits one message after the other, with a short breath between, and takes their receipts.

    A context manager: at its end it waits for the last receipts and raises what went wrong.
    """

    def __init__(self, connect: Callable[[], Esme], breath_s: float = 0.02, slowest_s: float = 5.0) -> None:
        """`connect` gives a bound ESME; no answer may take longer than `slowest_s`."""
        super().__init__(daemon=True)
        self._esme = connect()
        self._breath_s = breath_s
        self._limit_s = slowest_s
        self._done = threading.Event()
        self._wrong: BaseException | None = None
        self.ids: list[str] = []
        self.waits: list[float] = []  #: seconds from each submit to its answer

    def run(self) -> None:
        try:
            while not self._done.is_set():
                begun = time.monotonic()
                status, message_id = self._esme.submit(f"30691{len(self.ids):07d}")
                self.waits.append(time.monotonic() - begun)
                assert status == 0, f"submit_sm was answered with {status:#x}"
                self.ids.append(message_id)
                self._esme.pump(self._breath_s)
            end = time.monotonic() + PATIENCE_S
            while time.monotonic() < end and not set(self._esme.receipts) >= set(self.ids):
                self._esme.pump(0.05)
            assert self._esme.unbind() == 0
        except BaseException as problem:
            self._wrong = problem

    def __enter__(self) -> Steady:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done.set()
        self.join(2 * PATIENCE_S)
        self._esme.close()
        if kind is None:
            self.check()

    def check(self) -> None:
        """Everything was answered well and in time, and every receipt came once."""
        assert not self.is_alive(), "the steady ESME hangs"
        if self._wrong is not None:
            raise AssertionError(f"the steady ESME failed after {len(self.ids)} messages") from self._wrong
        assert len(self.ids) == len(set(self.ids)) > 0
        assert sorted(self._esme.receipts) == sorted(self.ids)
        assert max(self.waits) < self._limit_s, f"an answer took {max(self.waits):.1f} s"
