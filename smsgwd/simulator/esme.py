"""A small blocking ESME for demonstrations, scripts and tests: one bind, one call a step, no reactor."""

from __future__ import annotations

import socket
import time
from collections import deque
from types import TracebackType
from typing import Literal

from smsgwd.smpp import constants as c
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.errors import PduError
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.status import status_name

Mode = Literal["transmitter", "receiver", "transceiver"]
_BINDS: dict[Mode, type[p.Bind]] = {
    "transmitter": p.BindTransmitter,
    "receiver": p.BindReceiver,
    "transceiver": p.BindTransceiver,
}


class EsmeError(Exception):
    """What the peer answered, or did not; the text says which step failed."""


class Esme:
    """One bind. deliver_sm and data_sm are acknowledged as they are read and kept in `delivered`."""

    def __init__(self, address: tuple[str, int], timeout_s: float = 10.0) -> None:
        """Connect. Raises EsmeError."""
        self.timeout_s = timeout_s
        self.delivered: deque[p.Pdu] = deque()
        self._answers: dict[int, p.Pdu] = {}
        self._framer = Framer()
        self._sequence = 0
        try:
            self._sock = socket.create_connection(address, timeout=timeout_s)
        except OSError as problem:
            raise EsmeError(f"no connection to {address[0]}:{address[1]}: {problem}") from None

    def __enter__(self) -> Esme:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def bind(self, system_id: str, password: str, mode: Mode = "transceiver", version: int = c.VERSION_3_4) -> p.Pdu:
        """Bind; returns the response. Raises EsmeError when it is refused."""
        request = _BINDS[mode](system_id=system_id.encode(), password=password.encode(), interface_version=version)
        return self._expect(request, f"bind_{mode} as {system_id}")

    def submit(self, dest: str, text: bytes, *, source: str = "iSMS", registered: int = 1, coding: int = 0) -> str:
        """Submit a text to an international number; returns the message id. Raises EsmeError when it is refused."""
        answer = self._expect(
            p.SubmitSm(
                source_addr_ton=c.Ton.INTERNATIONAL if source.isdigit() else c.Ton.ALPHANUMERIC,
                source_addr=source.encode(),
                dest_addr_ton=c.Ton.INTERNATIONAL,
                dest_addr_npi=1,
                destination_addr=dest.encode(),
                registered_delivery=registered,
                data_coding=coding,
                short_message=text,
            ),
            f"submit_sm to {dest}",
        )
        assert isinstance(answer, p.SubmitSmResp)
        return answer.message_id.decode("latin-1")

    def request(self, pdu: p.Pdu) -> p.Pdu:
        """Send any request and wait for its response, whatever its status. Raises EsmeError when none comes."""
        self._sequence += 1
        pdu.sequence = self._sequence
        self._send(pdu)
        end = time.monotonic() + self.timeout_s
        while pdu.sequence not in self._answers:
            self._read(end, f"no answer to {type(pdu).__name__}")
        return self._answers.pop(pdu.sequence)

    def next_delivery(self, timeout_s: float | None = None) -> p.Pdu:
        """The oldest deliver_sm or data_sm not taken yet; waits for one. Raises EsmeError when none comes."""
        end = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while not self.delivered:
            self._read(end, "nothing was delivered in time")
        return self.delivered.popleft()

    def unbind(self) -> None:
        """Unbind and close. Raises EsmeError when there is no answer."""
        self.request(p.Unbind())
        self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._sock.close()

    def _expect(self, pdu: p.Pdu, what: str) -> p.Pdu:
        answer = self.request(pdu)
        if answer.status:
            raise EsmeError(f"{what} was answered with {status_name(answer.status)}")
        return answer

    def _read(self, end: float, complaint: str) -> None:
        """Read once and sort what came."""
        left = end - time.monotonic()
        if left <= 0:
            raise EsmeError(complaint)
        self._sock.settimeout(left)
        try:
            data = self._sock.recv(65536)
        except TimeoutError:
            raise EsmeError(complaint) from None
        except OSError as problem:
            raise EsmeError(f"the connection broke: {problem}") from None
        if not data:
            raise EsmeError("the connection was closed by the peer")
        try:
            for frame in self._framer.feed(data):
                self._take(decode(frame))
        except PduError as fault:
            raise EsmeError(f"the peer sent a malformed PDU: {fault}") from None
        if self._framer.fault is not None:
            raise EsmeError(f"the peer sent no SMPP: {self._framer.fault}")

    def _take(self, pdu: p.Pdu) -> None:
        answer: p.Pdu
        if pdu.command_id & c.RESPONSE_BIT:
            self._answers[pdu.sequence] = pdu
            return
        if isinstance(pdu, p.DeliverSm):
            self.delivered.append(pdu)
            answer = p.DeliverSmResp(sequence=pdu.sequence)
        elif isinstance(pdu, p.DataSm):
            self.delivered.append(pdu)
            answer = p.DataSmResp(sequence=pdu.sequence)
        elif isinstance(pdu, p.EnquireLink):
            answer = p.EnquireLinkResp(sequence=pdu.sequence)
        elif isinstance(pdu, p.Unbind):
            answer = p.UnbindResp(sequence=pdu.sequence)
        else:
            return
        self._send(answer)

    def _send(self, pdu: p.Pdu) -> None:
        try:
            self._sock.sendall(encode(pdu))
        except OSError as problem:
            raise EsmeError(f"the connection broke: {problem}") from None
