"""Messages whose octets, header or data_coding a client gives itself: cut into parts that go on as they stand.

Text of ordinary coding is not for here: admission and the connectors encode and cut that, each in its own way.
"""

from __future__ import annotations

from typing import Final

from smsgwd.gsm.errors import MalformedUdh
from smsgwd.gsm.udh import parse
from smsgwd.model.refusals import Refusal, Refused

PART_OCTETS: Final = 140  #: user data of one part, its header included (3GPP TS 23.040 s9.2.3.24)
MOST_PARTS: Final = 10
UDHI: Final = 0x40  #: esm_class: the user data begins with a header (SMPP 3.4 s5.2.12)
_CONCATENATION: Final = 5  # octets of an element with an 8-bit reference (TS 23.040 s9.2.3.24.1)
_ESCAPE: Final = 0x1B
SEPTETS: Final = 1
OCTETS: Final = 2
UTF16: Final = 3


def cut(body: bytes, kind: int, udh: bytes, ref: int) -> list[bytes]:
    """The user data of each part, headers included.

    `body` is septets, one an octet (SEPTETS), octets (OCTETS) or UTF-16BE (UTF16); `udh` a whole header with its length
    octet, or nothing. What one part does not hold is cut, never inside an escape or surrogate pair, and each part's
    header gets a concatenation element with the low 8 bits of `ref`. Raises Refused (INVALID_TEXT for a header that is
    none; TOO_MANY_PARTS, also for what says itself which part it is).
    """
    concatenated = False
    if udh:
        try:
            concatenated = parse(udh)[0].concatenation is not None
        except MalformedUdh as error:
            raise Refused(Refusal.INVALID_TEXT, str(error)) from None
    if len(body) <= _room(len(udh), kind):
        return [udh + body]
    header = (len(udh) or 1) + _CONCATENATION
    size = _room(header, kind)
    if concatenated or size < 4 or len(body) > size * MOST_PARTS:
        raise Refused(Refusal.TOO_MANY_PARTS, f"{len(body)} octets of content are more than {MOST_PARTS} parts hold")
    pieces = []
    start = 0
    while start < len(body):
        end = min(start + size, len(body))
        if end < len(body):
            if kind == SEPTETS and body[end - 1] == _ESCAPE:
                end -= 1
            elif kind == UTF16 and 0xDC <= body[end] <= 0xDF:
                end -= 2
        pieces.append(body[start:end])
        start = end
    if len(pieces) > MOST_PARTS:
        raise Refused(Refusal.TOO_MANY_PARTS, f"{len(pieces)} parts are more than {MOST_PARTS}")
    before = bytes((header - 1,)) + udh[1:]
    return [before + bytes((0, 3, ref & 0xFF, len(pieces), number)) + piece for number, piece in enumerate(pieces, 1)]


def _room(header: int, kind: int) -> int:
    """What a part holds beside a header of so many octets, in the octets of `cut`; below 1 = nothing."""
    octets = PART_OCTETS - header
    if kind == SEPTETS:
        return octets * 8 // 7
    return octets & ~1 if kind == UTF16 else octets
