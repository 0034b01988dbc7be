"""What an SMSC has received, read back independently of the gateway's own coding: with the PyPI package gsm0338."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import gsm0338

from smsgwd.simulator.record import SubmitLine

_GSM = gsm0338.Codec()


class Text(NamedTuple):
    """One message, its parts joined."""

    dest: str
    source: str
    text: str
    parts: int
    data_coding: int
    at: float  #: when its last part was accepted, seconds since 1970


def texts(submits: Iterable[SubmitLine]) -> list[Text]:
    """Messages in the order in which they became complete; parts belong together by destination and reference."""
    open_parts: dict[tuple[str, bytes], dict[int, SubmitLine]] = {}
    found = []
    for line in submits:
        body = bytes.fromhex(line.body)
        if not line.esm_class & 0x40:
            found.append(Text(line.dest, line.source, decode(body, line.data_coding), 1, line.data_coding, line.at))
            continue
        reference, total, number = concatenation(body)
        parts = open_parts.setdefault((line.dest, reference), {})
        parts[number] = line
        if len(parts) == total:
            del open_parts[line.dest, reference]
            whole = b"".join(_behind_udh(bytes.fromhex(parts[n].body)) for n in sorted(parts))
            found.append(
                Text(line.dest, line.source, decode(whole, line.data_coding), total, line.data_coding, line.at)
            )
    return found


def concatenation(body: bytes) -> tuple[bytes, int, int]:
    """Reference, total and number of a part, from its user data header (3GPP TS 23.040 s9.2.3.24.1 and .8)."""
    header = body[1 : body[0] + 1]
    while header:
        kind, length = header[0], header[1]
        value = header[2 : 2 + length]
        if kind in (0x00, 0x08):
            return value[:-2], value[-2], value[-1]
        header = header[2 + length :]
    raise ValueError(f"no concatenation element in {body[:16].hex()}")


def decode(octets: bytes, data_coding: int) -> str:
    """The text of a body without its header; binary comes back as hex."""
    if data_coding == 0:
        return str(_GSM.decode(octets)[0])
    if data_coding == 8:
        return octets.decode("utf-16-be")
    return octets.hex()


def _behind_udh(body: bytes) -> bytes:
    return body[body[0] + 1 :]
