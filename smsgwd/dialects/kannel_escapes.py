"""Kannel's escapes in a dlr-url (Kannel 1.4.5 user guide, 'Parameters (Escape Codes)'), for whichever style takes them.

In Kannel `%41` could be either the escape `%4` or an encoded 'A'; here a percent sign and two hexadecimal digits are
always an encoded byte. So `%d&` is an escape, and `%d1` is the byte 0xD1: who wants the number before a digit writes
`%d` last, or something between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus

from smsgwd.dialects.kannel_statuses import text_of
from smsgwd.model.callbacks import Callback
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.receipt_text import CANONICAL_TEXT, CANONICAL_WORDS, stamp_of_minute

#: What %d says of a receipt (Kannel user guide, 'Delivery Reports').
DELIVERED: Final = 1
FAILED: Final = 2
BUFFERED: Final = 4
ACCEPTED: Final = 8
REJECTED: Final = 16

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})(.?)", re.DOTALL)
_HEX_NEXT = re.compile(r"[0-9A-Fa-f]{2}")
_TEXT_LETTERS: Final = frozenset("abkrsS")  # what is made of the text that %A is
_LETTERS: Final = frozenset("AaBbCcDdFfIikMmnOoPpQqRrSsTtu")
_NO_ERROR: Final = b"000"
_WORD = re.compile(r"[A-Z]{2,16}")
_CODE = re.compile(r"[0-9A-Za-z]{1,10}")
_BUFFERED: Final = CANONICAL_WORDS[MessageState.ENROUTE].encode()
_STATS: Final = {
    State.DELIVERED: CANONICAL_WORDS[MessageState.DELIVERED].encode(),
    State.UNDELIVERED: CANONICAL_WORDS[MessageState.UNDELIVERABLE].encode(),
    State.EXPIRED: CANONICAL_WORDS[MessageState.EXPIRED].encode(),
    State.REJECTED: CANONICAL_WORDS[MessageState.REJECTED].encode(),
    State.CANCELLED: CANONICAL_WORDS[MessageState.DELETED].encode(),
    State.UNKNOWN: CANONICAL_WORDS[MessageState.UNKNOWN].encode(),
}


def letters(url: str) -> frozenset[str]:
    """The letters of the escapes in a URL; `%%` is none."""
    if "%" not in url:
        return frozenset()
    return frozenset(found for found in _ESCAPE.findall(url) if found in _LETTERS and found)


def has_escapes(url: str) -> bool:
    """True when a URL says itself where a receipt's values go."""
    return bool(letters(url))


def fill(url: str, values: Mapping[str, str | bytes]) -> str:
    """The URL with its escapes replaced by values, percent-encoded; a letter without a value becomes nothing.

    `%k`, `%s`, `%S`, `%r`, `%a` and `%b` are words of the text that `%A` is: the first word, the next one that has not
    been used (`%S`: '~' for '*'), those that are left, all of them, and the text as it is. What is no escape stays, as
    far as it can stand in a URL. The result is a URL where `url` without its escapes is one.
    """
    if "%" not in url:
        return url
    words: list[str] | None = None
    at = 1  # the word that %s gives next; the first one is the keyword

    def replaced(match: re.Match[str]) -> str:
        nonlocal words, at
        letter = match[1]
        if letter == "%":
            return "%" if _HEX_NEXT.match(url, match.end()) else "%25"
        if letter in _TEXT_LETTERS and letter:
            if words is None:
                text = values.get("A", "")
                words = (text if isinstance(text, str) else text.decode("utf-8", "replace")).split()
            if letter == "b":
                return quote_plus(values.get("A", ""))
            if letter == "a":
                return quote_plus(" ".join(words))
            if letter == "k":
                return quote_plus(words[0]) if words else ""
            if letter == "r":
                return quote_plus(" ".join(words[at:]))
            if at >= len(words):
                return ""
            word = words[at]
            at += 1
            return quote_plus(word if letter == "s" else word.replace("*", "~"))
        if letter in _LETTERS and letter:
            value = values.get(letter, "")
            return value if letter == "t" and isinstance(value, str) else quote_plus(value)
        return "%25" + letter

    return _ESCAPE.sub(replaced, url)


def outcome(item: OutboxItem) -> int:
    """Kannel's number for what a push tells (%d).

    What an SMSC never took is 16, whatever ended it; what it took and did not deliver is 2.
    """
    if item.type == SENT:
        return ACCEPTED
    if item.type == INTERMEDIATE:
        return BUFFERED
    if item.state is State.DELIVERED:
        return DELIVERED
    return FAILED if item.smsc_id is not None or item.state is State.UNKNOWN else REJECTED


def escape_values(item: OutboxItem, callback: Callback) -> dict[str, str | bytes]:
    """The value of each escape for a push: of the item, and of single letters in `callback.fields`.

    Times are UTC, as Kannel's are; `%t` is encoded already, with Kannel's '+' between date and time. `%p` is the
    recipient (who the receipt comes from) and `%P` the sender. `%u` in the fields is Latin-1, an octet a character.
    """
    number = outcome(item)
    at = item.created_at if item.done_at is None else item.done_at
    values: dict[str, str | bytes] = {
        "d": str(number),
        "A": smsc_text(item, number),
        "I": str(item.message_id),
        "F": item.smsc_id or "",
        "i": item.connector,
        "p": item.dest,
        "P": item.source,
        "q": _with_plus(item.dest),
        "Q": _with_plus(item.source),
        "t": _time(at // 1000),
        "T": str(at // 1000),
        "R": item.url,
    }
    for name, value in callback.fields.items():
        if len(name) == 1:
            values[name] = value.encode("latin-1", "replace") if name == "u" else value
    return values


def smsc_text(item: OutboxItem, number: int) -> str:
    """What the SMSC said (%A): for 8 and 16 its answer to the submission, else its receipt, rebuilt."""
    if number == ACCEPTED:
        return "ACK/"
    error = item.error
    if number == REJECTED:
        if error is None:
            return "NACK/"
        if error.smpp_status is None:
            return f"NACK/{error.code}"
        return f"NACK/0x{error.smpp_status:08x}/{text_of(error.smpp_status)}"
    at = item.created_at if item.done_at is None else item.done_at
    submitted, done = stamp_of_minute(item.submitted_at // 60_000), stamp_of_minute(at // 60_000)
    stat, code = (_BUFFERED, _NO_ERROR) if number == BUFFERED else _ending(item)
    dlvrd = 1 if number == DELIVERED else 0
    name = (item.smsc_id or str(item.message_id)).encode("ascii", "replace")
    return (CANONICAL_TEXT % (name, 1, dlvrd, submitted, done, stat, code, b"")).decode("ascii")


def _ending(item: OutboxItem) -> tuple[bytes, bytes]:
    """stat and err of a final receipt: the SMSC's own where it gave some ('UNDELIV 069')."""
    stat = _STATS.get(item.state, _BUFFERED)
    error = item.error
    if error is None:
        return stat, _NO_ERROR
    if error.smpp_status is not None:
        return stat, b"%03d" % error.smpp_status
    word, _, code = error.detail.partition(" ")
    if _WORD.fullmatch(word) is None or _CODE.fullmatch(code) is None:
        return stat, _NO_ERROR
    return word.encode(), code.encode().rjust(3, b"0")


@lru_cache(maxsize=1024)
def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d+%H:%M:%S")


def _with_plus(number: str) -> str:
    return "+" + number[2:] if number.startswith("00") else number
