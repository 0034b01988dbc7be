"""The text of receipts (SMPP 3.4 appendix B is only an example, and SMSCs vary it): read tolerantly, write strictly.

Read: keys in any order and case, '_' for ' ' in date keys, any separator, fields missing or unknown, dates of 10, 12 or
14 digits or ISO 8601, zeros for no date, long stat words, hex or decimal err. The first occurrence of a key wins and
nothing behind `text:` overrides what came before it, since that is the subscriber's own message.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.errors import EncodeError

# Stat words -> state. Words that vendors disagree on take per-SMSC overrides in receipt.parse_receipt.
STAT_WORDS: Final[dict[str, MessageState]] = {
    "SCHEDULED": MessageState.SCHEDULED,
    "SCHEDLD": MessageState.SCHEDULED,
    "ENROUTE": MessageState.ENROUTE,
    "BUFFERED": MessageState.ENROUTE,
    "BUFFRED": MessageState.ENROUTE,
    "BUFFERD": MessageState.ENROUTE,
    "ACKED": MessageState.ENROUTE,
    "DELIVRD": MessageState.DELIVERED,
    "DELIVERD": MessageState.DELIVERED,
    "DELIVERED": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.DELETED,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "UNDELIVERABLE": MessageState.UNDELIVERABLE,
    "UNDELIVERED": MessageState.UNDELIVERABLE,
    "FAILED": MessageState.UNDELIVERABLE,
    "ACCEPTD": MessageState.ACCEPTED,
    "ACCEPTED": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.UNKNOWN,
    "REJECTD": MessageState.REJECTED,
    "REJECTED": MessageState.REJECTED,
    "SKIPPED": MessageState.SKIPPED,
}

# State -> the word we write, seven letters each (appendix B); 3.4 has no word for SCHEDULED.
CANONICAL_WORDS: Final[dict[MessageState, str]] = {
    MessageState.SCHEDULED: "ENROUTE",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}

CANONICAL_TEXT: Final = b"id:%b sub:%03d dlvrd:%03d submit date:%b done date:%b stat:%b err:%b text:%b"
"""id, sub, dlvrd, dates as YYMMDDhhmm, stat, err, text: for `%`, with values the caller has checked."""

_SCAN_MAX: Final = 2048  # octets of a text that are looked at; a receipt is far shorter


@dataclass(slots=True)
class ReceiptText:
    """The fields found, '' where absent; `stat` in upper case; dates as written."""

    message_id: str = ""
    sub: str = ""
    dlvrd: str = ""
    submit_date: str = ""
    done_date: str = ""
    stat: str = ""
    err: str = ""
    text: str = ""


_CANONICAL = re.compile(
    r"id:([^\s:]{1,64}) sub:([0-9]+) dlvrd:([0-9]+) submit date:([0-9]{10,14}) done date:([0-9]{10,14})"
    r" stat:([A-Za-z]{2,16}) err:([0-9A-Za-z]{1,10})(?: [Tt]ext:(.*))?",
    re.DOTALL,  # no IGNORECASE: it costs more than all the rest, and other spellings are _scan's
)
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(id|sub|dlvrd|submit[ _-]?date|done[ _-]?date|stat(?:us)?|err(?:or)?|text) *[:=] *", re.IGNORECASE
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"|[0-9]{1,20}"
)
_ID = re.compile(r"[!-~]{1,64}")
_ERROR = re.compile(r"[0-9A-Za-z]{1,3}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_FIELDS: Final = {
    "id": ("message_id", re.compile(r"[^\s,;\0]{1,255}")),
    "sub": ("sub", _NUMBER),
    "dlvrd": ("dlvrd", _NUMBER),
    "submitdate": ("submit_date", _DATE),
    "donedate": ("done_date", _DATE),
    "stat": ("stat", re.compile(r"[A-Za-z_]{2,16}|[0-9](?![0-9A-Za-z])")),
    "status": ("stat", re.compile(r"[A-Za-z_]{2,16}|[0-9](?![0-9A-Za-z])")),
    "err": ("err", re.compile(r"-?[0-9A-Za-z]{1,16}")),
    "error": ("err", re.compile(r"-?[0-9A-Za-z]{1,16}")),
}


def parse_text(body: bytes, data_coding: int = 0) -> ReceiptText | None:
    """Read a receipt's text; None when it has neither an id nor a stat. Never raises.

    `data_coding` 8 is read as UTF-16BE when the octets look like it; all else octet by octet (Latin-1), so that the
    id survives whatever it is.
    """
    if data_coding == 8 and b"\0" in body[:8]:
        text = body[:_SCAN_MAX].decode("utf-16-be", "replace")
    else:
        text = body[:_SCAN_MAX].decode("latin-1")
    canonical = _CANONICAL.fullmatch(text)
    if canonical:
        message_id, sub, dlvrd, submit_date, done_date, stat, err, tail = canonical.groups()
        return ReceiptText(message_id, sub, dlvrd, submit_date, done_date, stat.upper(), err, tail or "")
    return _scan(text)


def _scan(text: str) -> ReceiptText | None:
    found: dict[str, str] = {}
    at = 0
    text_from = -1
    while key := _KEY.search(text, at):
        at = key.end()
        name = re.sub("[ _-]", "", key[1].lower())
        if name == "text":
            if text_from < 0:
                text_from = at
                if "message_id" in found and "stat" in found:
                    found["text"] = text[at:]
                    break
            continue
        field, pattern = _FIELDS[name]
        if field in found:
            continue
        if text_from >= 0 and "text" not in found:
            found["text"] = text[text_from : key.start()].rstrip()
        value = None if _KEY.match(text, at) else pattern.match(text, at)
        found[field] = value[0] if value else ""
        if value:
            at = value.end()
    if text_from >= 0:
        found.setdefault("text", text[text_from:])
    if not found.get("message_id") and not found.get("stat"):
        return None
    found["stat"] = found.get("stat", "").upper()
    return ReceiptText(**found)


def looks_like_receipt(body: bytes) -> bool:
    """Is this a whole receipt text (id, stat and a date), so that an unmarked PDU may be taken for a receipt?"""
    if b":" not in body[:64]:
        return False
    found = parse_text(body)
    return found is not None and bool(found.message_id and found.stat and (found.done_date or found.submit_date))


@lru_cache(4096)  # receipts of one minute carry the same dates
def parse_date(value: str) -> datetime | None:
    """Read a receipt's date; None when absent, all zeros or not a date.

    Digits: YYMMDDhhmm, YYMMDDhhmmss (or YYYYMMDDhhmm where only that is a date), YYYYMMDDhhmmss. The result has no
    zone, unless ISO 8601 gave one: SMSCs write their local time and the caller knows whose.
    """
    if not value or not value.strip("0"):
        return None
    if not (value.isascii() and value.isdigit()):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    size = len(value)
    if size == 14:
        return _date(int(value[:4]), value[4:])
    if size == 12:
        return _date(2000 + int(value[:2]), value[2:]) or _date(int(value[:4]), value[4:])
    return _date(2000 + int(value[:2]), value[2:]) if size == 10 else None


def _date(year: int, rest: str) -> datetime | None:
    """`rest` is MMDDhhmm[ss]; None when that is no date (strptime would take five times as long)."""
    try:
        return datetime(year, int(rest[:2]), int(rest[2:4]), int(rest[4:6]), int(rest[6:8]), int(rest[8:] or 0))
    except ValueError:
        return None


def _stamp(date: datetime) -> bytes:
    return b"%02d%02d%02d%02d%02d" % (date.year % 100, date.month, date.day, date.hour, date.minute)


@lru_cache(4096)
def stamp_of_minute(minutes: int) -> bytes:
    """YYMMDDhhmm of minutes since 1970, UTC; kept, since receipts of one minute share it."""
    return _stamp(datetime.fromtimestamp(minutes * 60, UTC))


def compose_text(
    message_id: str,
    state: MessageState,
    submit_date: datetime,
    done_date: datetime,
    error: str = "000",
    text: bytes = b"",
    sub: int = 1,
    dlvrd: int | None = None,
) -> bytes:
    """Write the canonical text of SMPP 3.4 appendix B; `text` is cut to 20 octets, the dates are written as given.

    `dlvrd` is `sub` for a delivered message and 0 otherwise, unless given. Raises EncodeError for an id that is not 1
    to 64 printable ASCII characters without a space, or an error that is not 1 to 3 ASCII letters or digits.
    """
    if not _ID.fullmatch(message_id):
        raise EncodeError("id", "needs 1 to 64 printable ASCII characters without a space")
    if not _ERROR.fullmatch(error):
        raise EncodeError("err", "needs 1 to 3 letters or digits")
    if dlvrd is None:
        dlvrd = sub if state is MessageState.DELIVERED else 0
    if not 0 <= sub <= 999 or not 0 <= dlvrd <= 999:
        raise EncodeError("sub", "sub and dlvrd are 0 to 999")
    return CANONICAL_TEXT % (
        message_id.encode("ascii"),
        sub,
        dlvrd,
        _stamp(submit_date),
        _stamp(done_date),
        CANONICAL_WORDS[state].encode("ascii"),
        error.encode("ascii").rjust(3, b"0"),
        text[:20],
    )
