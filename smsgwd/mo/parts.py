"""Parts of a subscriber's long message: what their headers say, and the message they make together.

A part says so in a concatenation element of its user data header, anywhere in it (3GPP TS 23.040 s9.2.3.24.1), or in
the SAR TLVs (SMPP 3.4 s5.3.2.22-24). What makes no sense (part 0, part 3 of 2) is a message by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from smsgwd.gsm import udh
from smsgwd.gsm.charset import Charset
from smsgwd.gsm.errors import MalformedUdh
from smsgwd.gsm.reassembly import Part, join_text
from smsgwd.model.mo import Mo, MoMessage, MoSetKey
from smsgwd.smpp.constants import EsmClass, Ton
from smsgwd.smpp.tags import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS

_UDHI: Final = int(EsmClass.UDHI)
_SAR: Final = (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)


def part_of(mo: Mo, group: str) -> tuple[MoSetKey, int] | None:
    """Which part of which message of an SMSC account group this is; None for a message by itself."""
    found = None
    if mo.esm_class & _UDHI:
        header = _split(mo)[0].concatenation
        found = None if header is None else (header.ref, header.total, header.seq, header.ref_bits)
    if found is None and mo.tlvs:
        found = _sar(mo)
    if found is None or found[1] == 1:
        return None
    ref, total, seq, width = found
    return MoSetKey(group, mo.source.lstrip("+"), mo.dest.lstrip("+"), ref, total, width), seq


def whole(mo: Mo, alphabet: Charset) -> MoMessage:
    """A message that came in one piece; `alphabet` is what data_coding 0 means to its SMSC."""
    return _message({1: mo}, 1, alphabet)


def assemble(key: MoSetKey, parts: Mapping[int, Mo], alphabet: Charset) -> MoMessage:
    """The message of the parts that are there, by number from 1 (at least one); those missing are counted, and one
    U+FFFD stands in the text for each run of them."""
    return _message(parts, key.total, alphabet)


def _message(parts: Mapping[int, Mo], total: int, alphabet: Charset) -> MoMessage:
    pieces: list[Part | None] = []
    for seq in range(1, total + 1):
        mo = parts.get(seq)
        if mo is None:
            pieces.append(None)
            continue
        header, body = _split(mo)
        pieces.append(Part(seq, mo.data_coding, body, mo.body[: header.octets]))
    first = parts[min(parts)]
    return MoMessage(
        connector=first.connector,
        received_at=min(mo.received_at for mo in parts.values()),
        source=_number(first.source, first.source_ton),
        dest=_number(first.dest, first.dest_ton),
        text=join_text(pieces, alphabet),
        data=b"".join(piece.body for piece in pieces if piece is not None),
        data_coding=first.data_coding,
        parts=total,
        missing=total - len(parts),
    )


def _split(mo: Mo) -> tuple[udh.Udh, bytes]:
    """Header and body. A header that cannot be one is text: some SMSCs set the indicator on what has none."""
    if mo.esm_class & _UDHI:
        try:
            return udh.parse(mo.body)
        except MalformedUdh:
            pass
    return udh.Udh(), mo.body


def _sar(mo: Mo) -> tuple[int, int, int, int] | None:
    """Reference, total, number and width 0 from the SAR TLVs; None without all three, or when they make no sense."""
    given = {tag: int.from_bytes(value, "big") for tag, value in mo.tlvs if tag in _SAR and 1 <= len(value) <= 2}
    if len(given) < len(_SAR):
        return None
    ref, total, seq = (given[tag] for tag in _SAR)
    return (ref, total, seq, 0) if 1 <= seq <= total <= 255 else None


def _number(address: str, ton: int) -> str:
    """An international number with its '+', so that a tenant can answer it; anything else as it came."""
    international = ton == Ton.INTERNATIONAL and address.isascii() and address.isdecimal()
    return f"+{address}" if international else address
