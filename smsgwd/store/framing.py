"""Values in a file one after another: each as msgpack, behind its length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

_WIDTH: Final = 4
_encode: Final = msgspec.msgpack.Encoder().encode


def frame(value: Any) -> bytes:
    """A value behind its length (4 bytes, big-endian)."""
    packed = _encode(value)
    return len(packed).to_bytes(_WIDTH, "big") + packed


def frames(file: BinaryIO) -> Iterator[bytes]:
    """The values of a file, packed as they are. Raises EOFError where the file ends within one, OSError."""
    while head := file.read(_WIDTH):
        length = int.from_bytes(head, "big")
        value = file.read(length) if len(head) == _WIDTH else b""
        if len(head) < _WIDTH or len(value) < length:
            raise EOFError("it ends within a record")
        yield value
