"""A PDU for people to read, and a PDU that may be shown: what is private is hidden, or written over in the same length.

Passwords never show. Without `texts` neither do texts of messages (of a receipt all but what it quotes does) and the
values of TLVs that are in no specification; without `numbers` phone numbers are cut to their first five digits.
"""

import re
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final

from smsgwd.smpp import constants as c
from smsgwd.smpp.fields import Destinations, FieldError, ListDestination, Unsuccesses
from smsgwd.smpp.receipt_text import looks_like_receipt
from smsgwd.smpp.status import status_name
from smsgwd.smpp.tables import PDUS, PduSpec, command_name
from smsgwd.smpp.tags import CALLBACK_NUM, DEST_SUBADDRESS, MESSAGE_PAYLOAD, SOURCE_SUBADDRESS
from smsgwd.smpp.tlv import TLVS, read_value

_HEADER: Final = Struct(">IIII")
_TLV: Final = Struct(">HH")
_ADDRESSES: Final = frozenset(("source_addr", "destination_addr", "esme_addr"))
_LOGINS: Final = c.BINDS | {c.OUTBIND}
_NUMBER_TAGS: Final = frozenset((CALLBACK_NUM, SOURCE_SUBADDRESS, DEST_SUBADDRESS))
_KEPT: Final = 5  # digits of a number that show
_MOST_HEX: Final = 64  # octets of a value that show as hex
_NUMBER = re.compile(rb"\d{6,}")
_QUOTED = re.compile(rb"text:", re.IGNORECASE)
_STAR: Final = b"*"
HIDDEN: Final = "***"


@dataclass(slots=True)
class Shown:
    """A PDU in words. `fields` has what is not 0 or empty, in the order of the wire, TLVs last; `fault` what is wrong
    with it, '' where nothing is."""

    command: str
    sequence: int
    status: str  #: '' in requests
    fields: dict[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass(slots=True)
class _Parts:
    """Where everything is in a frame: (name, start, end, value) of fields, (tag, start, end) of TLVs."""

    spec: PduSpec | None
    fields: list[tuple[str, int, int, Any]] = field(default_factory=list)
    tlvs: list[tuple[int, int, int]] = field(default_factory=list)
    read: int = c.HEADER_LENGTH  #: so many octets are understood
    fault: str = ""

    def value(self, name: str) -> Any:
        """A field's value; None where there is none."""
        return next((value for found, _, _, value in self.fields if found == name), None)


def describe(frame: bytes, *, texts: bool = False, numbers: bool = False) -> Shown:
    """A whole frame (what `framing.Framer` yields) in words; never raises for one with a whole header."""
    _, command_id, status, sequence = _HEADER.unpack_from(frame)
    said = status_name(status) if command_id & c.RESPONSE_BIT or status else ""
    shown = Shown(command_name(command_id), sequence, said)
    parts = _cut(frame, command_id)
    shown.fault = parts.fault
    if parts.spec is None:
        shown.fields["octets"] = _hex(frame[c.HEADER_LENGTH :]) if texts else str(len(frame) - c.HEADER_LENGTH)
        return shown
    receipt = _is_receipt(parts)
    udhi = bool((parts.value("esm_class") or 0) & c.EsmClass.UDHI)
    coding = parts.value("data_coding") or 0
    for name, _, _, value in parts.fields:
        if name == "short_message":
            _show_text(shown, name, value, coding, udhi, receipt, texts)
        elif value in (0, b"", ()):
            continue
        elif name == "password" or (parts.fault and command_id in _LOGINS and name != "system_id"):
            shown.fields[name] = HIDDEN  # of a malformed bind nobody knows where the password stands
        elif isinstance(value, int):
            shown.fields[name] = f"0x{value:02x}" if name in ("esm_class", "data_coding") else str(value)
        elif isinstance(value, bytes):
            shown.fields[name] = _printable(value if numbers or name not in _ADDRESSES else _masked(value, cut=True))
        else:
            shown.fields[name] = _several(value, numbers)
    for tag, start, end in parts.tlvs:
        raw = frame[start:end]
        known = TLVS.get(tag)
        label = known.name if known else f"tlv_0x{tag:04x}"
        if tag == MESSAGE_PAYLOAD:
            _show_text(shown, label, raw, coding, udhi and not parts.value("short_message"), receipt, texts)
            continue
        if tag in _NUMBER_TAGS and not numbers:
            text = HIDDEN
        elif known is None and not texts:
            text = f"{HIDDEN} {len(raw)} octets"
        else:
            read = read_value(tag, raw) if known else None
            text = str(read) if isinstance(read, int) else _readable(raw if read is None else read)
        shown.fields[label] = f"{shown.fields[label]},{text}" if label in shown.fields else text
    return shown


def blank(frame: bytes, *, texts: bool = False, numbers: bool = False) -> bytes:
    """The frame with what is hidden written over with '*': same length, every length and count in it still right.

    Of a malformed PDU everything from its fault on is written over, unless `texts` and `numbers` are wanted and no
    password can be there.
    """
    command_id = _HEADER.unpack_from(frame)[1]
    parts = _cut(frame, command_id)
    out = bytearray(frame)
    if parts.spec is None or parts.fault:
        if command_id in _LOGINS:  # anything behind the first field may be its password
            _over(out, next((end for name, _, end, _ in parts.fields if name == "system_id"), parts.read), len(out))
        elif not (texts and numbers):
            _over(out, parts.read, len(out))
    receipt = _is_receipt(parts)
    udhi = bool((parts.value("esm_class") or 0) & c.EsmClass.UDHI)
    for name, start, end, _ in parts.fields:
        if name == "password":
            _over(out, start, end - 1)
        elif name == "short_message" and not texts:
            _over_text(out, start + 1, end, udhi, receipt)
        elif not numbers and (name in _ADDRESSES or isinstance(_kind(parts, name), Destinations | Unsuccesses)):
            out[start:end] = _masked(bytes(out[start:end]))
    for tag, start, end in parts.tlvs:
        if tag == MESSAGE_PAYLOAD:
            if not texts:
                _over_text(out, start, end, udhi and not parts.value("short_message"), receipt)
        elif (tag in _NUMBER_TAGS and not numbers) or (tag not in TLVS and not texts):
            _over(out, start, end)
    return bytes(out)


def _cut(frame: bytes, command_id: int) -> _Parts:
    """Find the fields and TLVs of a frame, as far as it can be read."""
    spec = PDUS.get(command_id)
    parts = _Parts(spec)
    if spec is None:
        return parts
    at, end = c.HEADER_LENGTH, len(frame)
    for name, kind in spec.fields:
        if spec.is_response and at >= end:
            break
        try:
            value, after = kind.decode(frame, at, not spec.is_response)
        except FieldError as fault:
            parts.fault = f"{name}: {fault}"
            return parts
        after = min(after, end)
        parts.fields.append((name, at, after, value))
        at = parts.read = after
    while end - at >= _TLV.size:
        tag, length = _TLV.unpack_from(frame, at)
        if length > end - at - _TLV.size:
            parts.fault = f"TLV 0x{tag:04X} says {length} octets, {end - at - _TLV.size} are left"
            return parts
        at += _TLV.size
        parts.tlvs.append((tag, at, at + length))
        at = parts.read = at + length
    if any(frame[at:]):
        parts.fault = f"{end - at} stray octets after the TLVs"
    return parts


def _kind(parts: _Parts, name: str) -> Any:
    return None if parts.spec is None else dict(parts.spec.fields).get(name)


def _is_receipt(parts: _Parts) -> bool:
    """True where esm_class says that the PDU is about another message (SMPP 3.4 s5.2.12)."""
    return bool((parts.value("esm_class") or 0) & c.EsmClass.TYPE_MASK)


def _text_parts(octets: bytes, udhi: bool, receipt: bool) -> tuple[int, int]:
    """Where the user data header of a text ends, and where what is private begins."""
    header = _header_of(octets) if udhi and octets else 0
    if receipt and looks_like_receipt(octets[header:]):
        quoted = _QUOTED.search(octets, header)
        return header, len(octets) if quoted is None else quoted.end()
    return header, header


def _header_of(octets: bytes) -> int:
    """The octets of a user data header (3GPP TS 23.040 s9.2.3.24); 0 where what stands there is none, but a text."""
    end = octets[0] + 1
    at = 1
    while at < end < len(octets) + 1 and at + 1 < len(octets):
        at += 2 + octets[at + 1]
    return end if at == end <= len(octets) else 0


def _show_text(shown: Shown, name: str, octets: bytes, coding: int, udhi: bool, receipt: bool, texts: bool) -> None:
    """Put a text into the fields: its user data header, and as much of it as may be read."""
    if not octets:
        return
    header, private = _text_parts(octets, udhi, receipt)
    if header:
        shown.fields["udh"] = octets[:header].hex()
    if texts:
        shown.fields[name] = _decoded(octets[header:], coding)
    elif private > header:
        rest = HIDDEN if private < len(octets) else ""
        shown.fields[name] = _printable(octets[header:private]) + rest
    else:
        shown.fields[name] = f"{HIDDEN} {len(octets) - header} octets"


def _decoded(octets: bytes, coding: int) -> str:
    """A text by its data_coding, as far as that says (SMPP 3.4 s5.2.19); an SMSC's own alphabet reads as Latin-1."""
    if coding & 0xEC == 0x08:
        return octets.decode("utf-16-be", "replace")
    return _hex(octets) if coding in (2, 4) else _printable(octets)


def _several(value: Any, numbers: bool) -> str:
    """Destinations, or refused ones with their status."""
    told: list[str] = []
    for each in value:
        if isinstance(each, ListDestination):
            told.append("list " + _printable(each.dl_name))
            continue
        addr = _printable(each.addr if numbers else _masked(each.addr, cut=True))
        status = getattr(each, "status", None)
        told.append(addr if status is None else f"{addr} {status_name(status)}")
    return ", ".join(told)


def _masked(octets: bytes, *, cut: bool = False) -> bytes:
    """Runs of six digits or more cut to five and '***', or written over with as many '*' as there were digits."""
    return _NUMBER.sub(lambda found: found[0][:_KEPT] + _STAR * (3 if cut else len(found[0]) - _KEPT), octets)


def _over(out: bytearray, start: int, end: int) -> None:
    if end > start:
        out[start:end] = _STAR * (end - start)


def _over_text(out: bytearray, start: int, end: int, udhi: bool, receipt: bool) -> None:
    _, private = _text_parts(bytes(out[start:end]), udhi, receipt)
    _over(out, start + private, end)


def _printable(octets: bytes) -> str:
    """Latin-1 with what does not print as \\x.."""
    text = octets.decode("latin-1")
    return text if text.isprintable() else "".join(ch if ch.isprintable() else f"\\x{ord(ch):02x}" for ch in text)


def _readable(octets: bytes) -> str:
    text = octets.rstrip(b"\0").decode("latin-1")
    return text if text and text.isascii() and text.isprintable() else _hex(octets)


def _hex(octets: bytes) -> str:
    return octets[:_MOST_HEX].hex() + ("..." if len(octets) > _MOST_HEX else "")
