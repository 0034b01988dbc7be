"""An SMSC that misbehaves on purpose: raw sockets, one thread a connection, and nothing of the gateway in it.

What one does is a subclass of EvilSmsc: `on_connect`, `on_bind`, `on_submit` and so on may do anything with the line.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x01, 0x02, 0x09
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK, DATA_SM = 0x04, 0x05, 0x06, 0x15, 0x103
OUTBIND, ALERT_NOTIFICATION, BROADCAST_SM, GENERIC_NACK = 0x0B, 0x102, 0x111, 0x80000000
RESP = 0x80000000
_ESTABLISHED = 1  # of TCP_INFO
BINDS = (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER)


class Pdu(NamedTuple):
    """A PDU as it came."""

    command: int
    status: int
    sequence: int
    body: bytes


def pdu(command: int, status: int = 0, sequence: int = 1, body: bytes = b"") -> bytes:
    """A PDU's octets."""
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag: int, value: bytes) -> bytes:
    """A TLV's octets."""
    return struct.pack(">HH", tag, len(value)) + value


def deliver(
    source: str,
    text: bytes,
    *,
    esm_class: int = 0x04,
    sequence: int = 1,
    tlvs: bytes = b"",
    data_coding: int = 0,
    command: int = DELIVER_SM,
) -> bytes:
    """A deliver_sm, or a data_sm with the text in message_payload."""
    addresses = b"\x01\x01" + source.encode() + b"\0" + b"\x05\0Shop\0"
    if command == DATA_SM:
        if text:
            tlvs += tlv(0x0424, text)
        return pdu(DATA_SM, 0, sequence, b"\0" + addresses + bytes((esm_class, 0, data_coding)) + tlvs)
    body = b"\0" + addresses + bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, data_coding, 0, len(text))) + text
    return pdu(DELIVER_SM, 0, sequence, body + tlvs)


def receipt_text(smsc_id: str | bytes, stat: str = "DELIVRD", err: str = "000") -> bytes:
    """The text of SMPP 3.4 appendix B."""
    found = smsc_id if isinstance(smsc_id, bytes) else smsc_id.encode()
    tail = f" sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:{stat} err:{err} text:"
    return b"id:" + found + tail.encode()


def destination(submit: Pdu) -> str:
    """The recipient of a submit_sm."""
    rest = submit.body.split(b"\0", 1)[1]  # behind service_type
    rest = rest[2:].split(b"\0", 1)[1]  # behind the source
    return rest[2:].split(b"\0", 1)[0].decode()


class Line:
    """One connection."""

    def __init__(self, smsc: EvilSmsc, sock: socket.socket, number: int) -> None:
        self.smsc = smsc
        self.sock = sock
        self.number = number
        self.got: list[Pdu] = []
        self._sequence = 0
        self._lock = threading.Lock()

    def next_sequence(self) -> int:
        """A sequence number of our own requests."""
        with self._lock:
            self._sequence += 1
            return self._sequence

    @property
    def established(self) -> bool:
        """Neither end has closed it, as the kernel sees it."""
        try:
            return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
        except OSError:
            return False

    def send(self, data: bytes) -> None:
        """Octets, whole; a peer that is gone is no error."""
        with contextlib.suppress(OSError):
            self.sock.sendall(data)

    def deliver(self, source: str, text: bytes, **more: int | bytes) -> None:
        """Send a deliver_sm or data_sm under the next sequence number."""
        self.send(deliver(source, text, sequence=self.next_sequence(), **more))  # type: ignore[arg-type]

    def close(self) -> None:
        """An orderly end."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self) -> None:
        """RST instead of FIN."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def read(self) -> Iterator[Pdu]:
        """PDUs until the end of the connection."""
        buffer = b""
        while not self.smsc.over:
            try:
                data = self.sock.recv(65536)
            except OSError:
                return
            if not data:
                return
            buffer += data
            while len(buffer) >= 16:
                length, command, status, sequence = struct.unpack_from(">IIII", buffer)
                if len(buffer) < length:
                    break
                found = Pdu(command, status, sequence, buffer[16:length])
                buffer = buffer[length:]
                self.got.append(found)
                yield found


class EvilSmsc:
    """Listens on a free port; as it stands it behaves: ids m1, m2, ... and a receipt for each at once."""

    def __init__(self) -> None:
        self.over = False
        self.lines: list[Line] = []
        self.times: list[float] = []  #: of connections, monotonic seconds
        self.most_open = 0  #: connections that were established at the same time
        self.submits: list[Pdu] = []
        self.answers: dict[int, int] = {}  #: status of a deliver_sm_resp or data_sm_resp -> how often
        self._lock = threading.Lock()
        self._ids = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        self.over = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self.lines:
            line.close()

    # ------------------------------------------------------------------ what a subclass changes
    def on_connect(self, line: Line) -> None:
        """A connection is there."""

    def on_bind(self, line: Line, bind: Pdu) -> None:
        """A bind came."""
        line.send(pdu(bind.command | RESP, 0, bind.sequence, b"evil\0"))

    def on_submit(self, line: Line, submit: Pdu) -> None:
        """A submit_sm came."""
        smsc_id = self.new_id()
        self.accept(line, submit, smsc_id)
        line.deliver(destination(submit), receipt_text(smsc_id))

    def on_other(self, line: Line, other: Pdu) -> None:
        """Anything else."""
        if other.command == ENQUIRE_LINK:
            line.send(pdu(ENQUIRE_LINK | RESP, 0, other.sequence))
        elif other.command == UNBIND:
            line.send(pdu(UNBIND | RESP, 0, other.sequence))
            line.close()

    # ------------------------------------------------------------------ tools
    def new_id(self) -> str:
        """The next message id."""
        with self._lock:
            self._ids += 1
            return f"m{self._ids}"

    def accept(self, line: Line, submit: Pdu, smsc_id: str | bytes, status: int = 0) -> None:
        """Answer a submit_sm."""
        found = smsc_id if isinstance(smsc_id, bytes) else smsc_id.encode()
        line.send(pdu(SUBMIT_SM | RESP, status, submit.sequence, found + b"\0"))

    def _accept(self) -> None:
        while not self.over:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line(self, sock, len(self.lines))
            with self._lock:
                self.lines.append(line)
                self.times.append(time.monotonic())
                self.most_open = max(self.most_open, sum(each.established for each in self.lines))
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: Line) -> None:
        try:
            self.on_connect(line)
            for found in line.read():
                if found.command in BINDS:
                    self.on_bind(line, found)
                elif found.command == SUBMIT_SM:
                    self.submits.append(found)
                    self.on_submit(line, found)
                else:
                    if found.command in (DELIVER_SM | RESP, DATA_SM | RESP):
                        with self._lock:
                            self.answers[found.status] = self.answers.get(found.status, 0) + 1
                    self.on_other(line, found)
        finally:
            line.close()
