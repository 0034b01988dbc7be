"""Octets that an ESME wants passed on as they stand: one part, as large as one part is."""

from typing import Final

from smsgwd.gsm.coding import decode_text, describe
from smsgwd.gsm.errors import MalformedUdh
from smsgwd.gsm.udh import parse
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.smpp.tags import SAR_MSG_REF_NUM

_PART_OCTETS: Final = 140  # user data of one part, its header included (3GPP TS 23.040 s9.2.3.24)
_UDHI: Final = 0x40  # esm_class: the user data begins with a header (SMPP 3.4 s5.2.12)
#: data_coding values whose octets become septets on the air: the default alphabet, and IA5 which SMSCs convert to it.
_SEPTETS: Final = tuple(describe(value).codec in ("default", "ascii") for value in range(256))


def checked_part(data: bytes, esm_class: int, data_coding: int) -> bytes:
    """The octets of a part; raises Refused (INVALID_TEXT, TOO_MANY_PARTS) when no part can carry them.

    With septets a part has 160 of them, less the room of the header.
    """
    header = 0
    if esm_class & _UDHI:
        header = header_octets(data)
        if not header:
            raise Refused(Refusal.INVALID_TEXT, "the user data header is longer than the message")
    octets = _PART_OCTETS - header
    room = octets * 8 // 7 if _SEPTETS[data_coding & 0xFF] else octets
    if len(data) - header > room:
        raise Refused(
            Refusal.TOO_MANY_PARTS, f"{len(data) - header} octets of content where one part has room for {max(0, room)}"
        )
    return data


def header_octets(data: bytes) -> int:
    """Size of the user data header that `data` begins with, its length octet included; 0 when it is cut short."""
    size = data[0] + 1 if data else 0
    return size if size <= len(data) else 0


def text_of(data: bytes, esm_class: int, data_coding: int) -> str | None:
    """The text that the octets of a part are, as far as they can be read; None for octets that are none."""
    header = header_octets(data) if esm_class & _UDHI else 0
    return decode_text(data_coding, data[header:], udh_octets=header)


def joining_reference(data: bytes, esm_class: int, tlvs: tuple[tuple[int, bytes], ...]) -> int | None:
    """The reference that parts of one message share, from its header or its SAR TLVs; None for a message of one part.

    References of 8 and 16 bits are told apart, as a handset does.
    """
    if esm_class & _UDHI:
        try:
            found = parse(data)[0].concatenation
        except MalformedUdh:
            return None
        return None if found is None else found.ref | found.ref_bits << 16
    for tag, value in tlvs:
        if tag == SAR_MSG_REF_NUM:
            return int.from_bytes(value[:4], "big")
    return None
