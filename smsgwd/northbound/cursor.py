"""The cursor of lists: opaque to tenants, the id behind which the next page begins.

Lists go from new to old by id, so a message that comes meanwhile moves no page.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from smsgwd.model.refusals import Refusal, Refused

_ID_BYTES = 8
_CHECK_BYTES = 4


def encode_cursor(message_id: int) -> str:
    """The cursor of the page behind `message_id`."""
    octets = message_id.to_bytes(_ID_BYTES, "big")
    check = zlib.crc32(octets).to_bytes(_CHECK_BYTES, "big")  # a mistyped cursor is an error and not another page
    return base64.urlsafe_b64encode(octets + check).decode("ascii")


def decode_cursor(cursor: str) -> int:
    """The id in a cursor. Raises Refused(INVALID) for what is no cursor of ours."""
    try:
        octets = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    body, check = octets[:_ID_BYTES], octets[_ID_BYTES:]
    if (
        len(octets) != _ID_BYTES + _CHECK_BYTES
        or zlib.crc32(body).to_bytes(_CHECK_BYTES, "big") != check
        or body[0] > 127
    ):
        raise Refused(Refusal.INVALID, "the cursor is not one of ours: take `next_cursor` of a page as it is")
    return int.from_bytes(body, "big")


def encode_key_cursor(key: str) -> str:
    """The cursor of the page behind a key, for lists by name or number."""
    octets = key.encode("utf-8")
    check = zlib.crc32(octets).to_bytes(_CHECK_BYTES, "big")
    return base64.urlsafe_b64encode(octets + check).decode("ascii").rstrip("=")


def decode_key_cursor(cursor: str) -> str:
    """The key in a cursor. Raises Refused(INVALID) for what is no cursor of ours."""
    try:
        octets = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = octets[:-_CHECK_BYTES].decode("utf-8")
    except (binascii.Error, ValueError):
        octets, key = b"", ""
    if zlib.crc32(octets[:-_CHECK_BYTES]).to_bytes(_CHECK_BYTES, "big") != octets[-_CHECK_BYTES:]:
        raise Refused(Refusal.INVALID, "the cursor is not one of ours: take `next_cursor` of a page as it is")
    return key
