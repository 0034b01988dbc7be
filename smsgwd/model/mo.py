"""A message of a subscriber (mobile originated), as it came from an SMSC."""

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


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Mo)


def pack_mo(mo: Mo) -> bytes:
    """The form kept in the outbox."""
    return _encoder.encode(mo)


def unpack_mo(packed: bytes) -> Mo:
    """What `pack_mo` was given; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(packed)
