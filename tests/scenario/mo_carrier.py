"""A carrier that sends subscribers' messages as a test says, cut by its own coding, and keeps what it is answered."""

from __future__ import annotations

import struct
import threading

from tests.scenario.harness import wait
from tests.southbound.evil_smsc import DELIVER_SM, RESP, EvilSmsc, Line, Pdu, pdu, tlv

UDHI = 0x40
UCS2 = 8


class Piece:
    """One deliver_sm to be sent."""

    def __init__(self, text: bytes, *, esm_class: int = 0, coding: int = 0, tlvs: bytes = b"") -> None:
        self.text = text
        self.esm_class = esm_class
        self.coding = coding
        self.tlvs = tlvs


def plain(text: str) -> Piece:
    """A text of ASCII letters in one piece."""
    return Piece(text.encode("ascii"))


def cut(text: str, style: str, ref: int, most: int = 66) -> list[Piece]:
    """A text in UCS-2, in pieces of `most` characters: `udh8`, `udh16` or `sar` tells them apart."""
    bodies = [text[at : at + most].encode("utf-16-be") for at in range(0, len(text), most)]
    total = len(bodies)
    pieces = []
    for seq, body in enumerate(bodies, 1):
        if style == "sar":
            tlvs = tlv(0x020C, struct.pack(">H", ref)) + tlv(0x020E, bytes((total,))) + tlv(0x020F, bytes((seq,)))
            pieces.append(Piece(body, coding=UCS2, tlvs=tlvs))
            continue
        # other elements stand in front: a language (0x25) and, with 16 bits, ports (0x05)
        if style == "udh8":
            elements = b"\x25\x01\x00" + bytes((0, 3, ref & 0xFF, total, seq))
        else:
            elements = b"\x05\x04\x0b\x84\x00\x00" + b"\x08\x04" + struct.pack(">H", ref) + bytes((total, seq))
        header = bytes((len(elements),)) + elements
        pieces.append(Piece(header + body, esm_class=UDHI, coding=UCS2))
    return pieces


class MoCarrier(EvilSmsc):
    """Takes binds; `say` sends a deliver_sm on the newest one."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[int, int], int] = {}  #: command_status of the answer, by line and sequence
        self._bound: list[Line] = []
        self._condition = threading.Condition()

    def on_bind(self, line: Line, bind: Pdu) -> None:
        """Answer it, and remember the line."""
        super().on_bind(line, bind)
        self._bound.append(line)

    def on_other(self, line: Line, other: Pdu) -> None:
        """Keep the status of an answer."""
        if other.command == DELIVER_SM | RESP:
            self.said[line.number, other.sequence] = other.status
        super().on_other(line, other)

    def wait_bound(self, count: int = 1) -> None:
        """Until so many binds were made since the start."""
        wait(f"{count} binds", lambda: len(self._bound) >= count)

    def say(self, source: str, to: str, piece: Piece, bind: int = -1) -> tuple[int, int]:
        """Send a deliver_sm (SMPP 3.4 s4.6.1); the key of its answer in `said`."""
        line = self._bound[bind]
        sequence = line.next_sequence()
        addresses = b"\1\1" + source.encode() + b"\0" + b"\0\1" + to.encode() + b"\0"
        body = b"\0" + addresses + bytes((piece.esm_class, 0, 0)) + b"\0\0"
        body += bytes((0, 0, piece.coding, 0, len(piece.text))) + piece.text + piece.tlvs
        line.send(pdu(DELIVER_SM, 0, sequence, body))
        return line.number, sequence

    def tell(self, source: str, to: str, piece: Piece, bind: int = -1) -> int:
        """As `say`; waits for the answer and returns its command_status."""
        key = self.say(source, to, piece, bind)
        wait("an answer to a deliver_sm", lambda: key in self.said)
        return self.said[key]
