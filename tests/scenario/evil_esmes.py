"""Hostile PDUs: valid ones of every command, and what becomes of them. Drawn from a seed, so that a failure repeats."""

from __future__ import annotations

import random
import struct

from tests.scenario.esme import (
    ALERT_NOTIFICATION,
    BIND_RECEIVER,
    BIND_TRANSCEIVER,
    BIND_TRANSMITTER,
    CANCEL_SM,
    DATA_SM,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    OUTBIND,
    QUERY_SM,
    REPLACE_SM,
    RESPONSE,
    SUBMIT_MULTI,
    SUBMIT_SM,
    UNBIND,
    bind_body,
    packed,
)

COMMANDS = (
    SUBMIT_SM, SUBMIT_SM, SUBMIT_SM, DATA_SM, SUBMIT_MULTI, QUERY_SM, CANCEL_SM, REPLACE_SM, ENQUIRE_LINK,
    BIND_TRANSCEIVER, BIND_TRANSMITTER, BIND_RECEIVER, UNBIND, DELIVER_SM, ALERT_NOTIFICATION, OUTBIND,
    DELIVER_SM | RESPONSE, SUBMIT_SM | RESPONSE, ENQUIRE_LINK | RESPONSE, GENERIC_NACK, UNBIND | RESPONSE,
)  # fmt: skip
_TAGS = (0x0005, 0x001E, 0x0030, 0x0204, 0x020A, 0x020C, 0x020E, 0x020F, 0x0381, 0x0423, 0x0424, 0x0427, 0x0501, 0x1400)
_TIMES = ("", "000000000100000R", "991231235959948+", "261121184512004+", "00000000000000R", "xxxxxxxxxxxxxxxx", "1")


class Evil:
    """Makes PDUs. Nothing it makes has a good password other than those asked for."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._sane = False

    def valid(self, command: int, sequence: int) -> bytes:
        """A PDU with every field in its place; in every other one values are drawn also from what is not allowed."""
        self._sane = self.random.random() < 0.5
        return packed(command, self._body(command), sequence, self.random.choice((0, 0, 0, 1, 0x58, 0xFFFFFFFF)))

    def in_frame(self, sequence: int, but: tuple[int, ...] = ()) -> bytes:
        """A PDU whose command_length is right, mutated inside."""
        draw = self.random
        command = draw.choice([command for command in COMMANDS if command not in but])
        pdu = bytearray(self.valid(command, sequence))
        for _ in range(draw.choice((0, 0, 1, 1, 1, 2, 5))):
            kind = draw.randrange(7)
            if kind == 0 and len(pdu) > 16:  # an octet becomes another
                pdu[draw.randrange(16, len(pdu))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
            elif kind == 1 and len(pdu) > 16:  # the end is missing
                del pdu[draw.randrange(16, len(pdu)) :]
            elif kind == 2:  # a TLV of any size, or one that claims more than there is
                pdu += self._tlv(honest=draw.random() < 0.5)
            elif kind == 3 and len(pdu) > 16:  # a C-octet string without its end
                at = pdu.find(0, 16)
                if at >= 0:
                    pdu[at : at + 1] = b"A" * draw.choice((1, 30, 300))
            elif kind == 4:  # no command of anyone's
                pdu[4:8] = struct.pack(">I", self._unknown(but))
            elif kind == 5:  # a sequence_number that is reserved, or somebody else's
                pdu[12:16] = struct.pack(">I", draw.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
            elif kind == 6:  # octets behind the end
                pdu += draw.randbytes(draw.choice((1, 3, 40)))
        pdu[0:4] = struct.pack(">I", len(pdu))
        return bytes(pdu)

    def out_of_frame(self, sequence: int) -> bytes:
        """A PDU whose command_length is wrong, or that is no PDU."""
        draw = self.random
        kind = draw.randrange(6)
        pdu = self.in_frame(sequence)
        if kind == 0:
            lengths = (0, 1, 4, 15, 16, len(pdu) - 1, len(pdu) + 1, 65_535, 65_537, 0x7FFFFFFF, 0xFFFFFFFF)
            return struct.pack(">I", draw.choice(lengths)) + pdu[4:]
        if kind == 1:
            return pdu[: draw.randrange(1, len(pdu))]
        if kind == 2:
            return pdu[draw.randrange(1, len(pdu)) :]
        if kind == 3:
            return draw.randbytes(draw.randrange(1, 200))
        if kind == 4:
            return draw.choice((b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\0" * 300))
        return struct.pack(">IIII", draw.choice((60_000, 65_536)), SUBMIT_SM, 0, sequence) + b"A" * 200

    def _body(self, command: int) -> bytes:
        draw = self.random
        if command in (BIND_TRANSCEIVER, BIND_TRANSMITTER, BIND_RECEIVER):
            return bind_body(self._word(15), self._word(8), draw.choice((0, 0x33, 0x34, 0x50, 0xFF)))
        if command in (SUBMIT_SM, DELIVER_SM):
            return self._message(self._address() + self._address())
        if command == SUBMIT_MULTI:
            count = draw.choice((0, 1, 3, 254))
            dests = b"".join(
                b"\1" + self._address() if draw.random() < 0.9 else b"\2" + self._word(20).encode() + b"\0"
                for _ in range(draw.choice((count, count, 2)))
            )
            return self._message(self._address() + bytes((count,)) + dests)
        if command == DATA_SM:
            head = b"\0" + self._address() + self._address() + bytes((self._octet(), self._octet(), self._octet()))
            return head + self._tlvs(0x0424)
        if command in (QUERY_SM, CANCEL_SM, REPLACE_SM):
            head = (b"\0" if command == CANCEL_SM else b"") + self._id() + self._address()
            if command == CANCEL_SM:
                return head + self._address()
            if command == REPLACE_SM:
                text = self._text()
                return head + self._time() + self._time() + bytes((self._octet(), 0, len(text))) + text
            return head
        if command == ALERT_NOTIFICATION:
            return self._address() + self._address() + self._tlvs()
        if command == OUTBIND:
            return self._word(15).encode() + b"\0" + self._word(8).encode() + b"\0"
        if command in (DELIVER_SM | RESPONSE, SUBMIT_SM | RESPONSE):
            return draw.choice((b"", b"\0", self._id()))
        return b""

    def _message(self, addresses: bytes) -> bytes:
        text = self._text()
        flags = bytes((self._octet(), self._octet(), self.random.choice((0, 1, 3) if self._sane else (0, 1, 3, 9))))
        times = self._time() + self._time()
        coding = self.random.choice((0, 1, 3, 4, 8, 0x11, 0xF1, 0xFF))
        asks = self.random.choice((0, 1, 2, 0x11)) if self._sane else self._octet()
        end = bytes((asks, self._octet(), coding, self._octet(), len(text)))
        return b"\0" + addresses + flags + times + end + text + self._tlvs()

    def _tlvs(self, *tags: int) -> bytes:
        more = self.random.choices(_TAGS, k=self.random.choice((0, 0, 1, 3)))
        return b"".join(self._tlv(tag) for tag in (*tags, *more))

    def _tlv(self, tag: int | None = None, honest: bool = True) -> bytes:
        draw = self.random
        value = draw.randbytes(draw.choice((0, 1, 1, 2, 4, 20, 140, 1500 if tag == 0x0424 else 5)))
        length = len(value) if honest else draw.choice((len(value) + 1, 0xFFFF, 0x8000))
        return struct.pack(">HH", draw.choice(_TAGS) if tag is None else tag, length) + value

    def _address(self) -> bytes:
        draw = self.random
        if self._sane or draw.random() < 0.6:
            return b"\1\1" + b"30690" + self._digits(7).encode() + b"\0"
        number = draw.choice(
            ("306912345678", "Shop", "", "+3069", "12a", "\xff\xfe", "3" * 21, "30690" + self._digits(7))
        )
        return bytes((draw.choice((0, 1, 5, 0xFF)), draw.choice((0, 1, 9, 0xFF)))) + number.encode("latin-1") + b"\0"

    def _text(self) -> bytes:
        draw = self.random
        size = draw.choice((1, 20, 140) if self._sane else (0, 1, 20, 140, 160, 254, 255))
        return draw.choice((b"x" * size, draw.randbytes(size), (b"\x05\0\x03\x07\x02\x01" + b"x" * 249)[:size]))

    def _time(self) -> bytes:
        return (b"" if self._sane or self.random.random() < 0.6 else self.random.choice(_TIMES).encode()) + b"\0"

    def _id(self) -> bytes:
        return self.random.choice(("", "1", self._digits(19), "9" * 64, "id", "0x12", "\x01")).encode() + b"\0"

    def _word(self, longest: int) -> str:
        return "".join(self.random.choices("abcdefgh0123456789-", k=self.random.randrange(longest + 1)))

    def _digits(self, count: int) -> str:
        return "".join(self.random.choices("0123456789", k=count))

    def _octet(self) -> int:
        draw = self.random
        return (
            0
            if self._sane or draw.random() < 0.7
            else draw.choice((1, 3, 4, 0x11, 0x40, 0x80, 0xFF, draw.randrange(256)))
        )

    def _unknown(self, but: tuple[int, ...]) -> int:
        while True:
            command = self.random.choice((0, 0x0A, 0x22, 0x111, 0x112, 0x113, 0x80000099, self.random.getrandbits(32)))
            if command not in but:
                return command
