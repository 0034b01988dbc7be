"""The lines of call detail records: docs/cdr.md describes every field, and is made from `FIELDS`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from smsgwd.model.money import format_money
from smsgwd.model.spreadsheet import guarded
from smsgwd.ports.store import FinalRecord
from smsgwd.telemetry.logs import without_controls
from smsgwd.telemetry.redact import mask_number
from smsgwd.timespec import format_epoch_ms

#: Name and meaning, in the order of the columns. New ones are added at the end.
FIELDS: Final = (
    ("id", "The message's id, as its tenant knows it. Each message has one line."),
    ("submission", "The id of the request it came with."),
    ("tenant", "Whose message it is."),
    ("account", "system_id of the SMPP account it came by; empty for HTTP."),
    ("client_ref", "The tenant's own reference."),
    ("from", "The sender as the tenant wrote it."),
    ("to", "The recipient's number, digits."),
    ("network", "mcc and mnc of the recipient's network, where it is known."),
    ("connector", "The connector it was sent by, or waited for last."),
    ("smsc_id", "The carrier's id of it (of the last part, where there are several)."),
    ("encoding", "gsm, latin1, ucs2 or binary."),
    ("parts", "How many parts it has."),
    ("state", "How it ended: delivered, undelivered, expired, rejected, cancelled or unknown."),
    ("error", "The code of why, empty when delivered."),
    ("submitted_at", "When it was taken (RFC 3339, UTC)."),
    ("sent_at", "When the carrier had all of it; empty when it never had."),
    ("done_at", "When it ended, by the carrier's receipt where that says so."),
    ("price", "Its price, of all parts."),
    ("charged", "What its tenant paid for it: the price, or 0 where it was given back."),
    ("attempts", "Attempts that failed before the last one."),
)
NAMES: Final = tuple(name for name, _ in FIELDS)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: In a line of cells as they are: what is quoted, is no character for a line, or begins a cell that is `guarded`.
_ODD: Final = re.compile("[\"\x00-\x1f\x7f-\x9f\u2028\u2029]|(?:^|,)\\s*[=+\\-@|%'\uff1d\uff0b\uff0d\uff20]")
_COMMAS: Final = len(NAMES) - 1


class Lines:
    """Renders records as `csv` or `json`. Pure, but for a cache: a thread may use it."""

    def __init__(self, kind: str, *, show_numbers: bool) -> None:
        self._json = kind == "json"
        self._show_numbers = show_numbers

    @property
    def head(self) -> bytes:
        """The first line of a file; empty where it has none."""
        return b"" if self._json else ",".join(NAMES).encode()

    def line(self, record: FinalRecord, network: str) -> bytes:
        """One record, without the end of its line; `network` is mcc and mnc of its recipient, '' where not known."""
        values = self._values(record, network)
        if self._json:
            return without_controls(msgspec.json.encode(dict(zip(NAMES, values, strict=True))))
        cells = [value if type(value) is str else str(value) for value in values]
        line = ",".join(cells)
        if _ODD.search(line) is None and line.count(",") == _COMMAS:  # nearly always
            return line.encode("utf-8", "backslashreplace")
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(_cell(cell) for cell in cells)
        return text.getvalue().encode("utf-8", "backslashreplace")

    def id_of(self, line: bytes) -> int | None:
        """The id of the message that a line is about; None for a line that is none of ours."""
        try:
            written = msgspec.json.decode(line, type=dict[str, Any]).get("id") if self._json else line.split(b",")[0]
            return int(written or "")
        except (ValueError, TypeError, msgspec.DecodeError):
            return None

    def _values(self, record: FinalRecord, network: str) -> Sequence[Any]:
        view = record.view
        message = view.message
        source, msisdn = message.source, message.msisdn
        if not self._show_numbers:
            source, msisdn = mask_number(source), mask_number(msisdn)
        sent_at, done_at = view.sent_at, view.done_at
        return (
            str(message.id),
            str(message.submission),
            message.tenant,
            message.account or "",
            message.client_ref or "",
            source,
            msisdn,
            network,
            message.connector,
            view.smsc_id or "",
            message.coding.public,
            message.parts,
            message.state.public,
            "" if view.error is None else view.error.code,
            _time(message.submitted_at),
            "" if sent_at is None else _time(sent_at),
            "" if done_at is None else _time(done_at),
            format_money(message.price),
            format_money(record.charged),
            message.attempts,
        )


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)  # records end in the order of time, many in a second
def _second(seconds: int) -> str:
    return format_epoch_ms(1000 * seconds).removesuffix("Z").partition(".")[0]


def _cell(text: str) -> str:
    """A cell: line breaks would make two lines of one, and a terminal obeys other control characters."""
    return guarded(_CONTROL.sub(" ", text))


def markdown() -> str:
    """The table of docs/cdr.md."""
    rows = [f"| `{name}` | {text} |" for name, text in FIELDS]
    return "\n".join(["| field | meaning |", "|---|---|", *rows])
