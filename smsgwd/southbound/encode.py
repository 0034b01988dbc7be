"""A message as submit_sm PDUs, the way one connector's SMSC wants them.

The same message gives the same parts with the same reference each time, so that a resend fits what a handset has
already. Rule for long messages: as many PDUs as `gsm.segments` cuts; what an ESME cut itself (`Wire.raw`) is one PDU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import DecodeError

from smsgwd.gsm import charset
from smsgwd.gsm.coding import FLASH, Encoding
from smsgwd.gsm.errors import GsmError
from smsgwd.gsm.segment import Segment, segments
from smsgwd.model.message import Coding, Message
from smsgwd.model.wire import ASKS_INTERMEDIATE, Wire, unpack_wire
from smsgwd.smpp.address import Address, destination_address, source_address
from smsgwd.smpp.composed import MessageTemplate
from smsgwd.smpp.constants import EsmClass, RegisteredDelivery
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.pdu import Pdu, SubmitSm
from smsgwd.smpp.tags import MESSAGE_PAYLOAD, SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS
from smsgwd.smpp.tlv import Tlvs
from smsgwd.southbound.raw import raw_body, raw_coding
from smsgwd.southbound.settings import Settings
from smsgwd.timespec.smpp_time import compose_absolute, compose_relative

_ENCODINGS: dict[Coding, Encoding] = {
    Coding.GSM7: "gsm7",
    Coding.LATIN1: "latin1",
    Coding.UCS2: "ucs2",
    Coding.BINARY: "binary",
}
_CODINGS = {Coding.GSM7: "gsm", Coding.LATIN1: "latin1", Coding.UCS2: "ucs2", Coding.BINARY: "binary"}
_SHORT_MESSAGE_MAX = 254  # SMPP 3.4 s5.2.22
_RELATIVE_MAX_S = 31 * 86_400
_MIX = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: spreads ids that differ in a few bits


_PLAIN = Wire()  # of a message that did not come from an ESME
_OURS = frozenset((MESSAGE_PAYLOAD, SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM))
_PASSED_ON = EsmClass.UDHI | EsmClass.REPLY_PATH | EsmClass.TYPE_MASK  # the mode is between an ESME and its SMSC


_SAME = b"\n\r !\"#%&'()*+,-./:;<=>?" + bytes((*range(ord("0"), 58), *range(ord("A"), 91), *range(ord("a"), 123)))
_PART = 160  # septets of a part without a header
_PART_OCTETS = 140
_TEMPLATES = 4096
_WIRE_KEPT = 256  # octets of a packed Wire, which an ESME's TLVs can make long

_Kind = tuple[str, bytes | None, Coding, int, bool, int]
_Template = tuple[Callable[[bytes, bytes, bytes, bytes, Tlvs], Pdu], bytes, Tlvs]


class CannotEncode(ValueError):  # noqa: N818 -- named after what happened to the message
    """The message cannot be put into PDUs for this connector; the text says why and holds nothing of the message."""


class Encoder:
    """Makes the PDUs of messages for one connector."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._source = lru_cache(maxsize=1024)(lambda text: source_address(text, settings.source))
        self._templates: dict[_Kind, _Template] = {}  # of parts without a header of ours
        self._met: set[int] = set()  # hashes of kinds met once
        self._single = charset.encode if settings.alphabet != "gsm-packed" else None

    def encode(self, message: Message, now_ms: int) -> list[SubmitSm]:
        """All PDUs of a message, by part; `now_ms` is wall clock, for the validity period. Raises CannotEncode."""
        try:
            wire = _PLAIN if message.wire is None else _wire(message.wire)
            source: Address = self._source(message.source_addr or message.source)
            destination = destination_address(_international(message), self._settings.destination)
            validity = _validity(message.deadline, now_ms)
            if wire.raw:
                return [self._raw(message, wire, source, destination, validity)]
            pieces = self._segments(message)
        except (GsmError, EncodeError, DecodeError) as error:
            raise CannotEncode(str(error)) from None
        every = self._settings.receipt_for_all_parts
        last = min(len(pieces), message.parts)  # PDUs beyond the parts that were priced ask for no receipt
        return [
            self._pdu(message, wire, piece, source, destination, validity, asks=at == last or (every and at < last))
            for at, piece in enumerate(pieces, 1)
        ]

    def compose(self, message: Message, now_ms: int) -> Sequence[Pdu]:
        """The same as `encode` in octets, one part at a fraction of the cost. Raises CannotEncode or EncodeError.

        What stands around a text of one part is that of the last one of its kind; only addresses, validity and the text
        itself are its own.
        """
        number = message.dest_addr or message.msisdn
        if message.parts != 1 or not (8 <= len(number) <= 15 and number.isascii() and number.isdigit()):
            return self.encode(message, now_ms)
        data = self._user_data(message)
        if data is None:
            return self.encode(message, now_ms)
        kind = (
            message.source_addr or message.source,
            message.wire,
            message.coding,
            message.priority,
            message.flash,
            message.asks & ASKS_INTERMEDIATE,
        )
        found = self._templates.get(kind)
        if found is None:
            return self._meet(kind, message, data, now_ms)
        compose, source, tlvs = found
        return (compose(source, number.encode("ascii"), _validity(message.deadline, now_ms), data, tlvs),)

    def _user_data(self, message: Message) -> bytes | None:
        """The octets of a part without a header, where that is all there is to it; None leaves it to `encode`."""
        body, coding = message.body, message.coding
        if coding is Coding.GSM7:
            if not body.translate(None, _SAME):
                return body if self._single is not None and len(body) <= _PART else None
            if self._single is None:
                return None
            try:
                data = self._single(body.decode("utf-8"), self._settings.alphabet)
            except GsmError:
                return None  # another encoding is to be found
            return data if len(data) <= _PART else None
        if coding is Coding.BINARY:
            whole = message.wire is not None and self._settings.alphabet == "gsm"  # else it may be recoded
            return body if whole and len(body) <= _SHORT_MESSAGE_MAX else None
        if 0 in body:
            return None
        try:
            data = body.decode("utf-8").encode("utf-16-be" if coding is Coding.UCS2 else "latin-1")
        except UnicodeEncodeError:
            return None
        return data if len(data) <= _PART_OCTETS else None

    def _meet(self, kind: _Kind, message: Message, data: bytes, now_ms: int) -> Sequence[Pdu]:
        """Encode a message in full; the second one of its kind leaves what the next ones can use.

        An ESME that numbers its messages makes each of them a kind of its own: those are not kept.
        """
        pdus = self.encode(message, now_ms)
        pdu = pdus[0]
        if message.wire is not None and message.coding is not Coding.BINARY and _wire(message.wire).raw:
            return pdus  # octets that are no text of this coding, though these look the same
        # SAR differs from part to part: what is kept of it would be of no use.
        if len(pdus) == 1 and pdu.short_message == data and not any(tag in _OURS for tag, _ in pdu.tlvs):
            met = hash(kind)
            if met not in self._met:
                if len(self._met) >= _TEMPLATES:
                    self._met.clear()
                self._met.add(met)
            elif message.wire is None or len(message.wire) <= _WIRE_KEPT:
                if len(self._templates) >= _TEMPLATES:
                    self._templates.clear()
                self._templates[kind] = (MessageTemplate(pdu).compose, pdu.source_addr, pdu.tlvs)
        return pdus

    def _segments(self, message: Message) -> list[Segment]:
        """The parts. A one-part message needs no planning."""
        settings = self._settings
        if message.parts == 1 and self._single is not None and message.coding is Coding.GSM7:
            try:
                body = self._single(message.text, settings.alphabet)
            except GsmError:
                pass  # the SMSC's alphabet lacks a character: `segments` finds another encoding
            else:
                value = FLASH["gsm7"] if message.flash else settings.data_codings["gsm7"]
                return [Segment(b"", body, value, 1, 1, 0, "gsm7")]
        binary = message.coding is Coding.BINARY
        return segments(
            message.body if binary else message.text,
            _CODINGS[message.coding],
            ref=reference(message.id),
            style=settings.long_messages,
            alphabet=settings.alphabet,
            flash=message.flash,
            data_codings=settings.data_codings,
        )

    def _pdu(
        self,
        message: Message,
        wire: Wire,
        piece: Segment,
        source: Address,
        destination: Address,
        validity: bytes,
        *,
        asks: bool,
    ) -> SubmitSm:
        settings = self._settings
        data = piece.udh + piece.body if piece.udh else piece.body
        tlvs: Tlvs = ()
        if wire.tlvs:
            tlvs = tuple(tlv for tlv in wire.tlvs if tlv[0] not in _OURS)
        if piece.total > 1 and settings.long_messages == "sar":
            tlvs = (
                *tlvs,
                (SAR_MSG_REF_NUM, piece.ref.to_bytes(2, "big")),
                (SAR_TOTAL_SEGMENTS, bytes((piece.total,))),
                (SAR_SEGMENT_SEQNUM, bytes((piece.seq,))),
            )
        if len(data) > _SHORT_MESSAGE_MAX or (settings.long_messages == "payload" and message.parts > 1):
            tlvs = (*tlvs, (MESSAGE_PAYLOAD, data))
            data = b""
        registered = RegisteredDelivery.FINAL if asks else RegisteredDelivery.NONE
        pdu = self._bare(message, wire, source, destination, validity, registered)
        if piece.udh:
            pdu.esm_class = EsmClass.UDHI
        pdu.data_coding = piece.data_coding
        pdu.short_message = data
        pdu.tlvs = tlvs
        return pdu

    def _raw(self, message: Message, wire: Wire, source: Address, destination: Address, validity: bytes) -> SubmitSm:
        """What an ESME cut and coded itself, as it stands."""
        pdu = self._bare(message, wire, source, destination, validity, RegisteredDelivery.FINAL)
        data = raw_body(message.body, wire, self._settings)
        tlvs = tuple(tlv for tlv in wire.tlvs if tlv[0] != MESSAGE_PAYLOAD)
        if len(data) > _SHORT_MESSAGE_MAX:
            tlvs = (*tlvs, (MESSAGE_PAYLOAD, data))
            data = b""
        pdu.esm_class = wire.esm_class & _PASSED_ON
        pdu.data_coding = raw_coding(wire, self._settings)
        pdu.short_message = data
        pdu.tlvs = tlvs
        return pdu

    def _bare(
        self,
        message: Message,
        wire: Wire,
        source: Address,
        destination: Address,
        validity: bytes,
        registered: int,
    ) -> SubmitSm:
        """What all PDUs of a message share. A receipt is asked for our own books, whatever the tenant wants."""
        settings = self._settings
        if registered and message.asks & ASKS_INTERMEDIATE:
            registered |= RegisteredDelivery.INTERMEDIATE
        return SubmitSm(
            service_type=wire.service_type.encode("latin-1") or settings.service_type,
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.addr,
            dest_addr_ton=destination.ton,
            dest_addr_npi=destination.npi,
            destination_addr=destination.addr,
            protocol_id=wire.protocol_id or settings.protocol_id,
            priority_flag=message.priority,
            validity_period=validity,
            registered_delivery=registered,
        )


def _wire(packed: bytes) -> Wire:
    return _unpacked(packed) if len(packed) <= _WIRE_KEPT else unpack_wire(packed)


@lru_cache(maxsize=1024)  # what the messages of one ESME say is nearly always the same
def _unpacked(packed: bytes) -> Wire:
    return unpack_wire(packed)


def reference(message_id: int) -> int:
    """The 16-bit concatenation reference of a message: always the same, and different for messages one after another.

    Its low octet serves as 8-bit reference.
    """
    return (message_id * _MIX >> 40) & 0xFFFF


def _international(message: Message) -> str:
    """The recipient as the address rules see it: digits with the country code first."""
    return message.dest_addr or message.msisdn


def _validity(deadline_ms: int, now_ms: int) -> bytes:
    """validity_period: what is left of the validity, relative (SMPP 3.4 s7.1.1), absolute beyond 31 days."""
    seconds = max(1, -(-(deadline_ms - now_ms) // 1000))
    if seconds > _RELATIVE_MAX_S:
        return compose_absolute(datetime.fromtimestamp(deadline_ms / 1000, UTC)).encode("ascii")
    return _relative(seconds)


@lru_cache(maxsize=4096)
def _relative(seconds: int) -> bytes:
    return compose_relative(timedelta(seconds=seconds)).encode("ascii")
