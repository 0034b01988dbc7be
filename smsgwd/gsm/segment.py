"""Cutting a message into the parts that go on the wire.

`segments` follows a `Plan` (or makes one from a coding name) and returns for each part its header, its body and its
data_coding. The caller puts `udh + body` into short_message with esm_class 0x40 when there is a header, or builds the
SAR TLVs from `ref`, `total` and `seq`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from smsgwd.gsm import alphabet as _alphabet
from smsgwd.gsm import charset, cut, udh
from smsgwd.gsm.charset import Charset
from smsgwd.gsm.coding import Encoding, data_coding, is_flash
from smsgwd.gsm.errors import CodingError, TooManyParts, UnencodableText
from smsgwd.gsm.plan import MAX_PARTS, Plan, plan

Style = Literal["udh8", "udh16", "sar", "payload"]
"""How a long message is told to the SMSC: concatenation headers with 8- or 16-bit references, SAR TLVs, or whole."""


class Segment(NamedTuple):
    """One part as it goes on the wire."""

    udh: bytes
    """The user data header with its length octet, empty if none; esm_class 0x40 goes with it."""
    body: bytes
    data_coding: int
    seq: int
    """From 1 to `total`."""
    total: int
    ref: int
    encoding: Encoding

    @property
    def user_data(self) -> bytes:
        """What short_message or message_payload carries."""
        return self.udh + self.body


def segments(
    text: str | bytes,
    planned: Plan | str = "auto",
    *,
    ref: int,
    style: Style = "udh8",
    alphabet: Charset = "gsm",
    flash: bool = False,
    data_codings: Mapping[Encoding, int] | None = None,
    replace: str | None = None,
    max_parts: int = MAX_PARTS,
) -> list[Segment]:
    """Cut a message.

    Args:
        text: the text; octets for a binary message.
        planned: the `Plan` made at admission, or a coding name ('auto', 'gsm', 'latin1', 'ucs2', 'binary').
        ref: reference of the message; its low 8 bits are used with udh8, its low 16 otherwise.
        style: see `Style`. 'payload' gives one segment with everything. With 'sar' the parts leave room for the header
            the SMSC will make: 8-bit if `ref` is below 256, else 16-bit.
        alphabet: the connector's default alphabet.
        flash: only with a coding name; a plan knows.
        data_codings: the connector's own data_coding values; flash keeps the standard ones.
        replace: with 'gsm', what stands for a character that does not fit.
        max_parts: 1–255.

    A GSM text that the connector's default alphabet lacks (€ with latin1) is sent as UCS-2 instead, which may take more
    parts than planned. Bodies in utf-8 may exceed the 254 octets of short_message; those belong into message_payload.

    Errors: UnencodableText, TooManyParts, CodingError.
    """
    bits = _ref_bits(style, ref)
    if not isinstance(planned, Plan):
        coding = planned
        planned = plan(text, coding, flash=flash, ref_bits=bits or 8, replace=replace, max_parts=max_parts)
    if replace is not None and planned.encoding == "gsm7" and isinstance(text, str):
        text = _alphabet.fitted(text, replace, locking=planned.locking, single=planned.single)
    if isinstance(text, bytes) != (planned.encoding == "binary"):
        raise CodingError("octets go with a binary plan and text with any other")
    if isinstance(text, str):
        planned = _suited(text, planned, alphabet)
    value = planned.data_coding
    if data_codings is not None and not is_flash(value):
        value = data_codings.get(planned.encoding, value)
    ref &= 0xFF if style == "udh8" else 0xFFFF

    if isinstance(text, bytes):
        bodies = _pieces(text, bits, max_parts)
    else:
        bodies = _bodies(text, planned, bits, alphabet, max_parts, style)
    languages = udh.languages(planned.locking, planned.single)
    total = len(bodies)
    if total == 1 or style not in ("udh8", "udh16"):
        header = udh.build(languages)
        return [Segment(header, body, value, seq, total, ref, planned.encoding) for seq, body in enumerate(bodies, 1)]
    concat = udh.concat_8 if style == "udh8" else udh.concat_16
    return [
        Segment(udh.build([concat(ref, total, seq), *languages]), body, value, seq, total, ref, planned.encoding)
        for seq, body in enumerate(bodies, 1)
    ]


def _ref_bits(style: str, ref: int) -> int:
    """Return the width of the reference the parts must leave room for, 0 if nothing is cut. Errors: CodingError."""
    if style == "sar":
        return 8 if ref < 0x100 else 16
    try:
        return {"udh8": 8, "udh16": 16, "payload": 0}[style]
    except KeyError:
        raise CodingError(f"unknown style {style!r}; known: udh8, udh16, sar, payload") from None


def _suited(text: str, planned: Plan, alphabet: Charset) -> Plan:
    """Return the plan, or one in UCS-2 if the connector's default alphabet lacks a character of a GSM text."""
    if planned.encoding != "gsm7" or alphabet in ("gsm", "gsm-packed"):
        return planned
    try:
        charset.encode(text, alphabet)
    except UnencodableText:
        pass
    else:
        if not planned.locking and not planned.single:
            return planned
    value = data_coding("ucs2", flash=is_flash(planned.data_coding))
    return planned._replace(encoding="ucs2", data_coding=value, locking=0, single=0)


def _pieces(data: bytes, bits: int, max_parts: int) -> list[bytes]:
    """Return the pieces of a binary message, one a part. Errors: TooManyParts."""
    size = cut.room("binary", cut.header_octets(0, bits))
    if not bits or len(data) <= cut.room("binary", 0):
        return [data]
    parts = -(-len(data) // size)
    if parts > max_parts:
        raise TooManyParts(parts, max_parts)
    return [data[at : at + size] for at in range(0, len(data), size)]


def _bodies(text: str, planned: Plan, bits: int, alphabet: Charset, max_parts: int, style: str) -> list[bytes]:
    """Return the bodies of a text's parts. Errors: TooManyParts, UnencodableText, CodingError."""
    encoding, locking, single = planned.encoding, planned.locking, planned.single
    languages = bool(locking) + bool(single)
    data = cut.units(text, encoding, locking, single)
    units = len(data) // 2 if encoding == "ucs2" else len(data)
    header = cut.header_octets(languages)
    pieces = [text]
    if bits and units > cut.room(encoding, header):
        size = cut.room(encoding, cut.header_octets(languages, bits))
        ends = cut.ends(text, data, encoding, size, locking, single, max_parts)
        if len(ends) > max_parts:
            raise TooManyParts(len(ends), max_parts)
        pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        if style != "sar":
            header = cut.header_octets(languages, bits)
    elif encoding != "gsm7" or alphabet == "gsm":
        return [data]
    return [_body(piece, planned, alphabet, header) for piece in pieces]


def _body(piece: str, planned: Plan, alphabet: Charset, header: int) -> bytes:
    """Return one piece in the plan's encoding; `header` octets of UDH decide the fill bits of packed septets."""
    if planned.encoding != "gsm7":
        return cut.units(piece, planned.encoding)
    fill = _alphabet.fill_bits(header) if alphabet == "gsm-packed" else 0
    return charset.encode(piece, alphabet, locking=planned.locking, single=planned.single, fill=fill)
