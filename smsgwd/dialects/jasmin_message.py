"""What Jasmin's arguments of one message come to: items, one or one a part."""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zlib import crc32

from smsgwd.dialects.callback_url import callable_url
from smsgwd.dialects.jasmin_fields import Problem, Value, invalid, text_of
from smsgwd.dialects.raw_parts import OCTETS, SEPTETS, UDHI, UTF16, cut
from smsgwd.gsm import alphabet
from smsgwd.gsm.errors import GsmError
from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT, Callback
from smsgwd.model.submission import Item
from smsgwd.model.wire import Wire
from smsgwd.timespec.smpp_time import SmppTimeError, parse_smpp_time

NAME: Final = "jasmin"
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_NORMAL: Final = 1  # Jasmin's 0 is no priority, which is our normal one
_FURTHEST_MINUTES: Final = 100_000_000
_NO_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}"
_VENDOR: Final = range(0x1400, 0x4000)  # tags that are free for vendors (SMPP 3.4 s5.3.2)
_MOST_TLV_OCTETS: Final = 2048
#: How text of JSON is written in codings that are no texts of ours (data_coding, SMPP 3.4 s5.2.19).
_CODECS: Final = {5: "shift_jis", 6: "iso8859_5", 7: "iso8859_8", 10: "iso2022_jp", 14: "euc_kr"}
_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").search
_CALLBACKS: Final = {
    (method, level): Callback(NAME, method=method, level=level) for method in ("GET", "POST") for level in (1, 2, 3)
}
_INTEGERS: Final = {"Int1": ">B", "Int2": ">H", "Int4": ">I"}


def items_of(given: Mapping[str, Value], now: int, *, rehearsal: bool = False) -> list[Item]:
    """The message of arguments that are checked; `now` in ms since 1970. Raises Problem, Refused.

    A message that goes in parts which we cut ourselves is several items: the receipt is the last one's, as there.
    """
    if "content" in given and "hex-content" in given:
        raise Problem(400, "content and hex-content cannot be used both in same request.")
    if not rehearsal and "content" not in given and "hex-content" not in given:
        raise Problem(400, "content or hex-content not present.")
    coding = int(text_of(given.get("coding", b"0")))
    wire = _wire(given.get("custom_tlvs"))
    url, asks, callback = ("", 0, None) if rehearsal else _callback(given)
    item = Item(
        source=text_of(given.get("from")) or None,
        dest=text_of(given["to"]),
        dlr_url=url,
        schedule_at=None if rehearsal else _schedule(given.get("sdt"), now),
        validity_s=_validity(given.get("validity-period")),
        priority=max(_NORMAL, int(text_of(given.get("priority", b"0")))),
        asks=asks,
        callback=callback,
        wire=wire,
        may_be_empty=True,
    )
    written = given.get("hex-content")
    if written is not None:
        return _octets(item, _unhex(written), coding, now)
    content = given.get("content", b"")
    return _text(item, content if isinstance(content, (bytes, str)) else b"", coding, now)


def _text(item: Item, content: bytes | str, coding: int, now: int) -> list[Item]:
    """Content as Jasmin takes it: UTF-8 for coding 0, octets of the coding for any other.

    Octets for UCS-2 that are readable UTF-8 are taken for that: clients mean so, and what is UTF-16 has octets that no
    such text has.
    """
    if isinstance(content, bytes):
        if coding in (0, 1):
            try:
                content = content.decode()
            except UnicodeDecodeError:
                raise invalid("content", content) from None
        elif coding == 8:
            content = _utf16_or_8(content)
        elif coding == 3:
            content = _utf8(content) or content.decode("latin-1")
    if isinstance(content, bytes):
        return _octets(item, content, coding, now)
    if coding in (0, 1, 3, 8):
        if "\0" in content:
            raise invalid("content", content)
        item.text = content
        if coding == 8:
            item.coding = "ucs2"
        elif coding == 3:
            item.coding = "latin1" if _latin1(content) else "auto"
        return [item]
    try:
        data = content.encode(_CODECS.get(coding, "utf-8"))
    except UnicodeEncodeError:
        data = content.encode("utf-8", "replace")
    return _octets(item, data, coding, now)


def _octets(item: Item, data: bytes, coding: int, now: int) -> list[Item]:
    """Octets of a coding: text where they are one that reads back octet by octet, else they go on as they stand."""
    kind, text = OCTETS, ""
    if coding == 0:
        kind, text = SEPTETS, alphabet.decode(data)
        try:
            same = _NO_CHARACTER not in text and alphabet.encode(text) == data
        except GsmError:
            same = False
        text, item.coding = (text, "gsm") if same else ("", "auto")
    elif coding == 8:
        kind = UTF16
        try:
            text = data.decode("utf-16-be")
        except UnicodeDecodeError:
            kind = OCTETS
        item.coding = "ucs2"
    elif coding == 3:
        text, item.coding = data.decode("latin-1"), "latin1"
    if not data or (text and "\0" not in text):
        item.text = text
        return [item]
    item.data, item.coding = data, "binary"
    if coding == 4:
        return [item]
    return _in_parts(item, data, kind, coding, now)


def _in_parts(item: Item, data: bytes, kind: int, coding: int, now: int) -> list[Item]:
    tlvs = item.wire.tlvs if item.wire is not None else ()
    pieces = cut(data, kind, b"", crc32(data, now & 0xFFFFFFFF))
    wire = Wire(esm_class=UDHI if len(pieces) > 1 else 0, data_coding=coding, raw=True, tlvs=tlvs)
    items = []
    for number, piece in enumerate(pieces, 1):
        last = number == len(pieces)
        items.append(
            Item(
                source=item.source,
                dest=item.dest,
                data=piece,
                coding="binary",
                dlr_url=item.dlr_url if last else "",
                schedule_at=item.schedule_at,
                validity_s=item.validity_s,
                priority=item.priority,
                asks=item.asks if last else 0,
                callback=item.callback if last else None,
                wire=wire,
                may_be_empty=True,
            )
        )
    return items


def _utf8(data: bytes) -> str | None:
    """Readable UTF-8 text; None for what is none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if _control(text) else text


def _utf16_or_8(data: bytes) -> str:
    text = _utf8(data) if len(data) > 2 or len(data) & 1 else None
    if text is not None:
        return text
    try:
        return data.decode("utf-16-be")
    except UnicodeDecodeError:
        raise invalid("content", data) from None


def _latin1(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _unhex(written: Value) -> bytes:
    try:
        return binascii.unhexlify(written if isinstance(written, (bytes, str)) else b"?")
    except ValueError:
        raise Problem(400, "Invalid hex-content data.") from None


def _schedule(written: Value, now: int) -> int | None:
    """sdt, an SMPP time, in ms since 1970."""
    if written is None:
        return None
    try:
        moment = parse_smpp_time(text_of(written), _START + now * _MILLISECOND)
    except SmppTimeError:
        raise invalid("sdt", written) from None
    return None if moment is None else (moment - _START) // _MILLISECOND


def _validity(written: Value) -> int | None:
    """Seconds."""
    if written is None:
        return None
    text = text_of(written)
    if len(text) > 9 or int(text) > _FURTHEST_MINUTES:
        raise invalid("validity-period", written)
    return int(text) * 60


def _callback(given: Mapping[str, Value]) -> tuple[str | None, int, Callback | None]:
    """dlr_url, asks and callback; a dlr-url or a dlr-level asks for receipts by itself. Raises Problem."""
    wanted = "dlr-url" in given or "dlr-level" in given or text_of(given.get("dlr")) == "yes"
    if not wanted:
        return "", 0, None
    written = given.get("dlr-url")
    url = None
    if written is not None:
        url = callable_url(written if isinstance(written, bytes) else text_of(written).encode())
        if url is None:
            raise invalid("dlr-url", written)
    level = int(text_of(given.get("dlr-level", b"1")))
    method = text_of(given.get("dlr-method", b"POST")).upper()
    asks = TELL_FINAL if level == 2 else TELL_FINAL | TELL_SENT
    return url, asks, _CALLBACKS[method, level]


def _wire(written: Value) -> Wire | None:
    """custom_tlvs: [tag, length, type, value] each. Raises Problem."""
    if not isinstance(written, list):
        if written is not None:
            raise Problem(400, "Invalid custom_tlvs: a list is needed.")
        return None
    if not written:
        return None
    tlvs = tuple(_tlv(one) for one in written[:256])
    if len(written) > 256 or sum(4 + len(value) for _, value in tlvs) > _MOST_TLV_OCTETS:
        raise Problem(400, f"Invalid custom_tlvs: more than {_MOST_TLV_OCTETS} octets.")
    return Wire(tlvs=tlvs)


def _tlv(one: Any) -> tuple[int, bytes]:
    if not isinstance(one, list) or len(one) != 4:
        raise Problem(400, "Invalid custom_tlvs: each is [tag, length, type, value].")
    tag, _, kind, value = one
    if not isinstance(tag, int) or isinstance(tag, bool) or tag not in _VENDOR:
        raise Problem(400, "Invalid TLV tag: it is 0x1400 to 0x3FFF.")
    if not isinstance(kind, str) or kind not in (*_INTEGERS, "OctetString", "COctetString"):
        raise Problem(400, "Invalid TLV type: it must be one of Int1, Int2, Int4, OctetString, COctetString")
    if kind in _INTEGERS:
        try:
            return tag, struct.pack(_INTEGERS[kind], int(value, 0) if isinstance(value, str) else value)
        except (struct.error, ValueError, TypeError):
            raise Problem(400, "Invalid integer value for TLV.") from None
    if not isinstance(value, str):
        raise Problem(400, "Invalid value for TLV: text is needed.")
    octets = value.encode("utf-8", "replace")
    if kind == "COctetString":
        if b"\0" in octets:
            raise Problem(400, "Invalid value for TLV: U+0000 ends it.")
        octets += b"\0"
    return tag, octets
