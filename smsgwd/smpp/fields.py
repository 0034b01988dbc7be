"""The kinds of mandatory field, each with its decoder (strict or lenient) and its strict encoder.

A PDU class names a kind in its annotations (pdu.py). Strict decoding serves requests, which can be answered with the
precise status; lenient decoding serves responses, which cannot be answered and must not cost the link: there a field
that is missing or torn reads as its default. The offsets count octets of the whole frame.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.status import (
    ESME_RINVCMDLEN,
    ESME_RINVDESTFLAG,
    ESME_RINVDLNAME,
    ESME_RINVDSTADR,
    ESME_RINVMSGLEN,
    ESME_RINVNUMDESTS,
)

LENIENT_STRING_MAX = 255  # octets of a C-octet string in a response; more is taken for garbage, not for an id


class FieldError(ValueError):
    """A mandatory field that does not follow its declaration; `command_status` is the precise answer."""

    def __init__(self, command_status: int, reason: str) -> None:
        super().__init__(reason)
        self.command_status = command_status


class FieldKind(Protocol):
    """What the table-driven codec needs of a kind of field."""

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[Any, int]:
        """Return (value, offset behind it). Raises FieldError when strict, or when nothing is left."""

    def encode(self, name: str, value: Any) -> bytes:
        """Return the wire form. Raises EncodeError naming `name`."""


@dataclass(frozen=True, slots=True)
class Integer:
    """An unsigned big-endian integer of `size` octets (SMPP 3.4 s3.1)."""

    size: int

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[int, int]:
        """Return the integer; a torn one is a fault."""
        end = at + self.size
        if end > len(frame):
            raise FieldError(ESME_RINVCMDLEN, "the PDU ends before it")
        return int.from_bytes(frame[at:end], "big"), end

    def encode(self, name: str, value: int) -> bytes:
        """Return `size` octets; EncodeError when the value does not fit."""
        if not 0 <= value < 1 << (8 * self.size):
            raise EncodeError(name, f"{value} does not fit {self.size} octet(s)")
        return value.to_bytes(self.size, "big")


@dataclass(frozen=True, slots=True)
class CString:
    """A C-octet string (SMPP 3.4 s3.1): at most `high` octets with its NUL, refused with `command_status`."""

    high: int
    command_status: int

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[bytes, int]:
        """Return the octets before the NUL."""
        end = frame.find(0, at)
        if strict:
            if at >= len(frame):
                raise FieldError(ESME_RINVCMDLEN, "the PDU ends before it")
            if end < 0:
                raise FieldError(self.command_status, "has no NUL")
            if end - at >= self.high:
                raise FieldError(self.command_status, f"{end - at} octets, at most {self.high - 1} are allowed")
            return frame[at:end], end + 1
        if end < 0:
            end = len(frame)
        value = frame[at:end]
        return (value if len(value) <= LENIENT_STRING_MAX else b""), end + 1

    def encode(self, name: str, value: bytes) -> bytes:
        """Return the octets and a NUL; EncodeError when too long or with a NUL inside."""
        if len(value) >= self.high:
            raise EncodeError(name, f"{len(value)} octets, at most {self.high - 1} are allowed", self.command_status)
        if 0 in value:
            raise EncodeError(name, "has an embedded NUL", self.command_status)
        return value + b"\0"


@dataclass(frozen=True, slots=True)
class TimeString:
    """A C-octet string that is empty or has exactly 16 octets (SMPP 3.4 s7.1.1); the content is not judged here."""

    command_status: int

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[bytes, int]:
        """Return b'' or 16 octets."""
        value, end = CString(17, self.command_status).decode(frame, at, strict)
        if strict and len(value) not in (0, 16):
            raise FieldError(self.command_status, f"a time has 16 octets, not {len(value)}")
        return value, end

    def encode(self, name: str, value: bytes) -> bytes:
        """Return the octets and a NUL; EncodeError unless b'' or 16 octets without a NUL."""
        if len(value) not in (0, 16) or 0 in value:
            raise EncodeError(name, f"a time has 16 octets, not {len(value)}", self.command_status)
        return value + b"\0"


@dataclass(frozen=True, slots=True)
class Counted:
    """Octets behind a one-octet count: sm_length and short_message (SMPP 3.4 s5.2.21, s5.2.22).

    `accepted` octets are decoded, `high` composed: SMPP 5.0 peers may deliver 255 where 3.4 allows 254.
    """

    high: int = 254
    accepted: int = 254

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[bytes, int]:
        """Return the counted octets."""
        if at >= len(frame):
            raise FieldError(ESME_RINVCMDLEN, "the PDU ends before it")
        size = frame[at]
        end = at + 1 + size
        if size > self.accepted:
            raise FieldError(ESME_RINVMSGLEN, f"sm_length {size}, at most {self.accepted} is allowed")
        if end > len(frame):
            raise FieldError(ESME_RINVMSGLEN, f"sm_length {size}, but {len(frame) - at - 1} octets are left")
        return frame[at + 1 : end], end

    def encode(self, name: str, value: bytes) -> bytes:
        """Return count and octets; EncodeError when longer than `high`."""
        if len(value) > self.high:
            raise EncodeError(name, f"{len(value)} octets, at most {self.high} are allowed", ESME_RINVMSGLEN)
        return bytes((len(value),)) + value


@dataclass(frozen=True, slots=True)
class SmeDestination:
    """One address of a submit_multi (SMPP 3.4 s4.5.1.1, dest_flag 1)."""

    ton: int
    npi: int
    addr: bytes


@dataclass(frozen=True, slots=True)
class ListDestination:
    """One distribution list of a submit_multi (SMPP 3.4 s4.5.1.2, dest_flag 2)."""

    dl_name: bytes


Destination = SmeDestination | ListDestination


@dataclass(frozen=True, slots=True)
class Unsuccess:
    """One refused address in a submit_multi_resp (SMPP 3.4 s4.5.2.1); `status` is an error status."""

    ton: int
    npi: int
    addr: bytes
    status: int


_BYTE = Integer(1)
_WORD = Integer(4)
_ADDRESS = CString(21, ESME_RINVDSTADR)
_DL_NAME = CString(21, ESME_RINVDLNAME)


@dataclass(frozen=True, slots=True)
class Destinations:
    """number_of_dests and dest_address(es) of a submit_multi (SMPP 3.4 s4.5.1); 1 to 254 of them."""

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[tuple[Destination, ...], int]:
        """Return the destinations in order."""
        count, at = _BYTE.decode(frame, at, strict)
        if not 1 <= count <= 254:
            raise FieldError(ESME_RINVNUMDESTS, f"{count} destinations, 1 to 254 are allowed")
        found: list[Destination] = []
        for _ in range(count):
            flag, at = _BYTE.decode(frame, at, strict)
            if flag == 1:
                ton, at = _BYTE.decode(frame, at, strict)
                npi, at = _BYTE.decode(frame, at, strict)
                addr, at = _ADDRESS.decode(frame, at, strict)
                found.append(SmeDestination(ton, npi, addr))
            elif flag == 2:
                name, at = _DL_NAME.decode(frame, at, strict)
                found.append(ListDestination(name))
            else:
                raise FieldError(ESME_RINVDESTFLAG, f"dest_flag {flag}")
        return tuple(found), at

    def encode(self, name: str, value: tuple[Destination, ...]) -> bytes:
        """Return the count and the entries; EncodeError for a count outside 1 to 254."""
        if not 1 <= len(value) <= 254:
            raise EncodeError(name, f"{len(value)} destinations, 1 to 254 are allowed", ESME_RINVNUMDESTS)
        parts = [bytes((len(value),))]
        for entry in value:
            if isinstance(entry, SmeDestination):
                parts += [b"\x01", _BYTE.encode(name, entry.ton), _BYTE.encode(name, entry.npi)]
                parts.append(_ADDRESS.encode(name, entry.addr))
            else:
                parts += [b"\x02", _DL_NAME.encode(name, entry.dl_name)]
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Unsuccesses:
    """no_unsuccess and unsuccess_sme(s) of a submit_multi_resp (SMPP 3.4 s4.5.2)."""

    def decode(self, frame: bytes, at: int, strict: bool) -> tuple[tuple[Unsuccess, ...], int]:
        """Return the refused addresses; lenient reading keeps those that are whole."""
        count, at = _BYTE.decode(frame, at, strict)
        found: list[Unsuccess] = []
        for _ in range(count):
            try:
                ton, after = _BYTE.decode(frame, at, strict)
                npi, after = _BYTE.decode(frame, after, strict)
                addr, after = _ADDRESS.decode(frame, after, strict)
                status, after = _WORD.decode(frame, after, strict)
            except FieldError:
                if strict:
                    raise
                return tuple(found), len(frame)
            at = after
            found.append(Unsuccess(ton, npi, addr, status))
        return tuple(found), at

    def encode(self, name: str, value: tuple[Unsuccess, ...]) -> bytes:
        """Return the count and the entries; EncodeError over 255."""
        if len(value) > 255:
            raise EncodeError(name, f"{len(value)} entries, at most 255 are allowed")
        parts = [bytes((len(value),))]
        for entry in value:
            parts += [_BYTE.encode(name, entry.ton), _BYTE.encode(name, entry.npi)]
            parts += [_ADDRESS.encode(name, entry.addr), _WORD.encode(name, entry.status)]
        return b"".join(parts)
