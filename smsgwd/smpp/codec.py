"""Octets to PDU and back, driven by the tables; the hot PDUs go through fast.py first.

Requests are decoded strictly (PduError carries the precise status to answer with), responses leniently: a response
without body, with junk behind its NUL or on an error status always decodes. Composing is strict for all of them.
"""

from struct import Struct
from typing import Final

from smsgwd.smpp import fast
from smsgwd.smpp.constants import HEADER_LENGTH, RESPONSE_BIT
from smsgwd.smpp.errors import EncodeError, PduError
from smsgwd.smpp.fields import FieldError
from smsgwd.smpp.pdu import Pdu, UnknownPdu
from smsgwd.smpp.status import ESME_RINVCMDLEN
from smsgwd.smpp.tables import PDUS, PduSpec
from smsgwd.smpp.tlv import TlvStreamError, encode_tlvs, parse_tlvs

HEADER: Final = Struct(">IIII")
_unpack_header = HEADER.unpack_from
_fast_decode = fast.DECODERS.get
_fast_encode = fast.ENCODERS.get


def decode(frame: bytes) -> Pdu:
    """Decode one whole frame (what framing.Framer yields). Raises PduError for a malformed request."""
    if len(frame) < HEADER_LENGTH:
        raise PduError(ESME_RINVCMDLEN, 0, 0, f"{len(frame)} octets are no PDU")
    length, command_id, status, sequence = _unpack_header(frame)
    if length != len(frame):
        raise PduError(ESME_RINVCMDLEN, command_id, sequence, f"command_length {length} in a frame of {len(frame)}")
    return decode_body(frame, command_id, status, sequence)


def decode_body(frame: bytes, command_id: int, status: int, sequence: int) -> Pdu:
    """Decode a frame whose header the caller has read already. Raises PduError for a malformed request."""
    decoder = _fast_decode(command_id)
    if decoder is not None:
        pdu = decoder(frame, status, sequence)
        if pdu is not None:
            return pdu
    return decode_by_table(frame, command_id, status, sequence)


def decode_by_table(frame: bytes, command_id: int, status: int, sequence: int) -> Pdu:
    """Decode by the declarations alone: every PDU, every fault. fast.py must agree with it wherever it answers."""
    spec = PDUS.get(command_id)
    if spec is None:
        return UnknownPdu(command_id=command_id, sequence=sequence, status=status, body=frame[HEADER_LENGTH:])
    pdu = spec.cls(sequence=sequence, status=status)
    if spec.is_response:
        _fill_leniently(pdu, spec, frame)
        return pdu
    at = HEADER_LENGTH
    name = ""
    try:
        for name, kind in spec.fields:
            value, at = kind.decode(frame, at, True)
            setattr(pdu, name, value)
        name = "TLVs"
        if at < len(frame):
            pdu.tlvs = parse_tlvs(frame, at)
    except (FieldError, TlvStreamError) as fault:
        raise PduError(fault.command_status, command_id, sequence, f"{spec.name} {name}: {fault}") from None
    return pdu


def _fill_leniently(pdu: Pdu, spec: PduSpec, frame: bytes) -> None:
    at = HEADER_LENGTH
    try:
        for name, kind in spec.fields:
            if at >= len(frame):
                return
            value, at = kind.decode(frame, at, False)
            setattr(pdu, name, value)
        if at < len(frame):
            pdu.tlvs = parse_tlvs(frame, at)
    except FieldError:
        return
    except TlvStreamError as fault:
        pdu.tlvs = fault.parsed


def encode(pdu: Pdu) -> bytes:
    """Return a PDU's wire form. Raises EncodeError naming the field that cannot be composed."""
    encoder = _fast_encode(type(pdu))
    if encoder is not None:
        frame = encoder(pdu)
        if frame is not None:
            return frame
    return encode_by_table(pdu)


def encode_by_table(pdu: Pdu) -> bytes:
    """Compose by the declarations alone; a response with an error status and nothing to say has no body (s4.4.2)."""
    command_id = pdu.command_id
    if isinstance(pdu, UnknownPdu):
        body = pdu.body
    else:
        spec = PDUS[command_id]
        parts = [kind.encode(name, getattr(pdu, name)) for name, kind in spec.fields]
        body = b"".join(parts)
        if pdu.status and command_id & RESPONSE_BIT and not any(body):
            body = b""
    if pdu.tlvs:
        if not body and not isinstance(pdu, UnknownPdu):
            # TLVs cannot follow an absent body: the reader would take them for it.
            body = b"".join(kind.encode(name, getattr(pdu, name)) for name, kind in PDUS[command_id].fields)
        body += encode_tlvs(pdu.tlvs)
    if not 0 <= pdu.sequence <= 0xFFFFFFFF:
        raise EncodeError("sequence_number", f"{pdu.sequence} does not fit 32 bits")
    if not 0 <= pdu.status <= 0xFFFFFFFF:
        raise EncodeError("command_status", f"{pdu.status} does not fit 32 bits")
    return HEADER.pack(HEADER_LENGTH + len(body), command_id, pdu.status, pdu.sequence) + body
