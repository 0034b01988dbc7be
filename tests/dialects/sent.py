"""What an SMSC got of one message, its parts joined, with what the tables ask of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gsm0338
import msgspec

from smsgwd.simulator.record import SubmitLine

_GSM = gsm0338.Codec()
_CODINGS = ("gsm", "binary", "ucs2")  # of bits 3 and 2 of a general data coding (3GPP TS 23.038 s4)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `text` of binary is its octets in hex; `flash`: message class 0."""

    to: str  #: digits
    source: str
    text: str
    coding: str
    flash: bool
    parts: int
    udh: str  #: hex, without the parts' own element
    data_coding: int
    registered: int
    validity: str
    at: float


class Record:
    """The record of an SMSC, read as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._submits: list[SubmitLine] = []

    def submits(self) -> list[SubmitLine]:
        """Every submit recorded by now; the same list each time."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            end = data.rfind(b"\n") + 1
            self._offset += end
            lines = [line for line in data[:end].splitlines() if not line.startswith(b'{"link_event"')]
            self._submits += [msgspec.json.decode(line, type=SubmitLine) for line in lines]
        return self._submits


def sent(submits: Iterable[SubmitLine]) -> list[Sent]:
    """Messages in the order in which they became complete; parts belong together by destination and reference."""
    waiting: dict[tuple[str, bytes], dict[int, tuple[SubmitLine, bytes, bytes]]] = {}
    found = []
    for line in submits:
        body = bytes.fromhex(line.body)
        header, body = (body[1 : body[0] + 1], body[body[0] + 1 :]) if line.esm_class & 0x40 else (b"", body)
        part, header = _part(header)
        if part is None:
            found.append(_made(line, body, header, 1))
            continue
        reference, total, number = part
        parts = waiting.setdefault((line.dest, reference), {})
        parts[number] = line, body, header
        if len(parts) == total:
            del waiting[line.dest, reference]
            found.append(_made(line, b"".join(parts[n][1] for n in sorted(parts)), header, total))
    return found


def _part(header: bytes) -> tuple[tuple[bytes, int, int] | None, bytes]:
    """Reference, total and number of a part, if it is one, and the rest of its header (3GPP TS 23.040 s9.2.3.24.1)."""
    part, rest, at = None, b"", 0
    while at + 1 < len(header):
        end = at + 2 + header[at + 1]
        value = header[at + 2 : end]
        if header[at] in (0x00, 0x08):
            part = value[:-2], value[-2], value[-1]
        else:
            rest += header[at:end]
        at = end
    return part, rest


def _made(line: SubmitLine, body: bytes, header: bytes, parts: int) -> Sent:
    code = line.data_coding
    coding, flash = _coding(code)
    if coding == "gsm":
        text = str(_GSM.decode(body)[0])
    elif coding == "ucs2":
        text = body.decode("utf-16-be")
    elif coding == "latin1":
        text = body.decode("latin-1")
    else:
        text = body.hex()
    return Sent(
        to=line.dest.lstrip("+"),
        source=line.source,
        text=text,
        coding=coding,
        flash=flash,
        parts=parts,
        udh=header.hex(),
        data_coding=code,
        registered=line.registered_delivery,
        validity=line.validity,
        at=line.at,
    )


def _coding(code: int) -> tuple[str, bool]:
    """What a data_coding says of alphabet and class 0 (SMPP 3.4 s5.2.19, 3GPP TS 23.038 s4)."""
    if code == 0x03:
        return "latin1", False
    if code in (0x02, 0x04):
        return "binary", False
    if code >= 0xF0:
        return ("binary" if code & 0x04 else "gsm"), code & 0x03 == 0
    if code & 0xC0:
        return "gsm", False
    return _CODINGS[min(code >> 2 & 0x03, 2)], bool(code & 0x10) and code & 0x03 == 0
