"""What an ESME said of a message beyond its text, sender and recipient: kept with it, for the SMSC and the receipt."""

from typing import Final

import msgspec

#: registered_delivery (SMPP 3.4 s5.2.17, 5.0 s4.7.21), as `Message.asks` keeps it.
ASKS_FINAL: Final = 0x01
ASKS_FAILURE: Final = 0x02
ASKS_SUCCESS: Final = 0x03
ASKS_WHICH: Final = 0x03
ASKS_INTERMEDIATE: Final = 0x10


class Wire(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Fields of a submit_sm or data_sm as the ESME wrote them.

    With `raw` the message's body is the user data itself, header included, and goes to the SMSC unchanged with
    `esm_class`, `data_coding` and `tlvs`; without, the body is text that each connector encodes in its own way.
    """

    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 0
    dest_npi: int = 0
    service_type: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    data_coding: int = 0
    raw: bool = False
    tlvs: tuple[tuple[int, bytes], ...] = ()  #: those that mean something to the SMSC or in the receipt


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Wire)


def pack_wire(wire: Wire) -> bytes:
    """The form kept in `Message.wire` and in the store."""
    return _encoder.encode(wire)


def unpack_wire(packed: bytes) -> Wire:
    """What `pack_wire` was given; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(packed)
