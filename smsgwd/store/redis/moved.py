"""The row `meta:moved`: what is under these keys was moved to another store, and no node may work on it any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.tx import STAMP


class Moved(msgspec.Struct):
    """Where to, as an operator finds it, and when (ms since 1970, UTC)."""

    to: str
    at: int


_encode: Final = msgspec.json.encode
_moved_of: Final = msgspec.json.Decoder(Moved).decode


def moved_value(moved: Moved) -> bytes:
    """The row, with a stamp that is no commit's."""
    return bytes(STAMP) + _encode(moved)


def moved_text(keys: Keys, value: bytes) -> str:
    """What the row (with its stamp) says to whoever wants to use the store, and what can be done."""
    try:
        moved = _moved_of(value[STAMP:])
        at = datetime.fromtimestamp(moved.at / 1000, UTC).isoformat(timespec="seconds")
        where = f"was moved to {moved.to} at {at}"
    except (msgspec.DecodeError, ValueError, OverflowError):
        where = "was moved to another store"
    return (
        f"what is under {keys.base} {where}: to begin anew under this prefix delete all its keys;"
        f" to go on with what is there, which is older, delete the key {keys.moved}"
    )
