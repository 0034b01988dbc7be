"""A message of a subscriber (mobile originated), as it came from an SMSC."""

from typing import NamedTuple

import msgspec


class Mo(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One deliver_sm or data_sm that is no receipt; `body` is its user data, header included. Times: ms since 1970."""

    connector: str
    received_at: int
    source: str
    dest: str
    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 0
    dest_npi: int = 0
    service_type: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    data_coding: int = 0
    body: bytes = b""
    tlvs: tuple[tuple[int, bytes], ...] = ()


class MoSetKey(NamedTuple):
    """What the parts of one subscriber's message have in common (3GPP TS 23.040 s9.2.3.24.1; SMPP 3.4 s5.3.2.22)."""

    group: str  #: SMSC account group: parts may come over any of its binds
    source: str
    dest: str
    ref: int
    total: int
    width: int  #: 8 or 16 bits of a concatenation header; 0 = SAR TLVs


class MoMessage(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A subscriber's whole message as tenants get it at a URL. Times: ms since 1970, UTC."""

    connector: str
    received_at: int
    source: str
    dest: str
    text: str | None  #: None for a binary one
    data: bytes = b""  #: the user data without headers
    data_coding: int = 0
    parts: int = 1  #: as its header says
    missing: int = 0  #: parts that never came
    keyword: str = ""  #: the word that chose the route
    style: str = "native"  #: how it is pushed: native, ardary
    zone: str = "UTC"  #: of the tenant, for styles whose dates name none
    parameter: str = ""  #: of the query, for styles that tell it there; '' = the style's own


class MoSet(msgspec.Struct, frozen=True, gc=False):
    """The parts of a subscriber's message that are kept, by number."""

    key: MoSetKey
    parts: dict[int, Mo]
    oldest: int  #: when the first of them came


_encoder = msgspec.msgpack.Encoder()
_message_decoder = msgspec.msgpack.Decoder(MoMessage)
_decoder = msgspec.msgpack.Decoder(Mo)


def pack_mo(mo: Mo) -> bytes:
    """The form kept in the outbox."""
    return _encoder.encode(mo)


def unpack_mo(packed: bytes) -> Mo:
    """What `pack_mo` was given; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(packed)


def pack_mo_message(message: MoMessage) -> bytes:
    """The form kept in the outbox for a URL."""
    return _encoder.encode(message)


def unpack_mo_message(packed: bytes) -> MoMessage:
    """What `pack_mo_message` was given; raises msgspec.DecodeError for anything else."""
    return _message_decoder.decode(packed)
