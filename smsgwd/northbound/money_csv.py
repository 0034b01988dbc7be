"""Statements as CSV (RFC 4180): UTF-8, comma, a header line; decimal strings and RFC 3339 times.

A spreadsheet runs a cell that begins with = + - or @ as a formula: texts that people wrote get an apostrophe in front
of such a beginning. Amounts do not: a minus before digits is a number and nothing else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from smsgwd.model.ledger import LedgerEntry
from smsgwd.model.money import format_money
from smsgwd.model.spreadsheet import guarded
from smsgwd.timespec.rfc3339 import format_epoch_ms

COLUMNS: Final = (
    "id", "at", "kind", "amount", "reserved", "balance", "currency", "messages", "parts", "message_id", "reference",
    "note",
)  # fmt: skip


def header_line() -> str:
    """The first line."""
    return ",".join(COLUMNS) + "\r\n"


def entry_lines(entries: Iterable[LedgerEntry], currency: str) -> str:
    """A line an entry."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for entry in entries:
        writer.writerow(
            (
                entry.id,
                format_epoch_ms(entry.at),
                entry.kind.public,
                format_money(entry.amount),
                format_money(entry.reserved),
                format_money(entry.balance),
                currency,
                entry.messages,
                entry.parts,
                "" if entry.message_id is None else entry.message_id,
                guarded(entry.reference or ""),
                guarded(entry.note),
            )
        )
    return out.getvalue()
